"""A service as the plan sees it, made of what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from demitasse.api import Scope
from demitasse.clock import Waits
from demitasse.services.ecs.plan import service as plan
from demitasse.services.ecs.plan import task as task_plan
from demitasse.services.ecs.records import (
    TASKS,
    Service,
    ServiceObserved,
    Task,
    TaskDefinition,
    TaskObserved,
    TaskSet,
    TaskSetObserved,
    computed_desired_count,
    find_task_definition,
    stop_of,
    task_sets_of,
)
from demitasse.store import Item, Transaction

SEASONING_SECONDS = 40.0
"""A task without any check counts as healthy this long after it is running."""

BOOT_SECONDS = 20.0
"""Programs start at their own pace, however much AWS's waits are compressed. With AWS's default
checks a task has 60 s until it is found unhealthy; compressed, it would be replaced before it has
started, again and again. It is left alone for this long."""

PENDING = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
_WELL = frozenset({"healthy", "unused"})


@dataclass(slots=True)
class View:
    """One service at one moment.

    ``tasks`` are those that nobody asked to stop, ``stopping`` counts the others by task set.
    ``ready``: the tasks that pass every check they have. ``unfit`` says why a task must be
    replaced, ``complaints`` what is told of it. ``again``: seconds after which time alone will
    have changed something.
    """

    item: Item[Service, ServiceObserved]
    now: datetime
    service: plan.ServiceView
    sets: tuple[plan.SetView, ...]
    task_sets: Mapping[str, Item[TaskSet, TaskSetObserved]]
    items: Mapping[str, Item[Task, TaskObserved]]
    tasks: tuple[plan.TaskView, ...] = ()
    ready: frozenset[str] = frozenset()
    stopping: dict[str, int] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    complaints: dict[str, list[str]] = field(default_factory=dict)
    again: float | None = None

    @property
    def scope(self) -> Scope:
        return self.item.scope

    def who(self, task_set: str) -> str:
        """How an event names the service, and the task set where several serve at once."""
        if self.service.rolling:
            return f"(service {self.item.desired.name})"
        return f"(service {self.item.desired.name}, taskSet {task_set})"

    def used(self, task_set: str) -> dict[str, int]:
        """How often each subnet and capacity provider is used by the tasks of a set."""
        used: dict[str, int] = {}
        for task in self.tasks:
            own = self.items[task.key].desired
            if own.task_set == task_set:
                for each in (*own.network.subnets, own.capacity_provider):
                    used[each] = used.get(each, 0) + 1
        return used

    def wait(self, seconds: float) -> None:
        """Look again after ``seconds`` at the latest."""
        seconds = max(seconds, 0.01)
        self.again = seconds if self.again is None else min(self.again, seconds)


def look(
    tx: Transaction, item: Item[Service, ServiceObserved], now: datetime, waits: Waits
) -> View:
    """Read all that concerns a service."""
    own = item.desired
    sets = task_sets_of(tx, item)
    items = {each.key: each for each in tx.page(TASKS, item.scope, where=("live", item.key))}
    count = 0 if own.deleting else own.desired_count
    view = View(
        item=item,
        now=now,
        service=plan.ServiceView(
            active=not own.deleting,
            rolling=own.controller == "ECS",
            desired_count=count,
            minimum_healthy_percent=own.minimum_healthy_percent,
            maximum_percent=own.maximum_percent,
        ),
        sets=(),
        task_sets={each.desired.id: each for each in sets},
        items=items,
    )
    view.sets = tuple(_set(view, each, count, waits) for each in sets)
    definitions: dict[str, TaskDefinition | None] = {}
    tasks, ready = [], set()
    for each in items.values():
        if stop_of(each) is not None:
            identity = each.desired.task_set
            view.stopping[identity] = view.stopping.get(identity, 0) + 1
            continue
        name = each.desired.task_definition
        if name not in definitions:
            found = find_task_definition(tx, item.scope, name)
            definitions[name] = found.desired if found else None
        task = _task(view, each, definitions[name], waits)
        if task.running and not task.failing and _passes(each, definitions[name]):
            ready.add(each.key)
        tasks.append(task)
    view.tasks, view.ready = tuple(tasks), frozenset(ready)
    return view


def _set(
    view: View, item: Item[TaskSet, TaskSetObserved], count: int, waits: Waits
) -> plan.SetView:
    own, seen = item.desired, item.observed
    holding = False
    if seen.failed_at is not None:
        since = (view.now - seen.failed_at).total_seconds()
        left = waits.seconds(plan.back_off(seen.failures)) - since
        if left > 0:
            holding = True
            view.wait(left)
    return plan.SetView(
        id=own.id,
        primary=own.id == view.item.desired.primary,
        want=0 if own.deleting else computed_desired_count(count, own.scale),
        may_start=not own.deleting and seen.rollout != "FAILED",
        holding=holding,
    )


def _has_checks(item: Item[Task, TaskObserved], definition: TaskDefinition | None) -> bool:
    if item.desired.load_balancers:
        return True
    return definition is not None and any(
        each.essential and task_plan.has_check(each) for each in definition.containers
    )


def _passes(item: Item[Task, TaskObserved], definition: TaskDefinition | None) -> bool:
    """Whether a task passes every check that it has."""
    seen = item.observed
    checked = definition is not None and any(
        each.essential and task_plan.has_check(each) for each in definition.containers
    )
    if checked and seen.health != "HEALTHY":
        return False
    return all(target.state in _WELL for target in seen.targets)


def _task(
    view: View,
    item: Item[Task, TaskObserved],
    definition: TaskDefinition | None,
    waits: Waits,
) -> plan.TaskView:
    own, seen = item.desired, item.observed
    running = seen.status == "RUNNING"
    age = (view.now - seen.started_at).total_seconds() if running and seen.started_at else 0.0
    failing = running and _unfit(view, item, age, waits)
    healthy = running and not failing and _passes(item, definition)
    if healthy and not _has_checks(item, definition):
        left = waits.seconds(SEASONING_SECONDS) - age
        if left > 0:
            healthy = False
            view.wait(left)
    return plan.TaskView(
        key=item.key,
        task_set=own.task_set,
        running=running,
        healthy=healthy,
        failing=failing,
        place=own.network.subnets[0],
        born=own.created_at.timestamp(),
    )


def _unfit(view: View, item: Item[Task, TaskObserved], age: float, waits: Waits) -> bool:
    """Whether a check says that a task must be replaced; notes why."""
    seen, service = item.observed, view.item.desired
    ill = [target for target in seen.targets if target.state == "unhealthy"]
    if not ill and seen.health != "UNHEALTHY":
        return False
    boot = BOOT_SECONDS if waits.compression > 1 else 0.0
    left = max(service.grace_period or 0, boot if ill else 0) - age
    if left > 0:
        view.wait(left)
        return False
    name = f"(service {service.name})"
    if ill:
        view.unfit[item.key] = (
            f"Task failed ELB health checks in (target-group {ill[0].target_group_arn})"
        )
        view.complaints[item.key] = [
            f"{name} (port {target.port}) is unhealthy in (target-group"
            f" {target.target_group_arn}) due to (reason {target.description or target.reason})."
            for target in ill
        ]
    else:
        view.unfit[item.key] = "Task failed container health checks"
        view.complaints[item.key] = [
            f"{name} (task {item.desired.id}) failed container health checks."
        ]
    return True
