"""Reads from the state all that decides what one load balancer does."""

from __future__ import annotations

from demitasse.services.elbv2.plan import GroupView, View
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    target_groups_of,
    targets_of,
)
from demitasse.store import Ref, Transaction


def look(tx: Transaction, ref: Ref) -> View | None:
    """Everything about a load balancer; ``None`` when it does not exist any more."""
    balancer = tx.get(LOAD_BALANCERS, ref.scope, ref.key)
    if balancer is None:
        return None
    where = ("load-balancer", ref.key)
    listeners = tuple(tx.page(LISTENERS, ref.scope, where=where))
    rules = tuple(tx.page(RULES, ref.scope, where=where))
    actions = [item.desired.actions for item in listeners]
    actions += [item.desired.actions for item in rules]
    used = dict.fromkeys(arn for each in actions for arn in target_groups_of(each))
    return View(
        balancer=balancer,
        listeners=listeners,
        rules=rules,
        groups=tuple(_group(tx, ref, arn) for arn in used),
    )


def _group(tx: Transaction, ref: Ref, arn: str) -> GroupView:
    group = tx.get(TARGET_GROUPS, ref.scope, arn)
    if group is None:
        return GroupView(arn, None)
    return GroupView(arn, group.desired, tuple(targets_of(tx, ref.scope, arn)))
