"""The engine in memory: the contract's questions, answered from the stage."""

# ruff: noqa: ASYNC109 - Docker's grace before a kill, and deadlines that end more than a wait

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

from demitasse.engines.containers import references
from demitasse.engines.containers.errors import (
    CannotPull,
    EngineError,
    ImageMissing,
    InUse,
    NameConflict,
    NetworkOverlap,
    PullNotFound,
)
from demitasse.engines.containers.fake.boxes import Box, output_of
from demitasse.engines.containers.fake.stage import Stage
from demitasse.engines.containers.observation import (
    Container,
    EngineInfo,
    Event,
    ExecResult,
    ImageInfo,
    LogLine,
    NamedVolume,
    Network,
    PullProgress,
    Resync,
    RunResult,
)
from demitasse.engines.containers.protocol import Progress
from demitasse.engines.containers.spec import (
    INSTALLATION_LABEL,
    RUN_LABEL,
    SPEC_LABEL,
    ContainerSpec,
    NetworkSpec,
    RegistryAuth,
    Volume,
    VolumeSpec,
)


class FakeEngine(Stage):
    """See the package. ``calls`` records what was asked, in order; ``pulls`` only the images."""

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
        box = Box(spec, image, made)
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
        elif box.timer is not None:  # it waits to be restarted
            box.timer.cancel()
            box.timer = None
            box.see(state="exited")

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
        spec = replace(spec, labels={**spec.labels, RUN_LABEL: "yes"})
        self._waited_for.add(spec.name)
        try:
            made = await self.create(spec)
            await self.start(made)
            code = await self._before(timeout, self.wait(made))
            box = self._box(made)
            return RunResult(
                code,
                output_of(box, "stdout"),
                output_of(box, "stderr"),
                box.seen.oom_killed,
            )
        finally:
            self._discard(spec.name)
            self._waited_for.discard(spec.name)

    async def discard_runs(self) -> None:
        await self._enter("discard_runs", None)
        for box in list(self._boxes.values()):
            if RUN_LABEL in box.seen.labels and box.seen.name not in self._waited_for:
                self._discard(box.seen.name)

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
