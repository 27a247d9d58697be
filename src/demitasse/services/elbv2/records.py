"""What is kept of Elastic Load Balancing, and what other services may ask and do with it.

Keys are ARNs, so that lists come in the order of names. A target's key is
``<target group ARN> <address>:<port>``.

Another service moves traffic by writing a listener's or rule's desired ``actions`` and waiting
until ``carried_out`` says that the data plane treats requests so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address, ip_network

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.ec2.records import SUBNETS, VPCS
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

Tags = dict[str, str]
Attributes = dict[str, str]


class Zone(msgspec.Struct, frozen=True):
    """A subnet of a load balancer, with the Availability Zone that it stands in."""

    subnet_id: str
    name: str


class LoadBalancer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An Application Load Balancer; ``key`` is its ARN. ``attributes`` are those set so far."""

    name: str
    scheme: str
    vpc_id: str
    zones: tuple[Zone, ...]
    security_groups: tuple[str, ...]
    address: str
    created_at: datetime
    attributes: Attributes = msgspec.field(default_factory=dict)
    tags: Tags = msgspec.field(default_factory=dict)


class LoadBalancerObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """``state`` is AWS's: provisioning, active, active_impaired, failed."""

    state: str = "provisioning"
    reason: str = ""


class WeightedGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target group of a forward action and its weight, 0 to 999."""

    target_group_arn: str
    weight: int = 1


class Redirect(msgspec.Struct, frozen=True, omit_defaults=True):
    """A redirect action's settings; ``status_code`` is ``HTTP_301`` or ``HTTP_302``."""

    status_code: str
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


class FixedResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fixed-response action's settings."""

    status_code: str
    content_type: str = ""
    message_body: str = ""


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with a request: ``type`` is forward, redirect or fixed-response.

    ``stickiness`` is the forward action's group stickiness in seconds, ``None`` when it is off.
    """

    type: str
    groups: tuple[WeightedGroup, ...] = ()
    stickiness: int | None = None
    redirect: Redirect | None = None
    fixed_response: FixedResponse | None = None
    order: int | None = None


class QueryPair(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value of a query-string condition; ``key`` is ``None`` for any."""

    value: str
    key: str | None = None


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition of a rule; ``pairs`` for query-string, ``header`` for http-header."""

    field: str
    values: tuple[str, ...] = ()
    header: str = ""
    pairs: tuple[QueryPair, ...] = ()


class Listener(msgspec.Struct, frozen=True, omit_defaults=True):
    """An HTTP listener; ``key`` is its ARN. ``actions`` are those of the default rule."""

    load_balancer_arn: str
    port: int
    actions: tuple[Action, ...]
    default_rule_arn: str
    created_at: datetime
    attributes: Attributes = msgspec.field(default_factory=dict)
    tags: Tags = msgspec.field(default_factory=dict)
    default_rule_tags: Tags = msgspec.field(default_factory=dict)


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule other than a default rule; ``key`` is its ARN."""

    load_balancer_arn: str
    listener_arn: str
    priority: int
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    created_at: datetime
    tags: Tags = msgspec.field(default_factory=dict)


class Applied(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a listener or rule: the ``digest`` of the desired half that the data plane carries out."""

    digest: str = ""


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


def target_groups_of(actions: Iterable[Action]) -> tuple[str, ...]:
    """The ARNs of the target groups that actions forward to, each once, in their order."""
    return tuple(
        dict.fromkeys(group.target_group_arn for action in actions for group in action.groups)
    )


LOAD_BALANCERS: Kind[LoadBalancer, LoadBalancerObserved] = Kind(
    "elbv2.load-balancer",
    LoadBalancer,
    LoadBalancerObserved,
    {
        "name": lambda item: item.desired.name,
        "group": lambda item: item.desired.security_groups,
        "vpc": lambda item: item.desired.vpc_id,
    },
)
LISTENERS: Kind[Listener, Applied] = Kind(
    "elbv2.listener",
    Listener,
    Applied,
    {
        "load-balancer": lambda item: item.desired.load_balancer_arn,
        "port": lambda item: f"{item.desired.load_balancer_arn}:{item.desired.port}",
        "target-group": lambda item: target_groups_of(item.desired.actions),
        "default-rule": lambda item: item.desired.default_rule_arn,
    },
)
RULES: Kind[Rule, Applied] = Kind(
    "elbv2.rule",
    Rule,
    Applied,
    {
        "listener": lambda item: item.desired.listener_arn,
        "load-balancer": lambda item: item.desired.load_balancer_arn,
        "priority": lambda item: f"{item.desired.listener_arn}:{item.desired.priority}",
        "target-group": lambda item: target_groups_of(item.desired.actions),
    },
)
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

# Listeners and rules: whether the data plane does what is desired


def digest(desired: Listener | Rule) -> str:
    """Names all of a listener or rule that decides how requests are treated."""
    parts: tuple[object, ...]
    if isinstance(desired, Listener):
        parts = (desired.port, desired.actions)
    else:
        parts = (desired.priority, desired.conditions, desired.actions)
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


def carried_out(item: Item[Listener, Applied] | Item[Rule, Applied]) -> bool:
    """Whether new requests are already treated as this listener or rule says."""
    return item.observed.digest == digest(item.desired)


# What forwards to a target group


def listeners_to(
    tx: Transaction, scope: Scope, target_group_arn: str
) -> list[Item[Listener, Applied]]:
    """The listeners whose default rule forwards to a target group."""
    return tx.page(LISTENERS, scope, where=("target-group", target_group_arn))


def rules_to(tx: Transaction, scope: Scope, target_group_arn: str) -> list[Item[Rule, Applied]]:
    """The rules, other than default rules, that forward to a target group."""
    return tx.page(RULES, scope, where=("target-group", target_group_arn))


def load_balancer_of(tx: Transaction, scope: Scope, target_group_arn: str) -> str | None:
    """The ARN of the one load balancer that uses a target group, if any does."""
    listener = tx.one(LISTENERS, scope, "target-group", target_group_arn)
    if listener is not None:
        return listener.desired.load_balancer_arn
    rule = tx.one(RULES, scope, "target-group", target_group_arn)
    return None if rule is None else rule.desired.load_balancer_arn


# Targets


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
) -> tuple[str, str, str] | None:
    """``(state, reason, description)`` of a target; ``None`` when it is not registered."""
    target = tx.get(TARGETS, scope, target_key(target_group_arn, target_id, port))
    if target is None:
        return None
    arn = load_balancer_of(tx, scope, target_group_arn)
    balancer = None if arn is None else tx.get(LOAD_BALANCERS, scope, arn)
    found = NOT_IN_USE if balancer is None else judge(target, balancer)
    return found.state, found.reason, found.description


def group_not_found(arn: str) -> ServiceError:
    """The error for a target group that does not exist."""
    return ServiceError("TargetGroupNotFound", f"Target groups '{arn}' not found")
