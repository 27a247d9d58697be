"""Finding what a caller names, or saying in AWS's words what is wrong with it."""

from __future__ import annotations

from typing import Any

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.events.records import (
    BUSES,
    DEFAULT_BUS,
    RULES,
    Bus,
    Rule,
    RuleObserved,
    Tags,
    bus_arn,
    rule_key,
)
from demitasse.services.iam.records import find_role, trusts_service
from demitasse.store import Item
from demitasse.store.kinds import Nothing

RuleItem = Item[Rule, RuleObserved]
BusItem = Item[Bus, Nothing]

PAGE = 100
SERVICE = "events.amazonaws.com"
_MOST_TAGS = 50


def invalid(message: str) -> ServiceError:
    """AWS's error for a wrong value."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """AWS's error for what is not there."""
    return ServiceError("ResourceNotFoundException", message)


def too_many(message: str) -> ServiceError:
    """AWS's error for what goes beyond a quota."""
    return ServiceError("LimitExceededException", message)


def bus_name(ctx: Context, given: str | None) -> str:
    """The name in a bus's name or ARN; buses of other accounts and regions are refused."""
    if not given:
        return DEFAULT_BUS
    if not given.startswith("arn:"):
        return given
    prefix = bus_arn(ctx.scope, "")
    if not given.startswith(prefix):
        raise NotSupported("An event bus of another account or region")
    return given.removeprefix(prefix)


def bus(ctx: Context, given: str | None) -> BusItem:
    """The bus of that name or ARN (the default one if none is given)."""
    name = bus_name(ctx, given)
    item = ctx.tx.get(BUSES, ctx.scope, name)
    if item is None:
        raise not_found(f"Event bus {name} does not exist.")
    return item


def rule(ctx: Context, name: str, given_bus: str | None) -> RuleItem:
    """The rule of that name on a bus."""
    where = bus(ctx, given_bus).key
    item = ctx.tx.get(RULES, ctx.scope, rule_key(where, name))
    if item is None:
        raise not_found(f"Rule {name} does not exist on EventBus {where}.")
    return item


def role(ctx: Context, arn: str) -> str:
    """A role's ARN, checked: EventBridge must be able to assume it. What it permits is not."""
    if not arn.startswith(ctx.scope.global_arn("iam", "role/")):
        raise invalid(f"RoleArn {arn} is not valid.")
    found = find_role(ctx.tx, ctx.scope, arn)
    if found is None or not trusts_service(found, SERVICE):
        raise invalid(f"Provided role '{arn}' cannot be assumed by principal '{SERVICE}'.")
    return arn


def tags(given: list[dict[str, Any]], before: Tags | None = None) -> Tags:
    """Tags of AWS's list, on top of those before."""
    after = dict(before or {})
    for each in given:
        if each["Key"].lower().startswith("aws:"):
            raise invalid("Tag keys that begin with aws: are reserved for AWS.")
        after[each["Key"]] = each["Value"]
    if len(after) > _MOST_TAGS:
        raise too_many(f"A resource can have at most {_MOST_TAGS} tags.")
    return after


def start(given: Input) -> str:
    """Where the page asked for begins."""
    return paging.start(
        given.get("NextToken"), code="ValidationException", message="NextToken is not valid."
    )


def limit(given: Input) -> int:
    """How much a page may hold."""
    return int(given.get("Limit") or PAGE)
