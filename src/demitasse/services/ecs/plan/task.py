"""What a task needs next: which containers start, whether it fails, how it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from demitasse.services.ecs.records import ContainerDefinition, ContainerSeen


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason for a task to stop by itself."""

    code: str
    reason: str


ESSENTIAL_EXITED = Failure("EssentialContainerExited", "Essential container in task exited")


def startable(
    containers: Sequence[ContainerDefinition], seen: Mapping[str, ContainerSeen]
) -> tuple[ContainerDefinition, ...]:
    """The containers that have not started and whose dependencies are fulfilled."""
    return tuple(
        each
        for each in containers
        if seen[each.name].status == "PENDING"
        and all(
            _fulfilled(seen[dependency.container_name], dependency.condition)
            for dependency in each.depends_on or ()
        )
        and all(seen[source.source_container].status != "PENDING" for source in each.volumes_from)
    )


def _fulfilled(other: ContainerSeen, condition: str) -> bool:
    match condition:
        case "START":
            return other.started_at is not None
        case "COMPLETE":
            return other.status == "STOPPED" and other.started_at is not None
        case "SUCCESS":
            return other.status == "STOPPED" and other.exit_code == 0
        case _:
            return other.status == "RUNNING" and other.health == "HEALTHY"


def failure(
    containers: Sequence[ContainerDefinition], seen: Mapping[str, ContainerSeen], now: datetime
) -> Failure | None:
    """Why the task cannot go on, if it cannot."""
    for each in containers:
        if each.essential and seen[each.name].status == "STOPPED":
            return ESSENTIAL_EXITED
    for each in containers:
        if seen[each.name].status != "PENDING":
            continue
        for dependency in each.depends_on or ():
            why = _hopeless(
                seen[dependency.container_name],
                dependency.condition,
                _by_name(containers, dependency.container_name).start_timeout,
                now,
            )
            if why:
                return Failure(
                    "TaskFailedToStart",
                    f"Task failed to start: container '{each.name}' depends on container"
                    f" '{dependency.container_name}' ({dependency.condition}), which {why}",
                )
    return None


def _hopeless(
    other: ContainerSeen, condition: str, start_timeout: int | None, now: datetime
) -> str:
    """Why a dependency can never be fulfilled any more; "" while it can."""
    if other.status == "STOPPED" and other.started_at is None:
        return f"could not be started: {other.reason}"
    if condition == "SUCCESS" and other.status == "STOPPED" and other.exit_code != 0:
        return f"exited with code {other.exit_code}"
    if condition == "HEALTHY" and other.status == "STOPPED":
        return "stopped before it was healthy"
    if (
        condition != "START"
        and start_timeout is not None
        and other.started_at is not None
        and not _fulfilled(other, condition)
        and (now - other.started_at).total_seconds() >= start_timeout
    ):
        return f"did not get there in {start_timeout} seconds"
    return ""


def next_deadline(
    containers: Sequence[ContainerDefinition], seen: Mapping[str, ContainerSeen], now: datetime
) -> float | None:
    """Seconds until a start timeout may run out; ``None`` without one."""
    left = [
        each.start_timeout - (now - started).total_seconds()
        for each in containers
        if each.start_timeout is not None
        and (started := seen[each.name].started_at) is not None
        and any(other.status == "PENDING" for other in seen.values())
    ]
    return max(0.05, min(left)) if left else None


def all_started(seen: Mapping[str, ContainerSeen]) -> bool:
    """Whether every container has been started: the task may be said to run."""
    return all(each.status != "PENDING" for each in seen.values())


def all_ended(seen: Mapping[str, ContainerSeen]) -> bool:
    """Whether no container runs."""
    return all(each.status != "RUNNING" for each in seen.values())


def health(containers: Sequence[ContainerDefinition], seen: Mapping[str, ContainerSeen]) -> str:
    """The task's health, by the essential containers that have a health check.

    As documented: UNHEALTHY if one is, else UNKNOWN if one is, else HEALTHY. UNKNOWN without any.
    """
    checked = [seen[each.name].health for each in containers if each.essential and has_check(each)]
    for verdict in ("UNHEALTHY", "UNKNOWN"):
        if verdict in checked:
            return verdict
    return "HEALTHY" if checked else "UNKNOWN"


def has_check(container: ContainerDefinition) -> bool:
    """Whether the container definition asks for a health check."""
    check = container.health_check
    return check is not None and check.command[0] != "NONE"


def stop_waves(
    containers: Sequence[ContainerDefinition],
) -> tuple[tuple[ContainerDefinition, ...], ...]:
    """The order of stopping: a container after those that depend on it, the rest at once."""
    dependents: dict[str, set[str]] = {each.name: set() for each in containers}
    for each in containers:
        for dependency in each.depends_on or ():
            dependents[dependency.container_name].add(each.name)
    waves = []
    left = {each.name: each for each in containers}
    while left:
        free = [each for each in left.values() if not dependents[each.name] & left.keys()]
        # Circles are refused when the task definition is registered; never wait for one.
        free = free or list(left.values())
        waves.append(tuple(free))
        for each in free:
            del left[each.name]
    return tuple(waves)


def _by_name(containers: Sequence[ContainerDefinition], name: str) -> ContainerDefinition:
    return next(each for each in containers if each.name == name)
