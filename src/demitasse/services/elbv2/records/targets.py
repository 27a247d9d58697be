"""Target groups and their targets."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address, ip_network

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.ec2.records import SUBNETS, VPCS
from demitasse.services.elbv2.records.balancers import Attributes, Tags
from demitasse.services.elbv2.records.routing import load_balancer_of
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing


class HealthCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target group's health check, by AWS's defaults."""

    port: str = "traffic-port"
    path: str = "/"
    interval: int = 30
    timeout: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"


class TargetGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target group of type ip and protocol HTTP; ``key`` is its ARN."""

    name: str
    port: int
    vpc_id: str
    created_at: datetime
    health_check: HealthCheck = HealthCheck()
    attributes: Attributes = msgspec.field(default_factory=dict)
    tags: Tags = msgspec.field(default_factory=dict)


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """A registered target. ``deregistered_at`` is set while it drains.

    ``zone`` is its Availability Zone, ``all`` for an address outside of the VPC. ``owner`` names
    the resource that registered it (an ECS task's ARN), "" for a caller of the API.
    """

    target_group_arn: str
    address: str
    port: int
    zone: str
    registered_at: datetime
    owner: str = ""
    deregistered_at: datetime | None = None


class TargetObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The target's health as last seen by the load balancer ``seen_by``.

    It counts for the registration of ``registered_at`` only.
    """

    state: str = ""
    reason: str = ""
    description: str = ""
    registered_at: datetime | None = None
    seen_by: str = ""


TARGET_GROUPS: Kind[TargetGroup, Nothing] = Kind(
    "elbv2.target-group",
    TargetGroup,
    Nothing,
    {"name": lambda item: item.desired.name, "vpc": lambda item: item.desired.vpc_id},
)
TARGETS: Kind[Target, TargetObserved] = Kind(
    "elbv2.target",
    Target,
    TargetObserved,
    {
        "target-group": lambda item: item.desired.target_group_arn,
        "owner": lambda item: item.desired.owner or None,
    },
)


def target_key(target_group_arn: str, target_id: str, port: int) -> str:
    """The key of a target in ``TARGETS``."""
    return f"{target_group_arn} {target_id}:{port}"


def targets_of(
    tx: Transaction, scope: Scope, target_group_arn: str
) -> list[Item[Target, TargetObserved]]:
    """The targets of a group, draining ones included."""
    return tx.page(TARGETS, scope, prefix=f"{target_group_arn} ")


def target_zone(tx: Transaction, scope: Scope, vpc_id: str, address: str) -> str | None:
    """The Availability Zone of an address: by its subnet, ``all`` outside of the VPC.

    ``None`` for an address of the VPC that lies in none of its subnets.
    """
    ip = ip_address(address)
    for subnet in tx.page(SUBNETS, scope, where=("vpc", vpc_id)):
        if ip in ip_network(subnet.desired.cidr):
            return subnet.desired.availability_zone
    vpc = tx.get(VPCS, scope, vpc_id)
    return None if vpc is not None and ip in ip_network(vpc.desired.cidr) else "all"


def register(  # noqa: PLR0917 - named here in the order in which they are written out
    tx: Transaction,
    scope: Scope,
    target_group_arn: str,
    target_id: str,
    port: int,
    now: datetime,
    owner: str = "",
    *,
    zone: str | None = None,
) -> None:
    """Register an address; one that is registered already stays as it is, a draining one is new.

    ``zone`` is found from the address unless given. ``ServiceError``: ``TargetGroupNotFound``.
    """
    group = tx.get(TARGET_GROUPS, scope, target_group_arn)
    if group is None:
        raise group_not_found(target_group_arn)
    if zone is None:
        zone = target_zone(tx, scope, group.desired.vpc_id, target_id) or "all"
    key = target_key(target_group_arn, target_id, port)
    target = Target(target_group_arn, target_id, port, zone, now, owner)
    there = tx.get(TARGETS, scope, key)
    if there is None:
        tx.create(TARGETS, scope, key, target)
    elif there.desired.deregistered_at is not None:
        tx.desire(TARGETS, there.ref, target)


def deregister(  # noqa: PLR0917 - like register
    tx: Transaction,
    scope: Scope,
    target_group_arn: str,
    target_id: str,
    port: int,
    now: datetime,
) -> None:
    """Let a target drain from now on; one of a group that is not in use is forgotten at once.

    Nothing happens when it is not registered or drains already. The load balancer's controller
    forgets it when the deregistration delay is over or nothing is in flight any more.
    """
    there = tx.get(TARGETS, scope, target_key(target_group_arn, target_id, port))
    if there is None or there.desired.deregistered_at is not None:
        return
    if load_balancer_of(tx, scope, target_group_arn) is None:
        tx.delete(TARGETS, there.ref)
    else:
        tx.desire(TARGETS, there.ref, msgspec.structs.replace(there.desired, deregistered_at=now))


def group_not_found(arn: str) -> ServiceError:
    """The error for a target group that does not exist."""
    return ServiceError("TargetGroupNotFound", f"Target groups '{arn}' not found")
