"""What a task's fate means for its record, its task set and its service's events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.services.ecs import specs, telling
from demitasse.services.ecs.controller.rollout import unable_to_start
from demitasse.services.ecs.plan.service import CONSISTENTLY
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    TASKS,
    ContainerDefinition,
    Task,
    TaskObserved,
    announce,
    count_failure,
    service_key,
    stop_of,
    task_set_key,
)
from demitasse.store import Item, Ref, Transaction

LASTING_SECONDS = 10.0
"""A task without any check that ran for so long did not fail to start. Never compressed: programs
that crash while they start do so at their own pace."""


def container(
    tx: Transaction, ref: Ref, name: str, **changes: Any
) -> Item[Task, TaskObserved] | None:
    """Change what was seen of one container of a task that still is there."""
    item = tx.get(TASKS, ref.scope, ref.key)
    if item is None:
        return None
    containers = tuple(
        msgspec.structs.replace(each, **changes) if each.name == name else each
        for each in item.observed.containers
    )
    return tx.observe(TASKS, ref, msgspec.structs.replace(item.observed, containers=containers))


def keep_digest(
    tx: Transaction, item: Item[Task, TaskObserved], name: str, digest: str, now: datetime
) -> None:
    """The image is here: the container shows its digest, and the task set goes on with it."""
    kept = container(tx, item.ref, name, digest=digest)
    if kept is None:
        return
    if all(each.digest or each.status != "PENDING" for each in kept.observed.containers):
        seen = msgspec.structs.replace(
            kept.observed, pull_stopped_at=kept.observed.pull_stopped_at or now
        )
        tx.observe(TASKS, item.ref, seen)
    own = item.desired
    if not own.task_set or not digest:
        return
    ref = Ref(item.scope, task_set_key(own.cluster, own.service, own.task_set))
    task_set = tx.get(TASK_SETS, ref.scope, ref.key)
    if task_set is not None and name not in task_set.observed.digests:
        digests = {**task_set.observed.digests, name: digest}
        tx.observe(TASK_SETS, ref, msgspec.structs.replace(task_set.observed, digests=digests))


def failed(tx: Transaction, item: Item[Task, TaskObserved], ids: Ids, now: datetime) -> None:
    """A task of a service stopped by itself: counted once, with the change that says so.

    One that had passed its checks, or lasted, is only replaced.
    """
    own, seen, stop = item.desired, item.observed, stop_of(item)
    if not own.service or stop is None:
        return
    lasted = (
        seen.started_at is not None and (now - seen.started_at).total_seconds() >= LASTING_SECONDS
    )
    if seen.settled or (lasted and not own.load_balancers):
        return
    service = Ref(item.scope, service_key(own.cluster, own.service))
    task_set = Ref(item.scope, task_set_key(own.cluster, own.service, own.task_set))
    count = count_failure(tx, task_set, stop.reason, now)
    if stop.code == "TaskFailedToStart":
        announce(
            tx,
            service,
            ids,
            now,
            f"(service {own.service}) failed to launch a task with (error {stop.reason}).",
        )
    if count == CONSISTENTLY:
        announce(tx, service, ids, now, unable_to_start(own.service))
        telling.service(tx, service, "SERVICE_TASK_START_IMPAIRED", ids, now)


def registered(
    tx: Transaction,
    item: Item[Task, TaskObserved],
    ids: Ids,
    now: datetime,
    groups: Iterable[str],
) -> None:
    """Tell that the task became a target."""
    who, service = _who(tx, item)
    for group in groups:
        announce(tx, service, ids, now, f"{who} registered 1 targets in (target-group {group})")


def deregistered(
    tx: Transaction,
    item: Item[Task, TaskObserved],
    ids: Ids,
    now: datetime,
    groups: Iterable[str],
) -> None:
    """Tell that the task is a target no more, and drains."""
    groups = tuple(groups)
    who, service = _who(tx, item)
    for group in groups:
        announce(tx, service, ids, now, f"{who} deregistered 1 targets in (target-group {group})")
    if groups:
        announce(tx, service, ids, now, f"{who} has begun draining connections on 1 tasks.")


def _who(tx: Transaction, item: Item[Task, TaskObserved]) -> tuple[str, Ref]:
    own = item.desired
    ref = Ref(item.scope, service_key(own.cluster, own.service))
    service = tx.get(SERVICES, ref.scope, ref.key)
    if service is None or service.desired.controller == "ECS":
        return f"(service {own.service})", ref
    return f"(service {own.service}, taskSet {own.task_set})", ref


def log_scope(item: Item[Task, TaskObserved], definition: ContainerDefinition) -> Scope:
    """Where the container's log group is."""
    return Scope(item.scope.account, specs.log_region(item, definition))
