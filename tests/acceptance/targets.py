"""HTTP servers to put behind a load balancer, and a client that can choose where it comes from."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHUNK = 65536


class Target(ThreadingHTTPServer):
    """A server that says who it is and what it was asked.

    ``/slow`` takes half a second, ``/hang`` never answers, ``/close`` hangs up, ``/upload`` gives
    the SHA-256 of the body, ``/socket`` upgrades and echoes. ``healthy`` is the status of its
    health check, ``/health``.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name: str, host: str) -> None:
        super().__init__((host, 0), _Handler)
        self.name = name
        self.host = host
        self.port: int = self.server_address[1]
        self.healthy = 200
        self.served = 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def id(self) -> dict[str, Any]:
        """As the API names it: outside of the VPC."""
        return {"Id": self.host, "Port": self.port, "AvailabilityZone": "all"}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is nobody's business."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/health":
            self.answer(b"", self.server.healthy)
            return
        if path == "/hang":
            time.sleep(30)
            return
        if path == "/close":
            self.close_connection = True
            self.connection.shutdown(2)
            return
        if path == "/socket":
            self.echo()
            return
        if path == "/slow":
            time.sleep(0.5)
        self.server.served += 1
        digest = hashlib.sha256()
        size = 0
        for chunk in self.body():
            digest.update(chunk)
            size += len(chunk)
        said = {
            "name": self.server.name,
            "path": self.path,
            "method": self.command,
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "sha256": digest.hexdigest(),
            "size": size,
        }
        self.answer(json.dumps(said).encode(), 200)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server looks for these names

    def answer(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            chunk = self.rfile.read(min(CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk

    def echo(self) -> None:
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while data := self.connection.recv(CHUNK):
            self.connection.sendall(data)


@dataclass
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said


def ask(
    address: str,
    port: int = 80,
    path: str = "/",
    *,
    method: str = "GET",
    source: str | None = None,
    timeout: float = 10,
    body: Any = None,
    chunked: bool = False,
    **headers: str,
) -> Answer:
    """One request on a connection of its own; ``source`` is the address to come from."""
    connection = http.client.HTTPConnection(
        address, port, timeout=timeout, source_address=None if source is None else (source, 0)
    )
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named, encode_chunked=chunked)
        response = connection.getresponse()
        pairs = response.getheaders()
        cookies = [value.partition(";")[0] for name, value in pairs if name.lower() == "set-cookie"]
        return Answer(
            response.status,
            {name.lower(): value for name, value in pairs},
            response.read(),
            {cookie.partition("=")[0]: cookie.partition("=")[2] for cookie in cookies},
        )
    finally:
        connection.close()


@dataclass
class Load:
    """What a load saw: answers by status, failures, and the longest time without an answer."""

    statuses: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.statuses.values()) + len(self.failures)

    @property
    def longest_gap(self) -> float:
        """Seconds between two good answers."""
        moments = sorted(self.moments)
        return max((b - a for a, b in itertools.pairwise(moments)), default=0.0)


@contextmanager
def load(address: str, port: int, path: str = "/", *, connections: int = 16) -> Iterator[Load]:
    """Requests one after the other on kept connections while the block runs."""
    seen = Load()
    stop = threading.Event()
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection(address, port, timeout=10)
        while not stop.is_set():
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
                with lock:
                    seen.statuses[response.status] = seen.statuses.get(response.status, 0) + 1
                    if response.status == 200:
                        seen.moments.append(time.monotonic())
                        name = json.loads(body)["name"]
                        seen.names[name] = seen.names.get(name, 0) + 1
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                with lock:
                    seen.failures.append(repr(error))
                time.sleep(0.01)
        connection.close()

    threads = [threading.Thread(target=client, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=15)
