"""A container engine in memory, for tests of what stands on one.

It keeps the contract of ``protocol.ContainerEngine`` (the contract tests run on it as on Docker),
never sleeps but on the clock it is handed, and does nothing by itself: containers run until their
image's ``exit_after`` or until the test says ``exit``.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from demitasse.clock import Clock
from demitasse.engines.containers import references
from demitasse.engines.containers.errors import (
    AddressInUse,
    CannotPull,
    CannotStart,
    EngineError,
    EngineUnavailable,
    ImageMissing,
    InUse,
    NameConflict,
    NetworkOverlap,
    NotFoundInEngine,
    PullNotFound,
)
from demitasse.engines.containers.protocol import Progress
from demitasse.engines.containers.spec import (
    INSTALLATION_LABEL,
    SPEC_LABEL,
    Container,
    ContainerSpec,
    EngineInfo,
    Event,
    ExecResult,
    Health,
    ImageInfo,
    LogLine,
    NamedVolume,
    Network,
    NetworkSpec,
    OwnAddress,
    PullProgress,
    RegistryAuth,
    Resync,
    RunResult,
    SharedWith,
    Stats,
    Stream,
    Volume,
    VolumeSpec,
)
from demitasse.errors import DemitasseError

Exec = Callable[[tuple[str, ...]], ExecResult]


@dataclass(frozen=True, slots=True)
class FakeImage:
    """How containers of an image behave. ``exit_after`` seconds; ``None``: until told."""

    info: ImageInfo
    here: bool
    exit_after: float | None
    exit_code: int
    health: Health
    output: tuple[tuple[Stream, bytes], ...]
    exec: Exec


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made of the engine: the method's name and what it was given."""

    operation: str
    subject: Any
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Box:
    """A container of the fake: what was asked, what is seen, what it wrote."""

    spec: ContainerSpec
    image: FakeImage
    seen: Container
    log: list[LogLine] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.Task[None] | None = None

    def see(self, **what: Any) -> None:
        self.seen = replace(self.seen, **what)
        self.stir()

    def stir(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()


def _answer_nothing(_argv: tuple[str, ...]) -> ExecResult:
    return ExecResult(0, b"", b"")


class FakeEngine:
    """See the module. ``calls`` records what was asked, in order; ``pulls`` only the images."""

    def __init__(self, clock: Clock, installation: str = "test") -> None:
        self._clock = clock
        self._installation = installation
        self._images: dict[str, FakeImage] = {}
        self._boxes: dict[str, _Box] = {}
        self._networks: dict[str, Network] = {}
        self._volumes: dict[str, NamedVolume] = {}
        self._failures: dict[str, deque[DemitasseError]] = {}
        self._listeners: list[asyncio.Queue[Event | Resync]] = []
        self._away = False
        self._made = 0
        self.calls: list[Called] = []
        self.specs: dict[str, ContainerSpec] = {}

    # What a test says

    def add_image(
        self,
        image: str,
        *,
        here: bool = True,
        exit_after: float | None = None,
        exit_code: int = 0,
        health: Health = "healthy",
        output: Sequence[tuple[Stream, bytes]] = (),
        exec: Exec = _answer_nothing,  # noqa: A002 - as the engine's method is called
        info: ImageInfo | None = None,
    ) -> ImageInfo:
        """Let there be an image: on the machine (``here``) or only in its registry.

        Its containers write ``output`` when started, end after ``exit_after`` seconds (0: at once;
        ``None``: never by themselves) and, if they have a health check, are at once of ``health``.
        """
        reference = references.parse(image)
        name = reference.familiar_name
        digest = reference.digest or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
        if info is None:
            info = ImageInfo(
                id=f"sha256:{hashlib.sha256(digest.encode()).hexdigest()}",
                tags=(f"{name}:{reference.tag}",) if reference.tag else (),
                repo_digests=(f"{name}@{digest}",),
                size_bytes=1_000_000,
                architecture="amd64",
            )
        self._images[str(reference)] = FakeImage(
            info, here, exit_after, exit_code, health, tuple(output), exec
        )
        return info

    def fail_next(self, operation: str, error: DemitasseError) -> None:
        """Let the next call of ``operation`` raise ``error``; said twice, the next two."""
        self._failures.setdefault(operation, deque()).append(error)

    def go_away(self) -> None:
        """Docker is down: every call fails, events fall silent, containers go on."""
        self._away = True

    def come_back(self) -> None:
        """Docker is up again; listeners are told to look at everything."""
        self._away = False
        for listener in self._listeners:
            listener.put_nowait(Resync())

    def exit(self, container: str, code: int = 0, *, oom_killed: bool = False) -> None:
        """A container's process ends by itself."""
        self._end(self._box(container), code, oom_killed=oom_killed)

    def set_health(self, container: str, health: Health) -> None:
        """Docker's health check comes to a new result."""
        box = self._box(container)
        box.see(health=health)
        self._emit_of(box, "health_status", health=health)

    def write(self, container: str, text: bytes, stream: Stream = "stdout") -> None:
        """A container writes one line."""
        box = self._box(container)
        time = self._now_ns()
        if box.log and box.log[-1].time >= time:
            time = box.log[-1].time + 1
        box.log.append(LogLine(time, stream, text))
        box.stir()

    def vanish(self, container: str) -> None:
        """Somebody removes a container behind our back."""
        box = self._box(container)
        if box.seen.running:
            self._end(box, 137)
        self._forget(box)

    @property
    def pulls(self) -> tuple[str, ...]:
        """The images that were pulled, or tried to be, in order."""
        return tuple(call.subject for call in self.calls if call.operation == "pull")

    def called(self, operation: str) -> tuple[Called, ...]:
        """The calls of one operation, in order."""
        return tuple(call for call in self.calls if call.operation == operation)

    # The engine

    @property
    def installation(self) -> str:
        return self._installation

    async def ping(self) -> EngineInfo:
        await self._enter("ping", None)
        return EngineInfo(version="20.10.24", api_version="1.41", architecture="amd64")

    async def close(self) -> None:
        timers = [box.timer for box in self._boxes.values() if box.timer is not None]
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)

    # Images

    async def pull(
        self,
        image: str,
        auth: RegistryAuth | None = None,
        *,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> ImageInfo:
        await self._enter("pull", image, auth=auth, timeout=timeout)
        try:
            key = str(references.parse(image))
        except ValueError as error:
            raise CannotPull(str(error)) from error
        found = self._images.get(key)
        if found is None:
            raise PullNotFound(
                "pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {key}: {key}: not found"
            )
        self._images[key] = replace(found, here=True)
        if progress is not None:
            progress(PullProgress(f"Status: Downloaded newer image for {image}"))
        return found.info

    async def image(self, image: str) -> ImageInfo | None:
        await self._enter("image", image)
        found = self._here(image)
        return found.info if found else None

    async def remove_image(self, image: str, *, force: bool = False) -> None:
        await self._enter("remove_image", image, force=force)
        found = self._here(image)
        if found is None:
            return
        users = [each for each in self._boxes.values() if each.image.info.id == found.info.id]
        if any(each.seen.running for each in users) or (users and not force):
            raise InUse(f"The image {image} is in use by the container {users[0].seen.name}.")
        self._images = {
            key: replace(each, here=False) if each.info.id == found.info.id else each
            for key, each in self._images.items()
        }

    # Containers

    async def create(self, spec: ContainerSpec) -> str:
        await self._enter("create", spec)
        digest = spec.digest()
        for box in self._boxes.values():
            if box.seen.name == spec.name:
                if box.seen.labels[SPEC_LABEL] != digest:
                    raise NameConflict(
                        f"The container {spec.name} exists and was made from another specification."
                    )
                return box.seen.id
        image = self._here(spec.image)
        if image is None:
            raise ImageMissing(f"No such image: {spec.image}")
        self._made += 1
        made = Container(
            id=hashlib.sha256(f"{self._made} {spec.name}".encode()).hexdigest(),
            name=spec.name,
            image=spec.image,
            image_id=image.info.id,
            state="created",
            labels={
                **spec.labels,
                INSTALLATION_LABEL: self._installation,
                SPEC_LABEL: digest,
            },
            created_at=self._clock.now(),
        )
        box = _Box(spec, image, made)
        self._boxes[made.id] = box
        self.specs[spec.name] = spec
        self._emit_of(box, "create")
        return made.id

    async def start(self, container: str) -> None:
        await self._enter("start", container)
        box = self._box(container)
        if not box.seen.running:
            self._begin(box)

    async def stop(self, container: str, *, timeout: float | None = None) -> None:
        await self._enter("stop", container, timeout=timeout)
        box = self._box(container)
        if box.seen.running:
            self._end(box, 143)
            self._emit_of(box, "stop")

    async def kill(self, container: str, signal: str = "SIGKILL") -> None:
        await self._enter("kill", container, signal=signal)
        box = self._box(container)
        if not box.seen.running:
            return
        self._emit_of(box, "kill")
        if signal.removeprefix("SIG") in ("KILL", "9"):
            self._end(box, 137)
        elif signal.removeprefix("SIG") in ("TERM", "15", "INT", "2", "QUIT", "3"):
            self._end(box, 143)

    async def remove(self, container: str, *, force: bool = False, volumes: bool = True) -> None:
        await self._enter("remove", container, force=force, volumes=volumes)
        box = self._find(container)
        if box is None:
            return
        if box.seen.running and not force:
            raise InUse(f"The container {box.seen.name} runs: stop it, or use force.")
        self._discard(container)

    async def inspect(self, container: str) -> Container:
        await self._enter("inspect", container)
        return self._box(container).seen

    async def list(self, labels: Mapping[str, str | None] | None = None) -> tuple[Container, ...]:
        await self._enter("list", labels)
        return tuple(
            box.seen
            for box in self._boxes.values()
            if all(
                key in box.seen.labels and value in (None, box.seen.labels[key])
                for key, value in (labels or {}).items()
            )
        )

    async def exec(
        self,
        container: str,
        argv: Sequence[str],
        *,
        timeout: float = 30.0,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        workdir: str | None = None,
    ) -> ExecResult:
        await self._enter(
            "exec",
            container,
            argv=tuple(argv),
            timeout=timeout,
            environment=dict(environment or {}),
            user=user,
            workdir=workdir,
        )
        box = self._box(container)
        if not box.seen.running:
            raise EngineError(f"The container {box.seen.name} is not running.")
        return box.image.exec(tuple(argv))

    async def run(self, spec: ContainerSpec, *, timeout: float = 60.0) -> RunResult:
        await self._enter("run", spec, timeout=timeout)
        self._discard(spec.name)
        try:
            made = await self.create(spec)
            await self.start(made)
            code = await self._before(timeout, self.wait(made))
            box = self._box(made)
            return RunResult(
                code,
                _output(box, "stdout"),
                _output(box, "stderr"),
                box.seen.oom_killed,
            )
        finally:
            self._discard(spec.name)

    def _discard(self, container: str) -> None:
        left = self._find(container)
        if left is not None:
            if left.seen.running:
                self._end(left, 137)
            self._forget(left)

    async def wait(self, container: str) -> int:
        await self._enter("wait", container)
        box = self._box(container)
        while box.seen.running:
            await box.changed.wait()
        return box.seen.exit_code or 0

    async def logs(
        self, container: str, *, since: int = 0, follow: bool = False
    ) -> AsyncGenerator[LogLine, None]:
        await self._enter("logs", container, since=since, follow=follow)
        box = self._box(container)
        told = 0
        while True:
            while told < len(box.log):
                line = box.log[told]
                told += 1
                if line.time >= since:
                    yield line
            if not (follow and box.seen.running):
                return
            await box.changed.wait()

    async def stats(self, container: str) -> Stats:
        await self._enter("stats", container)
        box = self._box(container)
        if not box.seen.running:
            raise NotFoundInEngine(f"The container {box.seen.name} is not running.")
        return Stats(
            time=self._clock.now(),
            cpu_ns_total=int(self._clock.monotonic() * 1_000_000),
            memory_bytes=1_000_000,
            memory_limit_bytes=box.spec.memory_bytes or 0,
            processes=1,
        )

    async def events(self) -> AsyncGenerator[Event | Resync, None]:
        queue: asyncio.Queue[Event | Resync] = asyncio.Queue()
        self._listeners.append(queue)
        if not self._away:
            queue.put_nowait(Resync())
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    # Networks and volumes

    async def ensure_network(self, spec: NetworkSpec) -> Network:
        await self._enter("ensure_network", spec)
        there = self._networks.get(spec.name)
        if there is not None:
            if there.cidr != spec.cidr:
                raise NameConflict(
                    f"The network {spec.name} exists with the range {there.cidr}, not {spec.cidr}."
                )
            return there
        wanted = ipaddress.ip_network(spec.cidr)
        for each in self._networks.values():
            if wanted.overlaps(ipaddress.ip_network(each.cidr)):
                raise NetworkOverlap(
                    f"The range {spec.cidr} of the network {spec.name} overlaps with that of "
                    f"another network of this machine ({each.name}, {each.cidr})."
                )
        network = Network(
            id=hashlib.sha256(spec.name.encode()).hexdigest(),
            name=spec.name,
            cidr=spec.cidr,
            gateway=spec.gateway or str(next(wanted.hosts())),
            labels={**spec.labels, INSTALLATION_LABEL: self._installation},
            bridge=spec.bridge or "",
        )
        self._networks[spec.name] = network
        return network

    async def remove_network(self, name: str) -> None:
        await self._enter("remove_network", name)
        members = [box.seen.name for box in self._boxes.values() if name in box.seen.addresses]
        if members:
            raise InUse(f"The network {name} is in use by {', '.join(sorted(members))}.")
        self._networks.pop(name, None)

    async def networks(self) -> tuple[Network, ...]:
        await self._enter("networks", None)
        return tuple(sorted(self._networks.values(), key=lambda each: each.name))

    async def ensure_volume(self, spec: VolumeSpec) -> NamedVolume:
        await self._enter("ensure_volume", spec)
        if spec.name not in self._volumes:
            self._volumes[spec.name] = NamedVolume(
                name=spec.name,
                labels={**spec.labels, INSTALLATION_LABEL: self._installation},
                path=f"/fake/volumes/{spec.name}",
            )
        return self._volumes[spec.name]

    async def remove_volume(self, name: str) -> None:
        await self._enter("remove_volume", name)
        for box in self._boxes.values():
            if any(isinstance(each, Volume) and each.name == name for each in box.spec.mounts):
                raise InUse(f"The volume {name} is in use by {box.seen.name}.")
        self._volumes.pop(name, None)

    async def volumes(self) -> tuple[NamedVolume, ...]:
        await self._enter("volumes", None)
        return tuple(sorted(self._volumes.values(), key=lambda each: each.name))

    # Inside

    async def _enter(self, operation: str, subject: Any, **options: Any) -> None:
        self.calls.append(Called(operation, subject, options))
        await asyncio.sleep(0)
        waiting = self._failures.get(operation)
        if waiting:
            raise waiting.popleft()
        if self._away:
            raise EngineUnavailable("Docker does not answer at the fake engine's socket.")

    def _here(self, image: str) -> FakeImage | None:
        found = next((each for each in self._images.values() if each.info.id == image), None)
        if found is None:
            try:
                found = self._images.get(str(references.parse(image)))
            except ValueError:
                return None
        return found if found and found.here else None

    def _find(self, container: str) -> _Box | None:
        if container in self._boxes:
            return self._boxes[container]
        return next((box for box in self._boxes.values() if box.seen.name == container), None)

    def _box(self, container: str) -> _Box:
        box = self._find(container)
        if box is None:
            raise NotFoundInEngine(f"No such container: {container}")
        return box

    def _begin(self, box: _Box) -> None:
        addresses = self._addresses(box)
        box.see(
            state="running",
            started_at=self._clock.now(),
            finished_at=None,
            exit_code=None,
            oom_killed=False,
            addresses=addresses,
            pid=1000 + self._made,
            health="starting" if box.spec.health_check else "none",
        )
        self._emit_of(box, "start")
        for stream, text in box.image.output:
            self.write(box.seen.id, text, stream)
        if box.spec.health_check and box.image.health != "starting":
            self.set_health(box.seen.id, box.image.health)
        if box.image.exit_after == 0:
            self._end(box, box.image.exit_code)
        elif box.image.exit_after is not None:
            box.timer = asyncio.create_task(self._expire(box, box.image.exit_after))

    async def _expire(self, box: _Box, seconds: float) -> None:
        await self._clock.sleep(seconds)
        box.timer = None
        if box.seen.running:
            self._end(box, box.image.exit_code)

    def _addresses(self, box: _Box) -> dict[str, str]:
        place = box.spec.network
        if isinstance(place, SharedWith):
            other = self._find(place.container)
            if other is None:
                raise CannotStart(f"No such container: {place.container}")
            if not other.seen.running:
                raise CannotStart(
                    f"cannot join network of a non running container: {other.seen.id}"
                )
            return {}
        if not isinstance(place, OwnAddress):
            return {}
        if place.network not in self._networks:
            raise CannotStart(f"network {place.network} not found")
        network = self._networks[place.network]
        taken = {each.seen.addresses.get(network.name) for each in self._boxes.values()}
        taken.add(network.gateway)
        if place.ipv4 is not None:
            if place.ipv4 in taken:
                raise AddressInUse(f"The address {place.ipv4} is already in use.")
            return {network.name: place.ipv4}
        for host in ipaddress.ip_network(network.cidr).hosts():
            if str(host) not in taken:
                return {network.name: str(host)}
        raise EngineError(f"The network {network.name} has no free address.")

    def _end(self, box: _Box, code: int, *, oom_killed: bool = False) -> None:
        if box.timer is not None and box.timer is not _current_task():
            box.timer.cancel()
            box.timer = None
        box.see(
            state="exited",
            finished_at=self._clock.now(),
            exit_code=code,
            oom_killed=oom_killed,
            addresses={},
            pid=0,
        )
        if oom_killed:
            self._emit_of(box, "oom")
        self._emit_of(box, "die", exit_code=code)

    def _forget(self, box: _Box) -> None:
        del self._boxes[box.seen.id]
        box.stir()
        self._emit_of(box, "destroy")

    def _emit_of(
        self,
        box: _Box,
        action: str,
        *,
        exit_code: int | None = None,
        health: Health | None = None,
    ) -> None:
        if self._away:
            return
        event = Event(
            kind="container",
            action=action,
            id=box.seen.id,
            name=box.seen.name,
            labels=box.seen.labels,
            exit_code=exit_code,
            health=health,
            time=self._now_ns(),
        )
        for listener in self._listeners:
            listener.put_nowait(event)

    def _now_ns(self) -> int:
        now = self._clock.now()
        return int(now.timestamp()) * 1_000_000_000 + now.microsecond * 1000

    async def _before(self, seconds: float, what: Any) -> int:
        """Wait for ``what``, by the engine's own clock; ``TimeoutError`` when it is too late."""
        task = asyncio.ensure_future(what)
        late = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((task, late), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise TimeoutError(f"The container did not end within {seconds:g} s.")
            return int(task.result())
        finally:
            task.cancel()
            late.cancel()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # called from outside of the loop, by a test
        return None


def _output(box: _Box, stream: Stream) -> bytes:
    return b"".join(line.text + b"\n" for line in box.log if line.stream == stream)


__all__ = ["Called", "CannotPull", "FakeEngine", "FakeImage"]
