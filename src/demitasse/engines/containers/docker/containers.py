"""The life of containers, through Docker."""

# ruff: noqa: ASYNC109 - Docker's grace before a kill, and deadlines that end more than a wait

from __future__ import annotations

import math
from collections.abc import Mapping

from demitasse.engines.containers.docker import asking, reading, refusals
from demitasse.engines.containers.docker.connection import DEADLINE
from demitasse.engines.containers.docker.part import Part
from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.errors import NameConflict
from demitasse.engines.containers.observation import Container
from demitasse.engines.containers.spec import SPEC_LABEL, ContainerSpec
from demitasse.errors import NotFoundInEngine

_LONGEST_STOP = 600.0
"""Seconds that a container's own stop timeout may last."""
_STARTING = 120.0
"""Seconds for a start: a busy machine, a first mount of a large volume."""
_KILLED = 137
_OOM_TELLS = 0.3
"""Seconds in which Docker learns that a kill was for lack of memory."""
_WAITS_FOR_A_NAME = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between looks at a container that is just being removed."""


class Containers(Part):
    """See ``ContainerEngine``."""

    async def create(self, spec: ContainerSpec) -> str:
        for wait in (*_WAITS_FOR_A_NAME, None):
            try:
                return await self._make(spec)
            except Refusal as refusal:
                if not refusal.conflict:
                    raise refusals.of_create(refusal, spec.image) from refusal
            there = await self._by_name(spec.name)
            if there is not None and there.state not in ("removing", "dead"):
                return self._adopt(there, spec)
            if wait is not None:
                await self._clock.sleep(wait)
        raise NameConflict(f"The container {spec.name} is being removed, and does not go away.")

    async def start(self, container: str) -> None:
        name = await self._id(container)
        try:
            async with self._connection.asking(
                f"start the container {container}", deadline=_STARTING
            ) as docker:
                await docker.containers.container(name).start()
        except Refusal as refusal:
            raise refusals.of_start(refusal, name) from refusal

    async def stop(self, container: str, *, timeout: float | None = None) -> None:
        name = await self._id(container)
        grace = None if timeout is None else math.ceil(timeout)
        try:
            async with self._connection.asking(
                f"stop the container {container}",
                deadline=DEADLINE + (_LONGEST_STOP if grace is None else grace),
            ) as docker:
                await docker.containers.container(name).stop(t=grace)
        except Refusal as refusal:
            raise refusals.of_container(refusal) from refusal

    async def kill(self, container: str, signal: str = "SIGKILL") -> None:
        name = await self._id(container)
        try:
            async with self._connection.asking(f"kill the container {container}") as docker:
                await docker.containers.container(name).kill(signal=signal)
        except Refusal as refusal:
            if not refusal.conflict:  # which means that it does not run
                raise refusals.of_container(refusal) from refusal

    async def remove(self, container: str, *, force: bool = False, volumes: bool = True) -> None:
        try:
            name = await self._id(container)
            async with self._connection.asking(
                f"remove the container {container}", deadline=2 * DEADLINE
            ) as docker:
                await docker.containers.container(name).delete(force=force, v=volumes)
        except NotFoundInEngine:
            return
        except Refusal as refusal:
            if refusal.not_found or "already in progress" in refusal.message:
                return
            raise refusals.of_removal(refusal) from refusal

    async def inspect(self, container: str) -> Container:
        answer = await self._show(container)
        seen = reading.container(answer)
        if answer["HostConfig"].get("Memory") and self._may_be_out_of_memory(seen):
            await self._clock.sleep(_OOM_TELLS)
            seen = reading.container(await self._show(container))
        return seen

    def _may_be_out_of_memory(self, seen: Container) -> bool:
        """Whether it was killed just now: Docker hears of the kill before it hears why."""
        if seen.exit_code != _KILLED or seen.oom_killed or seen.finished_at is None:
            return False
        return 0 <= (self._clock.now() - seen.finished_at).total_seconds() < _OOM_TELLS

    async def list(self, labels: Mapping[str, str | None] | None = None) -> tuple[Container, ...]:
        answer = await self._connection.json(
            "GET",
            "containers/json",
            params={"all": "true", "filters": asking.filters(self._installation, labels)},
        )
        return tuple(reading.listed(each) for each in reversed(answer))

    async def wait(self, container: str) -> int:
        name = await self._id(container)
        try:
            async with self._connection.asking(
                f"wait for the container {container}", deadline=None
            ) as docker:
                answer = await docker.containers.container(name).wait()
        except Refusal as refusal:
            raise refusals.of_container(refusal) from refusal
        return int(answer["StatusCode"])

    async def _make(self, spec: ContainerSpec) -> str:
        body = asking.container(spec, self._installation)
        async with self._connection.asking(
            f"create the container {spec.name}", deadline=2 * DEADLINE
        ) as docker:
            made = await docker.containers.create(body, name=spec.name)
        return made.id

    async def _by_name(self, name: str) -> Container | None:
        try:
            return await self.inspect(name)
        except NotFoundInEngine:
            return None

    def _adopt(self, there: Container, spec: ContainerSpec) -> str:
        if there.labels.get(SPEC_LABEL) != spec.digest():
            raise NameConflict(
                f"The container {spec.name} exists and was made from another specification."
            )
        return there.id
