"""Which tasks a service starts and stops: the service scheduler, as a function.

Rolling deployments follow ``DeploymentConfiguration``'s documentation: at most *maximumPercent*
of the desired count are pending or running (rounded down), at least *minimumHealthyPercent* stay
healthy (rounded up), and unhealthy tasks are replaced before they are stopped where the maximum
allows it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MAXIMUM_PERCENT_OF_TASK_SETS = 200
"""Task sets of other controllers have no maximum of their own; a replacement comes first."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task that nobody has asked to stop.

    ``running``: it has reached RUNNING. ``healthy``: it counts for the minimum. ``failing``: its
    checks say that it must be replaced. ``place`` is where it runs (its subnet).
    """

    key: str
    task_set: str
    running: bool
    healthy: bool
    failing: bool = False
    place: str = ""
    born: float = 0.0

    def __post_init__(self) -> None:
        assert not (self.healthy and (self.failing or not self.running)), self  # noqa: S101


@dataclass(frozen=True, slots=True)
class SetView:
    """A task set or deployment. ``want`` is the count of one that is scaled by itself.

    ``may_start``: it is not given up. ``holding``: the last failures are too fresh to try again.
    """

    id: str
    primary: bool = False
    want: int = 0
    may_start: bool = True
    holding: bool = False


@dataclass(frozen=True, slots=True)
class ServiceView:
    """What is desired. ``rolling``: the sets are deployments of the ``ECS`` controller."""

    active: bool
    rolling: bool
    desired_count: int
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200

    @property
    def lower(self) -> int:
        """How many tasks must stay healthy."""
        return math.ceil(self.desired_count * self.minimum_healthy_percent / 100)

    @property
    def upper(self) -> int:
        """How many tasks may be pending or running."""
        return self.desired_count * self.maximum_percent // 100


@dataclass(frozen=True, slots=True)
class Plan:
    """``starts``: task set → how many. ``stops``: tasks to be asked to stop.

    ``blocked``: a deployment that its percentages leave no way to go on.
    """

    starts: Mapping[str, int] = field(default_factory=dict)
    stops: tuple[str, ...] = ()
    blocked: bool = False


def plan(service: ServiceView, sets: Sequence[SetView], tasks: Sequence[TaskView]) -> Plan:
    """What to do now; the caller asks again when something has changed."""
    if not service.active:
        return Plan(stops=tuple(task.key for task in tasks))
    known = {each.id for each in sets}
    orphans = tuple(task.key for task in tasks if task.task_set not in known)
    tasks = [task for task in tasks if task.task_set in known]
    decided = _roll(service, sets, tasks) if service.rolling else _keep(sets, tasks)
    return Plan(decided.starts, orphans + decided.stops, decided.blocked)


def _keep(sets: Sequence[SetView], tasks: Sequence[TaskView]) -> Plan:
    """Every set has the tasks that its scale says."""
    starts: dict[str, int] = {}
    stops: list[str] = []
    for each in sets:
        own = [task for task in tasks if task.task_set == each.id]
        good = [task for task in own if not task.failing]
        failing = [task for task in own if task.failing]
        most = each.want * MAXIMUM_PERCENT_OF_TASK_SETS // 100
        start = min(each.want - len(good), most - len(own))
        if start > 0 and each.may_start and not each.holding:
            starts[each.id] = start
        healthy = sum(task.healthy for task in good)
        stops += _keys(_worst_first(good)[: max(0, len(good) - each.want)])
        stops += _keys(_oldest_first(failing)[: max(0, len(failing) + healthy - each.want)])
    return Plan(starts, tuple(stops))


def _roll(service: ServiceView, sets: Sequence[SetView], tasks: Sequence[TaskView]) -> Plan:
    """The primary deployment takes over from the others, within the two percentages."""
    primary = next((each for each in sets if each.primary), None)
    count = service.desired_count
    new = [task for task in tasks if primary is not None and task.task_set == primary.id]
    old = [task for task in tasks if primary is None or task.task_set != primary.id]
    good = [task for task in new if not task.failing]
    failing = [task for task in new if task.failing]
    healthy_new = sum(task.healthy for task in good)
    healthy = healthy_new + sum(task.healthy for task in old)

    need = count - len(good) if primary is not None and primary.may_start else 0
    need = 0 if primary is not None and primary.holding else max(0, need)
    room = max(0, service.upper - len(tasks))
    start = min(need, room)
    lacking = need - start

    stops = _keys(_worst_first(good)[: max(0, len(good) - count)])
    # A replacement first; without room for one, one failing task after the other makes it.
    extra = max(0, len(failing) + healthy_new - count)
    gone = _oldest_first(failing)[: max(extra, min(1, lacking))]
    stops += _keys(gone)
    # Old tasks that serve nobody yet, or no more, only take up room.
    idle = [task for task in old if task.failing or not task.running]
    stops += _keys(idle)
    serving = _worst_first([task for task in old if task.running and not task.failing])
    still_needed = max(0, count - healthy_new)
    wanted = max(len(serving) - still_needed, lacking - len(gone) - len(idle))
    spare = max(0, healthy - service.lower)
    for task in serving[: max(0, wanted)]:
        if task.healthy:
            if not spare:
                break
            spare -= 1
        stops.append(task.key)
    at_rest = all(task.running for task in tasks)
    blocked = bool(lacking and at_rest and not start and not stops)
    starts = {primary.id: start} if primary is not None and start else {}
    return Plan(starts, tuple(stops), blocked)


def _worst_first(tasks: Sequence[TaskView]) -> list[TaskView]:
    """In the order in which tasks are given up.

    Those that do not run, then those that are not healthy; among equals, always one from the
    place with most of them, the youngest of it.
    """
    ordered: list[TaskView] = []
    for running, healthy in ((False, False), (True, False), (True, True)):
        same = [task for task in tasks if (task.running, task.healthy) == (running, healthy)]
        places = Counter(task.place for task in same)
        same.sort(key=lambda task: (task.born, task.key))
        while same:
            most = max(places[task.place] for task in same)
            chosen = next(task for task in reversed(same) if places[task.place] == most)
            same.remove(chosen)
            places[chosen.place] -= 1
            ordered.append(chosen)
    return ordered


def _oldest_first(tasks: Iterable[TaskView]) -> list[TaskView]:
    return sorted(tasks, key=lambda task: (task.born, task.key))


def _keys(tasks: Iterable[TaskView]) -> list[str]:
    return [task.key for task in tasks]


# How a deployment fares

_FIRST_WAIT = 10.0
_LONGEST_WAIT = 27 * 60.0
CONSISTENTLY = 3
"""After so many failures in a row a service is said to be unable to start tasks."""


def back_off(failures: int) -> float:
    """AWS's seconds to hold after so many failures in a row; the first one is tried again at once.

    ECS documents that the time between restarts grows up to 27 minutes.
    """
    if failures <= 1:
        return 0.0
    return min(_FIRST_WAIT * 2.0 ** min(failures - 2, 16), _LONGEST_WAIT)


def breaker_threshold(desired_count: int) -> int:
    """After how many failures the circuit breaker gives a deployment up: 3 ≤ half ≤ 200."""
    return min(max(math.ceil(desired_count / 2), 3), 200)


def steady(
    service: ServiceView, sets: Sequence[SetView], tasks: Sequence[TaskView], stopping: int
) -> bool:
    """Whether everything that is desired is there, healthy, and nothing else is.

    ``tasks`` must count as healthy whoever passes the checks it has; ``stopping`` counts the
    tasks that are on their way out.
    """
    if not service.active or stopping or not all(task.healthy for task in tasks):
        return False
    if service.rolling:
        return len(sets) == 1 and len(tasks) == service.desired_count
    counts = Counter(task.task_set for task in tasks)
    return all(counts[each.id] == each.want for each in sets)
