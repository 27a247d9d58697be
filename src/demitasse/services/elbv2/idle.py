"""Target groups that no load balancer uses: nothing is known of their targets, nothing drains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demitasse.control import Controller, Interest
from demitasse.services.elbv2.records import (
    LISTENERS,
    RULES,
    TARGET_GROUPS,
    TARGETS,
    TargetObserved,
    load_balancer_of,
    target_groups_of,
    targets_of,
)
from demitasse.store import Change, Kind, Ref, Store, Transaction


class IdleGroupController(Controller):
    """One target group at a time, by its ARN, when it stops being used.

    Forgets what was seen of its targets, so that none counts as healthy when the group is used
    again before it was checked again, and forgets those that were draining.
    """

    name = "elbv2.idle-group"
    workers = 1

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {LISTENERS: _left, RULES: _left, TARGETS: _its_group}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(TARGET_GROUPS)

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            if load_balancer_of(tx, ref.scope, ref.key) is not None:
                return None
            for target in targets_of(tx, ref.scope, ref.key):
                if target.desired.deregistered_at is not None:
                    tx.delete(TARGETS, target.ref)
                else:
                    tx.observe(TARGETS, target.ref, TargetObserved())
        return None


def _left(change: Change) -> Iterable[Ref]:
    """The groups to which a listener or rule does not forward any more."""
    if change.before is None:
        return ()
    before = target_groups_of(change.before.desired.actions)
    after = () if change.after is None else target_groups_of(change.after.desired.actions)
    return [Ref(change.ref.scope, arn) for arn in before if arn not in after]


def _its_group(change: Change) -> Iterable[Ref]:
    """The group of a target that begins to drain."""
    after = change.after
    if after is None or after.desired.deregistered_at is None:
        return ()
    return (Ref(change.ref.scope, after.desired.target_group_arn),)
