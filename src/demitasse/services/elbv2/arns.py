"""ARNs of load balancers and their parts: making them, reading them, finding what they name."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    Applied,
    Listener,
    LoadBalancer,
    LoadBalancerObserved,
    Rule,
    TargetGroup,
    group_not_found,
)
from demitasse.store import Item, Kind
from demitasse.store.kinds import Nothing

D = TypeVar("D", bound=msgspec.Struct)
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - D and O: desired and observed

_SERVICE = "elasticloadbalancing"
_PREFIX = r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:"
_NAME = r"[A-Za-z0-9-]{1,32}"
_ID = r"[0-9a-f]{16}"
_FORMS = {
    "load balancer": re.compile(rf"{_PREFIX}loadbalancer/app/{_NAME}/{_ID}"),
    "listener": re.compile(rf"{_PREFIX}listener/app/{_NAME}/{_ID}/{_ID}"),
    "listener rule": re.compile(rf"{_PREFIX}listener-rule/app/{_NAME}/{_ID}/{_ID}/{_ID}"),
    "target group": re.compile(rf"{_PREFIX}targetgroup/{_NAME}/{_ID}"),
}


def load_balancer_arn(scope: Scope, name: str, number: str) -> str:
    """``number`` is 16 hexadecimal digits, here and below."""
    return scope.arn(_SERVICE, f"loadbalancer/app/{name}/{number}")


def target_group_arn(scope: Scope, name: str, number: str) -> str:
    """The ARN of a target group."""
    return scope.arn(_SERVICE, f"targetgroup/{name}/{number}")


def listener_arn(load_balancer: str, number: str) -> str:
    """The ARN of a listener of a load balancer."""
    return f"{load_balancer.replace(':loadbalancer/', ':listener/', 1)}/{number}"


def rule_arn(listener: str, number: str) -> str:
    """The ARN of a rule of a listener."""
    return f"{listener.replace(':listener/', ':listener-rule/', 1)}/{number}"


def kind_of(arn: str) -> str | None:
    """``load balancer``, ``listener``, ``listener rule``, ``target group``, or ``None``."""
    for kind, form in _FORMS.items():
        if form.fullmatch(arn):
            return kind
    return None


def engine_id(arn: str) -> str:
    """The name of a load balancer or target group in the traffic engine: name and number."""
    return "-".join(arn.split("/")[-2:])


def check(arn: str, kind: str) -> str:
    """The ARN itself; ``ValidationError`` when it does not have the form of this kind's ARNs."""
    if not _FORMS[kind].fullmatch(arn):
        raise ServiceError("ValidationError", f"'{arn}' is not a valid {kind} ARN")
    return arn


def _find(context: Context, kind: Kind[D, O], word: str, code: str, arn: str) -> Item[D, O]:
    item = context.tx.get(kind, context.scope, check(arn, word))
    if item is None:
        raise ServiceError(code, f"{word.capitalize()} '{arn}' not found")
    return item


def find_load_balancer(context: Context, arn: str) -> Item[LoadBalancer, LoadBalancerObserved]:
    """The load balancer; ``ServiceError``: ``LoadBalancerNotFound``, ``ValidationError``."""
    return _find(context, LOAD_BALANCERS, "load balancer", "LoadBalancerNotFound", arn)


def find_listener(context: Context, arn: str) -> Item[Listener, Applied]:
    """The listener; ``ServiceError``: ``ListenerNotFound``, ``ValidationError``."""
    return _find(context, LISTENERS, "listener", "ListenerNotFound", arn)


def find_rule(context: Context, arn: str) -> Item[Rule, Applied]:
    """The rule, default rules apart; ``ServiceError``: ``RuleNotFound``, ``ValidationError``."""
    return _find(context, RULES, "listener rule", "RuleNotFound", arn)


def find_target_group(context: Context, arn: str) -> Item[TargetGroup, Nothing]:
    """The target group; ``ServiceError``: ``TargetGroupNotFound``, ``ValidationError``."""
    item = context.tx.get(TARGET_GROUPS, context.scope, check(arn, "target group"))
    if item is None:
        raise group_not_found(arn)
    return item
