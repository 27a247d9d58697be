"""A target's health, in AWS's words."""

from __future__ import annotations

import msgspec

from demitasse.api import Scope
from demitasse.services.elbv2.records.balancers import (
    LOAD_BALANCERS,
    LoadBalancer,
    LoadBalancerObserved,
)
from demitasse.services.elbv2.records.routing import load_balancer_of
from demitasse.services.elbv2.records.targets import TARGETS, Target, TargetObserved, target_key
from demitasse.store import Item, Transaction


class Health(msgspec.Struct, frozen=True, array_like=True):
    """A target's state, reason and description in AWS's words ("" where AWS gives none)."""

    state: str
    reason: str = ""
    description: str = ""


NOT_IN_USE = Health(
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
NOT_REGISTERED = Health(
    "unused", "Target.NotRegistered", "Target is not registered to the target group"
)
ZONE_NOT_ENABLED = Health(
    "unused",
    "Target.NotInUse",
    "Target is in an Availability Zone that is not enabled for the load balancer",
)
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
DRAINING = Health(
    "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
)


def enabled(target: Target, load_balancer: LoadBalancer) -> bool:
    """Whether a load balancer sends requests to the target's Availability Zone."""
    return target.zone == "all" or any(zone.name == target.zone for zone in load_balancer.zones)


def judge(
    target: Item[Target, TargetObserved], load_balancer: Item[LoadBalancer, LoadBalancerObserved]
) -> Health:
    """The health of a target whose group this load balancer uses."""
    if target.desired.deregistered_at is not None:
        return DRAINING
    if not enabled(target.desired, load_balancer.desired):
        return ZONE_NOT_ENABLED
    seen = target.observed
    if (seen.registered_at, seen.seen_by) != (target.desired.registered_at, load_balancer.key):
        return REGISTERING
    return Health(seen.state, seen.reason, seen.description)


def health(
    tx: Transaction, scope: Scope, target_group_arn: str, target_id: str, port: int
) -> Health | None:
    """The health of a target; ``None`` when it is not registered."""
    target = tx.get(TARGETS, scope, target_key(target_group_arn, target_id, port))
    if target is None:
        return None
    arn = load_balancer_of(tx, scope, target_group_arn)
    balancer = None if arn is None else tx.get(LOAD_BALANCERS, scope, arn)
    return NOT_IN_USE if balancer is None else judge(target, balancer)
