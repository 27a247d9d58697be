"""The table of RDS's operations, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Api, Context
from demitasse.services.rds.records import DB_INSTANCES, DbInstance, DbInstanceObserved
from demitasse.store import Item, Kind

api = Api("rds")

_SMALLEST_PAGE, _LARGEST_PAGE = 20, 100

Instance = Item[DbInstance, DbInstanceObserved]


def instance_named(ctx: Context, identifier: str) -> Instance:
    """The DB instance; ``DBInstanceNotFound``."""
    item = ctx.tx.get(DB_INSTANCES, ctx.scope, identifier.lower())
    if item is None:
        raise ServiceError("DBInstanceNotFound", f"DBInstance {identifier} not found.")
    return item


def page(
    ctx: Context,
    given: Input,
    kind: Kind[Any, Any],
    show: Callable[[Context, Item[Any, Any]], Output],
) -> tuple[list[Output], Output]:
    """A page of records, and the members of the answer that lead to the next."""
    limit = page_size(given)
    after = paging.start(given.get("Marker"), code="InvalidParameterValue")
    items, more = paging.cut(ctx.tx.page(kind, ctx.scope, after=after, limit=limit + 1), limit)
    marker = {"Marker": paging.token(items[-1].key)} if more else {}
    return [show(ctx, item) for item in items], marker


def page_size(given: Input) -> int:
    """How many records a page may hold."""
    limit: int = given.get("MaxRecords", _LARGEST_PAGE)
    if not _SMALLEST_PAGE <= limit <= _LARGEST_PAGE:
        raise ServiceError(
            "InvalidParameterValue",
            f"Invalid value {limit} for MaxRecords. Must be between {_SMALLEST_PAGE} and"
            f" {_LARGEST_PAGE}",
        )
    return limit


def refuse(operation: str, given: Input, *options: str) -> None:
    """Refuse the options of an operation that are not carried out."""
    for option in options:
        if given.get(option) not in (None, False, 0, [], "", {}):
            raise NotSupported(f"{operation} with {option}")


def tags_of(given: Input) -> dict[str, str]:
    """The tags that a Create call asks for."""
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in given.get("Tags") or []}
    if any(key.startswith("aws:") for key in tags):
        raise ServiceError("InvalidParameterValue", "Tag keys beginning with aws: are reserved")
    return tags


def show_tags(tags: dict[str, str]) -> list[Output]:
    """Tags in AWS's shape."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
