"""Finding what a caller names, or saying in AWS's words what is wrong with it."""

from __future__ import annotations

from datetime import datetime

from demitasse.api import Input
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.logs import events
from demitasse.services.logs.records import LOG_GROUPS


def milliseconds(moment: datetime) -> int:
    """A time as CloudWatch Logs counts them."""
    return int(moment.timestamp() * 1000)


def invalid(message: str) -> ServiceError:
    """AWS's error for a wrong value."""
    return ServiceError("InvalidParameterException", message)


def group(ctx: Context, name: str) -> events.GroupItem:
    """The group of that name."""
    item = ctx.tx.get(LOG_GROUPS, ctx.scope, name)
    if item is None:
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return item


def identified(ctx: Context, given: Input) -> events.GroupItem:
    """The group that ``logGroupName`` or ``logGroupIdentifier`` names, exactly one of them."""
    name, identifier = given.get("logGroupName"), given.get("logGroupIdentifier")
    if name is not None and identifier is None:
        return group(ctx, name)
    if identifier is not None and name is None:
        return group(ctx, of_identifier(ctx, identifier))
    raise invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.")


def of_identifier(ctx: Context, identifier: str) -> str:
    """The name in a name or an ARN; groups of other accounts and regions are not found."""
    if not identifier.startswith("arn:"):
        return identifier
    prefix = ctx.scope.arn("logs", "log-group:")
    if not identifier.startswith(prefix):
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return identifier.removeprefix(prefix).removesuffix(":*")


def stream(ctx: Context, of: events.GroupItem, name: str) -> events.Stream:
    """The stream of that name."""
    found = events.stream(ctx.tx, of.desired.number, name)
    if found is None:
        raise ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
    return found


def start(given: Input) -> str:
    """Where the page asked for begins."""
    return paging.start(
        given.get("nextToken"),
        code="InvalidParameterException",
        message="The specified nextToken is invalid.",
    )
