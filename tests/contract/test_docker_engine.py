"""What only the real engine can show: limits that hold, logs as Docker keeps them, pulls, losses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import socket
import tarfile
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.contract import busybox

from demitasse.clock import SystemClock
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.containers.errors import (
    AddressInUse,
    CannotStart,
    NameConflict,
    PullNotFound,
    PullUnauthorised,
    RegistryUnreachable,
)
from demitasse.engines.containers.observation import Event, LogLine, PullProgress, Resync
from demitasse.engines.containers.spec import (
    Bind,
    ContainerSpec,
    LogOptions,
    NetworkSpec,
    OwnAddress,
    PublishedPort,
    RegistryAuth,
    Tmpfs,
    Ulimit,
    VolumeSpec,
)
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("busybox_image")]

INSTALLATION = f"docker-{os.getpid()}"
RANGE = f"10.214.{os.getpid() % 250}"
IMAGE = busybox.NAME
SOCKET = "/var/run/docker.sock"

Scenario = Callable[[DockerEngine], Awaitable[None]]


def spec(name: str, script: str, **more: Any) -> ContainerSpec:
    more = {"stop_timeout": 1, **more}
    return ContainerSpec(
        name=f"{INSTALLATION}-{name}", image=IMAGE, entrypoint=("sh", "-c", script), **more
    )


async def empty(engine: DockerEngine) -> None:
    for container in await engine.list():
        await engine.remove(container.id, force=True)
    for network in await engine.networks():
        await engine.remove_network(network.name)
    for volume in await engine.volumes():
        await engine.remove_volume(volume.name)


def play(scenario: Scenario) -> None:
    async def one() -> None:
        engine = DockerEngine(INSTALLATION, SystemClock())
        try:
            async with asyncio.timeout(90):
                await scenario(engine)
        finally:
            await empty(engine)
            await engine.close()

    asyncio.run(one())


def mtu(interface: str) -> int:
    return int(Path(f"/sys/class/net/{interface}/mtu").read_text())


async def read(lines: AsyncGenerator[LogLine, None]) -> list[LogLine]:
    async with aclosing(lines):
        return [line async for line in lines]


# ── What a container may ──────────────────────────────────────────────────────────────────────


def test_limits_hold(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("given\n")
    tmp_path.chmod(0o755)
    script = """
        cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max
        cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 /sys/fs/cgroup/cpu.max
        ulimit -n
        grep NoNewPrivs /proc/self/status
        grep CapEff /proc/self/status
        touch /root-is-read-only 2>/dev/null || echo read-only
        touch /scratch/a && echo scratch
        cat /given/note
        id -u; pwd; hostname; echo "$COLOUR"
        grep friend /etc/hosts
    """

    async def scenario(engine: DockerEngine) -> None:
        result = await engine.run(
            spec(
                "a",
                script,
                cpu=0.25,
                memory_bytes=48 * 1024 * 1024,
                ulimits=(Ulimit("nofile", 321, 654),),
                cap_drop=("ALL",),
                read_only_root=True,
                mounts=(
                    Tmpfs("/scratch", size_bytes=1024 * 1024, mode=0o1777),
                    Bind(str(tmp_path), "/given", read_only=True),
                ),
                user="1234",
                workdir="/usr",
                hostname="cup",
                environment={"COLOUR": "red"},
                extra_hosts={"friend": "10.9.8.7"},
            )
        )
        assert result.stdout.decode().split("\n")[:-1] == [
            str(48 * 1024 * 1024),
            "25000",
            "321",
            "NoNewPrivs:\t1",
            "CapEff:\t0000000000000000",
            "read-only",
            "scratch",
            "given",
            "1234",
            "/usr",
            "cup",
            "red",
            "10.9.8.7\tfriend",
        ]

    play(scenario)


def test_too_much_memory_is_told() -> None:
    async def scenario(engine: DockerEngine) -> None:
        eats = "dd if=/dev/zero of=/dev/null bs=200M count=1"
        result = await engine.run(spec("a", eats, memory_bytes=32 * 1024 * 1024))
        assert (result.exit_code, result.oom_killed) == (137, True)

    play(scenario)


def test_a_published_port_is_reached_and_taken_once() -> None:
    async def scenario(engine: DockerEngine) -> None:
        network = await engine.ensure_network(
            NetworkSpec(
                name=f"{INSTALLATION}-n", cidr=f"{RANGE}.0/28", bridge="dmt-test0", mtu=1400
            )
        )
        assert network.bridge == "dmt-test0"
        ports = (PublishedPort(8000, 0),)
        serve = "exec httpd -f -p 8000"
        first = await engine.create(spec("a", serve, network=OwnAddress(network.name), ports=ports))
        await engine.start(first)
        seen = await engine.inspect(first)
        for _ in range(100):
            with suppress(OSError):
                _, writer = await asyncio.open_connection(seen.addresses[network.name], 8000)
                port = writer.get_extra_info("peername")[1]
                writer.close()
                break
            await asyncio.sleep(0.05)
        assert port == 8000
        assert mtu("dmt-test0") == 1400
        listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        taken = listener.sockets[0].getsockname()[1]
        second = await engine.create(
            spec(
                "b",
                serve,
                network=OwnAddress(network.name),
                ports=(PublishedPort(8000, taken),),
            )
        )
        with pytest.raises(AddressInUse):
            await engine.start(second)
        listener.close()

    play(scenario)


def test_a_program_that_is_not_there_cannot_start() -> None:
    async def scenario(engine: DockerEngine) -> None:
        wrong = ContainerSpec(name=f"{INSTALLATION}-a", image=IMAGE, entrypoint=("/no/program",))
        made = await engine.create(wrong)
        with pytest.raises(CannotStart, match="/no/program"):
            await engine.start(made)
        seen = await engine.inspect(made)
        assert (seen.state, seen.exit_code) == ("created", 127)
        assert "/no/program" in seen.error

    play(scenario)


def test_a_failed_health_check_shows_its_words() -> None:
    async def scenario(engine: DockerEngine) -> None:
        from demitasse.engines.containers.spec import HealthCheck

        check = HealthCheck(("CMD-SHELL", "echo cold; false"), interval=0.2, timeout=5, retries=1)
        async with aclosing(engine.events()) as events:
            await anext(events)
            made = await engine.create(spec("a", "exec sleep 60", health_check=check))
            await engine.start(made)
            assert (await engine.inspect(made)).health == "starting"
            async for event in events:
                if isinstance(event, Event) and event.health == "unhealthy":
                    break
        seen = await engine.inspect(made)
        assert (seen.health, seen.health_log) == ("unhealthy", "cold\n")
        assert (await engine.list())[0].health == "unhealthy"

    play(scenario)


def test_docker_s_own_refusals_are_kept() -> None:
    async def scenario(engine: DockerEngine) -> None:
        with pytest.raises(EngineError, match="Minimum memory limit"):
            await engine.create(spec("a", "true", memory_bytes=1000))
        with pytest.raises(EngineError, match="/no/folder"):
            await engine.create(spec("a", "true", mounts=(Bind("/no/folder", "/x"),)))

    play(scenario)


# ── Whose it is ───────────────────────────────────────────────────────────────────────────────


def test_another_installation_s_things_are_neither_seen_nor_touched() -> None:
    async def scenario(engine: DockerEngine) -> None:
        other = DockerEngine(f"{INSTALLATION}-other", SystemClock())
        try:
            theirs = spec("theirs", "exec sleep 60")
            made = await other.create(theirs)
            await other.start(made)
            network = NetworkSpec(name=f"{INSTALLATION}-theirs", cidr=f"{RANGE}.128/28")
            volume = VolumeSpec(name=f"{INSTALLATION}-theirs")
            await other.ensure_network(network)
            await other.ensure_volume(volume)

            assert await engine.list() == ()
            assert await engine.networks() == ()
            assert await engine.volumes() == ()
            for ask in (engine.inspect, engine.start, engine.stop, engine.kill):
                with pytest.raises(NotFoundInEngine):
                    await ask(theirs.name)
            for make in (
                engine.create(theirs),
                engine.run(theirs),
                engine.ensure_network(network),
                engine.ensure_volume(volume),
            ):
                with pytest.raises(NameConflict, match="theirs"):
                    await make
            await engine.remove(theirs.name, force=True)
            await engine.remove_network(network.name)
            await engine.remove_volume(volume.name)

            assert (await other.inspect(made)).running
            assert len(await other.networks()) == 1
            assert len(await other.volumes()) == 1
        finally:
            await empty(other)
            await other.close()

    play(scenario)


# ── Logs ──────────────────────────────────────────────────────────────────────────────────────


def test_long_lines_are_whole() -> None:
    script = """
        letters() { head -c "$1" /dev/zero | tr '\\0' "$2"; }
        { letters 50000 a; echo; letters 16384 b; echo; letters 16383 c; echo; echo
          printf end; } > /tmp/text
        cat /tmp/text
    """

    async def scenario(engine: DockerEngine) -> None:
        for name, terminal in (("plain", False), ("terminal", True)):
            made = await engine.create(spec(name, script, tty=terminal))
            await engine.start(made)
            followed = await read(engine.logs(made, follow=True))
            assert [line.text for line in followed] == [
                b"a" * 50_000,
                b"b" * 16_384,
                b"c" * 16_383,
                b"",
                b"end",
            ]
            assert await read(engine.logs(made)) == followed

    play(scenario)


def test_a_followed_log_survives_its_rotation() -> None:
    script = """
        i=0
        while [ $i -lt 1000 ]; do echo "line $i of a log"; i=$((i+1)); usleep 1000; done
        sleep 0.5
        echo "line 1000 is the last"
    """

    async def scenario(engine: DockerEngine) -> None:
        options = LogOptions(max_size_bytes=20_000, max_files=3)
        made = await engine.create(spec("a", script, log=options))
        await engine.start(made)
        lines = await read(engine.logs(made, follow=True))
        numbers = [int(line.text.split()[1]) for line in lines]
        # In order, none twice, to the end. That none is missing cannot be asked of Docker 20.10
        # on a busy machine: a follower may find a file gone that it had not read to its end.
        assert numbers == sorted(set(numbers))
        assert (numbers[0], numbers[-1]) == (0, 1000)
        kept = await read(engine.logs(made))
        assert 0 < len(kept) < 1000
        assert kept[-1] == lines[-1]

    play(scenario)


# ── Commands ──────────────────────────────────────────────────────────────────────────────────


def test_a_command_answers_in_full() -> None:
    async def scenario(engine: DockerEngine) -> None:
        made = await engine.create(spec("a", "exec sleep 60"))
        await engine.start(made)
        script = 'echo "$COLOUR"; id -u; pwd; echo wrong >&2; exit 7'
        result = await engine.exec(
            made,
            ["sh", "-c", script],
            environment={"COLOUR": "blue"},
            user="1000",
            workdir="/usr",
        )
        assert (result.exit_code, result.stdout, result.stderr) == (
            7,
            b"blue\n1000\n/usr\n",
            b"wrong\n",
        )
        much = await engine.exec(made, ["head", "-c", "3000000", "/dev/zero"])
        assert len(much.stdout) == 3_000_000
        assert (await engine.exec(made, ["/no/program"])).exit_code in (126, 127)
        with pytest.raises(TimeoutError):
            await engine.exec(made, ["sleep", "5"], timeout=0.3)

    play(scenario)


# ── Pulling ───────────────────────────────────────────────────────────────────────────────────


class Registry(BaseHTTPRequestHandler):
    """Holds one image under ``cup``, wants the password if it has one."""

    blobs: dict[str, tuple[str, bytes]] = {}  # noqa: RUF012 - filled once, below
    password = ""

    def do_GET(self) -> None:
        _, _, path = self.path.partition("/v2/")
        wanted = f"Basic {base64.b64encode(f'AWS:{self.password}'.encode()).decode()}"
        if self.password and self.headers.get("Authorization") != wanted:
            self._refuse(401, "UNAUTHORIZED", "authentication required")
        elif not path:
            self._answer(200, "application/json", b"{}")
        elif path.startswith("denied/"):
            self._refuse(403, "DENIED", "requested access to the resource is denied")
        elif path.startswith("nowhere/"):
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        elif (key := path.rpartition("/")[2]) in self.blobs:
            self._answer(200, *self.blobs[key])
        else:
            self._refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")

    do_HEAD = do_GET  # noqa: N815 - the server asks for it by this name

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, "application/json", body)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="cups"')
        if status == 200:
            digest = hashlib.sha256(body).hexdigest()
            self.send_header("Docker-Content-Digest", f"sha256:{digest}")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def tiny_image() -> dict[str, tuple[str, bytes]]:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("cup"))
    content = layer.getvalue()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Labels": {"colour": "white", "installation": INSTALLATION},
                "ExposedPorts": {"8080/tcp": {}},
                "User": "cup",
                "Cmd": ["/cup"],
            },
            "rootfs": {"type": "layers", "diff_ids": [sha(content)]},
        }
    ).encode()
    kinds = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": kinds,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(config),
                "digest": sha(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
                    "size": len(content),
                    "digest": sha(content),
                }
            ],
        }
    ).encode()
    octets = "application/octet-stream"
    return {
        "latest": (kinds, manifest),
        sha(manifest): (kinds, manifest),
        sha(config): (octets, config),
        sha(content): (octets, content),
    }


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def registry(password: str = "") -> Iterator[str]:
    Registry.blobs = tiny_image()
    Registry.password = password
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_image_is_pulled_by_tag_and_by_digest() -> None:
    async def scenario(engine: DockerEngine) -> None:
        with registry() as host:
            told: list[PullProgress] = []
            digest = sha(Registry.blobs["latest"][1])
            try:
                info = await engine.pull(f"{host}/cup", progress=told.append)
                assert info.tags == (f"{host}/cup:latest",)
                assert info.digest_in(f"{host}/cup") == digest
                assert info.labels["colour"] == "white"
                assert (info.user, info.command) == ("cup", ("/cup",))
                assert info.exposed_ports == ("8080/tcp",)
                assert any("Pulling from cup" in each.status for each in told)
                assert (await engine.pull(f"{host}/cup@{digest}")).id == info.id
            finally:
                await engine.remove_image(info.id, force=True)
            assert await engine.image(info.id) is None

    play(scenario)


def test_what_cannot_be_pulled_says_why() -> None:
    async def scenario(engine: DockerEngine) -> None:
        retried = "pull image manifest has been retried 1 time(s): failed to resolve ref "
        denied = "pull access denied, repository does not exist or may require authorization: "
        with registry() as host:
            for name in ("cup:2", "nowhere/cup:latest"):
                ref = f"{host}/{name}"
                with pytest.raises(PullNotFound) as absent:
                    await engine.pull(ref)
                assert str(absent.value) == f"{retried}{ref}: {ref}: not found"
            with pytest.raises(PullUnauthorised) as refused:
                await engine.pull(f"{host}/denied/cup")
            assert str(refused.value).startswith(f"{retried}{host}/denied/cup:latest: {denied}")
        with pytest.raises(RegistryUnreachable) as gone:
            await engine.pull(f"{host}/cup")
        assert str(gone.value) == (
            f'{retried}{host}/cup:latest: failed to do request: Head "http://{host}/v2/cup/'
            f'manifests/latest": dial tcp {host}: connect: connection refused'
        )

    play(scenario)


def test_a_registry_with_a_password_wants_it() -> None:
    async def scenario(engine: DockerEngine) -> None:
        with registry(password="open sesame") as host:
            ref = f"{host}/cup:latest"
            for auth in (None, RegistryAuth(host, "AWS", "wrong")):
                with pytest.raises(PullUnauthorised, match=r"may require authorization: "):
                    await engine.pull(ref, auth)
            info = await engine.pull(ref, RegistryAuth(host, "AWS", "open sesame"))
            await engine.remove_image(info.id, force=True)

    play(scenario)


def test_a_registry_that_falls_silent_is_given_up() -> None:
    async def scenario(engine: DockerEngine) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host = f"127.0.0.1:{listener.getsockname()[1]}"
            with pytest.raises(RegistryUnreachable, match="context deadline exceeded"):
                await engine.pull(f"{host}/cup", timeout=0.5)

    play(scenario)


# ── Losing Docker ─────────────────────────────────────────────────────────────────────────────


class Door:
    """A socket that leads to Docker's, until it is shut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._lead, self.path)

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self.path.unlink(missing_ok=True)
        await asyncio.sleep(0)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_unix_connection(SOCKET)
        self._writers |= {writer, away}
        await asyncio.gather(self._pass(reader, away), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def door(tmp_path: Path) -> AsyncGenerator[tuple[Door, DockerEngine], None]:
    way = Door(tmp_path / "docker.sock")
    await way.open()
    engine = DockerEngine(INSTALLATION, SystemClock(), f"unix://{way.path}")
    try:
        yield way, engine
    finally:
        await way.shut()
        await engine.close()


def test_events_come_back_with_docker(tmp_path: Path) -> None:
    async def scenario(direct: DockerEngine) -> None:
        async with door(tmp_path) as (way, engine), aclosing(engine.events()) as events:
            assert await anext(events) == Resync()
            await direct.create(spec("a", "true"))
            event = await anext(events)
            assert isinstance(event, Event)
            assert event.action == "create"
            await way.shut()
            following = asyncio.ensure_future(anext(events))
            with pytest.raises(EngineUnavailable, match=str(way.path)):
                await engine.list()
            await way.open()
            assert await following == Resync()
            assert len(await engine.list()) == 1
            await direct.remove(spec("a", "true").name)
            event = await anext(events)
            assert isinstance(event, Event)
            assert event.action == "destroy"

    play(scenario)


def test_a_lost_follow_goes_on_where_it_was(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.02; done"

    async def scenario(direct: DockerEngine) -> None:
        made = await direct.create(spec("a", script))
        await direct.start(made)
        lines: list[LogLine] = []
        async with door(tmp_path) as (way, engine):
            with pytest.raises(EngineUnavailable, match=str(way.path)):
                async with aclosing(engine.logs(made, follow=True)) as log:
                    async for line in log:
                        lines.append(line)
                        if len(lines) == 10:
                            await way.shut()
            await way.open()
            rest = await read(engine.logs(made, since=lines[-1].time + 1, follow=True))
        numbers = [int(line.text) for line in lines + rest]
        assert numbers == list(range(40))

    play(scenario)


def test_waiting_for_a_container_notices_that_docker_went(tmp_path: Path) -> None:
    async def scenario(direct: DockerEngine) -> None:
        made = await direct.create(spec("a", "exec sleep 60"))
        await direct.start(made)
        async with door(tmp_path) as (way, engine):
            waiting = asyncio.ensure_future(engine.wait(made))
            await asyncio.sleep(0.2)
            await way.shut()
            with pytest.raises(EngineUnavailable):
                await waiting

    play(scenario)


def test_a_docker_that_is_too_old_is_refused(tmp_path: Path) -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"Version": "19.03.1", "ApiVersion": "1.40"}'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_unix_server(old, tmp_path / "docker.sock")
        engine = DockerEngine(INSTALLATION, SystemClock(), f"unix://{tmp_path}/docker.sock")
        with pytest.raises(EngineError, match=r"19\.03\.1 .*too old"):
            await engine.ping()
        await engine.close()
        server.close()

    asyncio.run(scenario())
