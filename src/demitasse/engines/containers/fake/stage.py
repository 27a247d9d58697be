"""What a test says to the engine in memory, and what happens then."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any

from demitasse.clock import Clock
from demitasse.engines.containers import references
from demitasse.engines.containers.errors import (
    AddressInUse,
    CannotStart,
    EngineError,
    EngineUnavailable,
    NotFoundInEngine,
)
from demitasse.engines.containers.fake.boxes import Box, Called, Exec, FakeImage, answer_nothing
from demitasse.engines.containers.observation import (
    Event,
    Health,
    ImageInfo,
    LogLine,
    NamedVolume,
    Network,
    Resync,
    Stream,
)
from demitasse.engines.containers.spec import ContainerSpec, OwnAddress, SharedWith
from demitasse.errors import DemitasseError

_FIRST_RESTART = 0.1
"""Seconds before Docker restarts a container that ended by itself; doubled each time."""


class Stage:
    """Images, containers and who listens; everything but the contract's questions."""

    def __init__(self, clock: Clock, installation: str = "test") -> None:
        self._clock = clock
        self._installation = installation
        self._images: dict[str, FakeImage] = {}
        self._boxes: dict[str, Box] = {}
        self._waited_for: set[str] = set()
        self._networks: dict[str, Network] = {}
        self._volumes: dict[str, NamedVolume] = {}
        self._failures: dict[str, deque[DemitasseError]] = {}
        self._listeners: list[asyncio.Queue[Event | Resync]] = []
        self._away = False
        self._made = 0
        self.calls: list[Called] = []
        self.specs: dict[str, ContainerSpec] = {}

    def add_image(
        self,
        image: str,
        *,
        here: bool = True,
        exit_after: float | None = None,
        exit_code: int = 0,
        health: Health = "healthy",
        output: Sequence[tuple[Stream, bytes]] = (),
        exec: Exec = answer_nothing,  # noqa: A002 - as the engine's method is called
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
        """A container's process ends by itself; its restart policy applies."""
        self._end(self._box(container), code, oom_killed=oom_killed, by_itself=True)

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

    def _find(self, container: str) -> Box | None:
        if container in self._boxes:
            return self._boxes[container]
        return next((box for box in self._boxes.values() if box.seen.name == container), None)

    def _box(self, container: str) -> Box:
        box = self._find(container)
        if box is None:
            raise NotFoundInEngine(f"No such container: {container}")
        return box

    def _begin(self, box: Box) -> None:
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
            self._end(box, box.image.exit_code, by_itself=True)
        elif box.image.exit_after is not None:
            box.timer = asyncio.create_task(self._expire(box, box.image.exit_after))

    async def _expire(self, box: Box, seconds: float) -> None:
        await self._clock.sleep(seconds)
        box.timer = None
        if box.seen.running:
            self._end(box, box.image.exit_code, by_itself=True)

    def _addresses(self, box: Box) -> dict[str, str]:
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

    def _end(
        self, box: Box, code: int, *, oom_killed: bool = False, by_itself: bool = False
    ) -> None:
        if box.timer is not None:
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
        if by_itself and box.spec.restart == "unless-stopped":
            box.see(state="restarting")
            box.timer = asyncio.create_task(self._restart(box))

    async def _restart(self, box: Box) -> None:
        await self._clock.sleep(_FIRST_RESTART * 2**box.seen.restarts)
        box.timer = None
        box.see(restarts=box.seen.restarts + 1)
        self._begin(box)

    def _forget(self, box: Box) -> None:
        if box.timer is not None:
            box.timer.cancel()
        del self._boxes[box.seen.id]
        box.stir()
        self._emit_of(box, "destroy")

    def _emit_of(
        self,
        box: Box,
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

    async def _before(self, seconds: float, what: Coroutine[Any, Any, int]) -> int:
        """Wait for ``what``, by the engine's own clock; ``TimeoutError`` when it is too late."""
        task = asyncio.ensure_future(what)
        late = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((task, late), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise TimeoutError(f"The container did not end within {seconds:g} s.")
            return task.result()
        finally:
            task.cancel()
            late.cancel()

    def _discard(self, container: str) -> None:
        left = self._find(container)
        if left is not None:
            if left.seen.running:
                self._end(left, 137)
            self._forget(left)
