"""A task as a target: registered when it runs, drained before it stops."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.ecs.records import TargetSeen, Task, TaskObserved, task_arn
from demitasse.services.elbv2 import records as elbv2
from demitasse.store import Item, Transaction

GONE = frozenset({"", "unused"})
_DEFAULT_DELAY = 300.0
_DELAY = "deregistration_delay.timeout_seconds"


def register(
    tx: Transaction, item: Item[Task, TaskObserved], now: datetime
) -> tuple[tuple[TargetSeen, ...], list[str]]:
    """Register the task's address in each of its groups.

    Gives the targets as they are now, and the groups in which it was registered just now. One
    whose target group is gone is left out.
    """
    own, interface = item.desired, item.observed.interface
    if interface is None:
        return (), []
    targets, new = [], []
    owner = task_arn(item.scope, own.cluster, own.id)
    for balancer in own.load_balancers:
        group, port = balancer.target_group_arn, balancer.container_port
        before = elbv2.health(tx, item.scope, group, interface.address, port)
        try:
            elbv2.register(tx, item.scope, group, interface.address, port, now, owner)
        except ServiceError as error:
            targets.append(TargetSeen(group, port, "unused", error.code, error.message))
            continue
        if before is None:
            new.append(group)
        targets.append(_look(tx, item, TargetSeen(group, port)))
    return tuple(targets), new


def deregister(tx: Transaction, item: Item[Task, TaskObserved], now: datetime) -> list[str]:
    """Let the task drain; the groups from which it goes."""
    interface = item.observed.interface
    if interface is None:
        return []
    groups = []
    for balancer in item.desired.load_balancers:
        group, port = balancer.target_group_arn, balancer.container_port
        before = elbv2.health(tx, item.scope, group, interface.address, port)
        elbv2.deregister(tx, item.scope, group, interface.address, port, now)
        if before is not None and before.state != "draining":
            groups.append(group)
    return groups


def look(tx: Transaction, item: Item[Task, TaskObserved]) -> tuple[TargetSeen, ...]:
    """The targets as the load balancer sees them now."""
    return tuple(_look(tx, item, target) for target in item.observed.targets)


def _look(tx: Transaction, item: Item[Task, TaskObserved], target: TargetSeen) -> TargetSeen:
    interface = item.observed.interface
    if interface is None:
        return target
    found = elbv2.health(tx, item.scope, target.target_group_arn, interface.address, target.port)
    state = found or elbv2.Health("")
    return msgspec.structs.replace(target, **msgspec.structs.asdict(state))


def drained(targets: tuple[TargetSeen, ...]) -> bool:
    """Whether no request is on its way to the task any more."""
    return all(target.state in GONE for target in targets)


def longest_delay(tx: Transaction, item: Item[Task, TaskObserved]) -> float:
    """AWS's seconds after which every target has drained, whatever happens."""
    delays = [0.0]
    for balancer in item.desired.load_balancers:
        group = tx.get(elbv2.TARGET_GROUPS, item.scope, balancer.target_group_arn)
        if group is not None:
            delays.append(float(group.desired.attributes.get(_DELAY, _DEFAULT_DELAY)))
    return max(delays)
