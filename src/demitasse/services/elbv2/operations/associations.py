"""Which target groups a load balancer uses."""

from __future__ import annotations

from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2.limits import TARGET_GROUPS_PER_LOAD_BALANCER
from demitasse.services.elbv2.records import LISTENERS, RULES, Action, target_groups_of


def used_by(context: Context, load_balancer: str) -> set[str]:
    """The ARNs of the target groups that a load balancer's listeners and rules forward to."""
    where = ("load-balancer", load_balancer)
    found: set[str] = set()
    for listener in context.tx.page(LISTENERS, context.scope, where=where):
        found.update(target_groups_of(listener.desired.actions))
    for rule in context.tx.page(RULES, context.scope, where=where):
        found.update(target_groups_of(rule.desired.actions))
    return found


def check_number(context: Context, load_balancer: str, further: tuple[Action, ...]) -> None:
    """``TooManyUniqueTargetGroupsPerLoadBalancer`` when ``further`` actions would name too many."""
    groups = set(target_groups_of(further))
    if not groups:
        return
    if len(used_by(context, load_balancer) | groups) > TARGET_GROUPS_PER_LOAD_BALANCER:
        raise ServiceError(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            f"A load balancer cannot use more than {TARGET_GROUPS_PER_LOAD_BALANCER} target groups",
        )
