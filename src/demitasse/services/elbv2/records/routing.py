"""Listeners and rules: what is done with a request, and whether it is done already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.services.elbv2.records.balancers import Attributes, Tags
from demitasse.store import Item, Kind, Transaction


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


def target_groups_of(actions: Iterable[Action]) -> tuple[str, ...]:
    """The ARNs of the target groups that actions forward to, each once, in their order."""
    return tuple(
        dict.fromkeys(group.target_group_arn for action in actions for group in action.groups)
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
