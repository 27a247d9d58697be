"""From the engine's containers to what ECS says of a task's containers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from demitasse.engines.containers.observation import Container
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.errors import NotFoundInEngine
from demitasse.services.ecs.plan.task import has_check
from demitasse.services.ecs.records import ContainerDefinition, ContainerSeen, TaskDefinition

_HEALTH = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}
_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
_REMOVED = "The container was removed from outside"


async def observe_containers(
    engine: ContainerEngine,
    before: tuple[ContainerSeen, ...],
    definition: TaskDefinition,
    boxes: Mapping[str, Container],
    now: datetime,
) -> tuple[ContainerSeen, ...]:
    """What is seen of each container now; one that has stopped stays as it was seen then."""
    return tuple(
        [
            await _observe(engine, seen, definition.container(seen.name), boxes, now)
            for seen in before
        ]
    )


async def _observe(
    engine: ContainerEngine,
    seen: ContainerSeen,
    definition: ContainerDefinition | None,
    boxes: Mapping[str, Container],
    now: datetime,
) -> ContainerSeen:
    if seen.status == "STOPPED":
        return seen
    box = boxes.get(seen.name)
    if box is None:
        return _ended(seen, now, reason=_REMOVED) if seen.status == "RUNNING" else seen
    seen = msgspec.structs.replace(seen, runtime_id=box.id)
    if box.state == "created":
        return seen
    if box.running:
        checked = definition is not None and has_check(definition)
        return msgspec.structs.replace(
            seen,
            status="RUNNING",
            started_at=seen.started_at or now,
            health=_HEALTH.get(box.health, "UNKNOWN") if checked else "UNKNOWN",
        )
    return await _inspect_ended(engine, seen, box, now)


async def _inspect_ended(
    engine: ContainerEngine, seen: ContainerSeen, box: Container, now: datetime
) -> ContainerSeen:
    try:
        full = await engine.inspect(box.id)
    except NotFoundInEngine:
        return _ended(seen, now, exit_code=box.exit_code, reason=_REMOVED)
    reason = _OUT_OF_MEMORY if full.oom_killed else full.error
    return _ended(seen, full.finished_at or now, exit_code=full.exit_code, reason=reason)


def _ended(
    seen: ContainerSeen, at: datetime, *, exit_code: int | None = None, reason: str = ""
) -> ContainerSeen:
    return msgspec.structs.replace(
        seen,
        status="STOPPED",
        started_at=seen.started_at or at,
        ended_at=at,
        exit_code=exit_code,
        reason=reason or seen.reason,
        health="UNKNOWN",
    )
