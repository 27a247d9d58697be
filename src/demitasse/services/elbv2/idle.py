"""Target groups that no load balancer uses: nothing is known of their targets, nothing drains."""

from __future__ import annotations

from collections.abc import Iterable

from demitasse.services.elbv2.records import (
    TARGETS,
    TargetObserved,
    load_balancer_of,
    target_groups_of,
    targets_of,
)
from demitasse.store import Change, Ref, Transaction


def forget(tx: Transaction, ref: Ref) -> None:
    """Forget what was seen of the targets of a group that is not used, and those that drained.

    So none counts as healthy when the group is used again before it was checked again.
    """
    if load_balancer_of(tx, ref.scope, ref.key) is not None:
        return
    for target in targets_of(tx, ref.scope, ref.key):
        if target.desired.deregistered_at is not None:
            tx.delete(TARGETS, target.ref)
        else:
            tx.observe(TARGETS, target.ref, TargetObserved())


def left(change: Change) -> Iterable[Ref]:
    """The target groups to which a listener or rule does not forward any more."""
    if change.before is None:
        return ()
    before = target_groups_of(change.before.desired.actions)
    after = () if change.after is None else target_groups_of(change.after.desired.actions)
    return [Ref(change.ref.scope, arn) for arn in before if arn not in after]
