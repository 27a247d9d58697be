"""What the traffic engine's contract tests stand on: an engine, real or fake, targets, a client.

A real target is a small HTTP server in a thread, on a port of the loopback interface.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import os
import socket
import subprocess
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demitasse.clock import SystemClock
from demitasse.engines.addresses import HostAddresses
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.traffic.engine import HaproxyTraffic
from demitasse.engines.traffic.fake import FakeTraffic
from demitasse.engines.traffic.observation import Observation, State
from demitasse.engines.traffic.protocol import Traffic
from demitasse.engines.traffic.routing import Request
from demitasse.engines.traffic.spec import (
    Action,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Rule,
    Target,
    TargetGroup,
    WeightedGroup,
)
from demitasse.ids import RandomIds

INSTALLATION = f"traffic-{os.getpid()}"
CHECK = HealthCheck(
    path="/health", interval=0.2, timeout=1.0, healthy_threshold=2, unhealthy_threshold=2
)
_numbers = itertools.count(1)


@dataclass
class Answer:
    """What a client got; ``by`` is the port of the target that answered."""

    status: int
    by: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def cookies(self) -> dict[str, str]:
        found = {}
        for key, value in self.headers:
            if key.lower() == "set-cookie":
                name, _, rest = value.partition("=")
                found[name] = rest.partition(";")[0]
        return found

    def echoed(self) -> dict[str, list[str]]:
        """The headers that the target saw (real ones only)."""
        seen: dict[str, list[str]] = {}
        for line in self.body.decode().splitlines():
            key, _, value = line.partition(": ")
            seen.setdefault(key.lower(), []).append(value)
        return seen


class Backend:
    """A target. ``health`` is the status of its health check's answer."""

    def __init__(self) -> None:
        self.health = 200
        self.wait = 0.0
        self.cookie: str | None = None
        self.release = threading.Event()
        self.waiting = threading.Event()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = backend.told(self)
                if body is None:
                    return
                check = self.path == CHECK.path
                self.send_response(backend.health if check else 200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Port", str(backend.port))
                if backend.cookie and not check:
                    self.send_header("Set-Cookie", backend.cookie)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PURGE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that went away is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def target(self) -> Target:
        return Target("127.0.0.1", self.port)

    def told(self, handler: BaseHTTPRequestHandler) -> bytes | None:
        """The answer's body: the request's headers. Some paths do something special."""
        if handler.path == "/hold":
            self.waiting.set()
            self.release.wait(10)
        if handler.path == "/reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            handler.connection.close()
            handler.close_connection = True
            return None
        if handler.path == "/garbage":
            handler.wfile.write(b"this is no HTTP\r\n\r\n")
            handler.close_connection = True
            return None
        if handler.path == "/count":
            return str(len(_body(handler))).encode()
        return str(handler.headers).encode()

    def stop(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


class World:
    """An engine, and what a test does with it."""

    real: bool
    engine: Traffic

    def __init__(self) -> None:
        self.backends: list[Backend] = []
        self.made: set[str] = set()

    def backend(self) -> Backend:
        made = Backend()
        self.backends.append(made)
        return made

    def balancer(self, *groups: TargetGroup, **more: object) -> LoadBalancer:
        """A load balancer with a listener on port 80 that leads to the first group."""
        number = next(_numbers)
        listeners = (Listener(80, Forward((WeightedGroup(groups[0].id),))),) if groups else ()
        spec = LoadBalancer(
            id=f"lb{number}",
            address=f"10.98.{os.getpid() % 250}.{number}",
            listeners=listeners,
            target_groups=groups,
        )
        self.made.add(spec.id)
        return replace(spec, **more)  # type: ignore[arg-type]

    def group(self, name: str, *backends: Backend, **more: object) -> TargetGroup:
        targets = tuple(each.target for each in backends)
        return replace(TargetGroup(name, targets, CHECK), **more)  # type: ignore[arg-type]

    async def get(self, spec: LoadBalancer, path: str = "/", **more: object) -> Answer:
        """One request on a connection of its own."""
        raise NotImplementedError

    async def served(self, spec: LoadBalancer, path: str = "/", times: int = 12) -> set[int | None]:
        """The ports of the targets that answer."""
        return {(await self.get(spec, path)).by for _ in range(times)}

    async def until(self, spec: LoadBalancer, true: Callable[[Observation], bool]) -> Observation:
        """Look until something is seen; fails after five seconds."""
        deadline = time.monotonic() + 5
        while True:
            seen = await self.engine.observe(spec.id)
            if true(seen):
                return seen
            assert time.monotonic() < deadline, f"not seen in time: {seen}"
            await asyncio.sleep(0.02)

    async def healthy(self, spec: LoadBalancer) -> Observation:
        """Wait until every target that is not draining is healthy."""
        await self.engine.apply(spec)
        return await self.until(
            spec,
            lambda seen: all(
                target.state in (State.HEALTHY, State.DRAINING)
                for group in seen.groups
                for target in group.targets
            ),
        )


class FakeWorld(World):
    real = False

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeTraffic()
        self.engine = self.fake

    async def get(self, spec: LoadBalancer, path: str = "/", **more: object) -> Answer:
        for each in self.backends:
            self.fake.health[each.target.address, each.port] = each.health
        headers = more.get("headers", {})
        assert isinstance(headers, dict)
        request = Request(
            path,
            str(more.get("method", "GET")),
            tuple(headers.items()),
            str(more.get("client", spec.address)),
        )
        routed = self.fake.send(spec.id, int(str(more.get("port", 80))), request)
        return Answer(routed.status, routed.target.port if routed.target else None)

    async def until(self, spec: LoadBalancer, true: Callable[[Observation], bool]) -> Observation:
        for each in self.backends:
            self.fake.health[each.target.address, each.port] = each.health
        seen = await self.engine.observe(spec.id)
        assert true(seen), seen
        return seen

    @contextmanager
    def occupied(self, address: str, port: int) -> Iterator[None]:
        self.fake.occupied.add((address, port))
        yield
        self.fake.occupied.clear()


class RealWorld(World):
    real = True

    def __init__(self, folder: Path, containers: DockerEngine) -> None:
        super().__init__()
        self.containers = containers
        self.folder = folder
        self.engine = self.another()

    def another(self) -> HaproxyTraffic:
        """An engine that knows nothing yet, as after a restart of the platform."""
        addresses = HostAddresses(self.containers, RandomIds())
        image = os.environ.get("DEMITASSE_TEST_HAPROXY", "haproxy:3.0")
        return HaproxyTraffic(self.containers, addresses, self.folder, SystemClock(), image=image)

    async def get(self, spec: LoadBalancer, path: str = "/", **more: object) -> Answer:
        return await asyncio.to_thread(request, spec.address, path, **more)

    @contextmanager
    def occupied(self, address: str, port: int) -> Iterator[None]:
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("0.0.0.0", port))
            taken.listen()
            yield

    def container(self, spec: LoadBalancer) -> str:
        return f"demitasse-{INSTALLATION}-load-balancer-{spec.id}"

    def docker(self, *argv: str) -> str:
        done = subprocess.run(["docker", *argv], check=True, capture_output=True, text=True)
        return done.stdout.strip()


def request(
    address: str,
    path: str = "/",
    *,
    port: int = 80,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    client: str | None = None,
    body: object = None,
) -> Answer:
    """One request on a connection of its own, from the address ``client``."""
    source = (client, 0) if client else None
    connection = http.client.HTTPConnection(address, port, timeout=10, source_address=source)
    try:
        connection.request(method, path, body=body, headers=headers or {})  # type: ignore[arg-type]
        got = connection.getresponse()
        by = got.getheader("X-Port")
        return Answer(got.status, int(by) if by else None, got.getheaders(), got.read())
    finally:
        connection.close()


@asynccontextmanager
async def world(kind: str, folder: Path) -> AsyncGenerator[World, None]:
    """A world of this kind; whatever was made in it is gone afterwards."""
    containers = DockerEngine(INSTALLATION, SystemClock())
    made: World = FakeWorld() if kind == "fake" else RealWorld(folder / "traffic", containers)
    try:
        yield made
    finally:
        for each in made.backends:
            each.release.set()
        for each_id in made.made:
            await made.engine.remove(each_id)
        for each in made.backends:
            each.stop()
        await containers.close()


def run(kind: str, folder: Path, scenario: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with world(kind, folder) as made:
            await scenario(made)

    asyncio.run(main())


def run_real(folder: Path, scenario: Callable[[RealWorld], Awaitable[None]]) -> None:
    async def main(made: World) -> None:
        assert isinstance(made, RealWorld)
        await scenario(made)

    run("real", folder, main)


def to(*shares: tuple[str, int], stickiness: float | None = None) -> Forward:
    return Forward(tuple(WeightedGroup(*share) for share in shares), stickiness)


def listening(spec: LoadBalancer, default: Action, *rules: Rule) -> LoadBalancer:
    return replace(spec, listeners=(Listener(80, default, rules),))
