"""Tags of rules and event buses."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.events.operations import names
from demitasse.services.events.operations.api import api
from demitasse.services.events.records import BUSES, DEFAULT_BUS, RULES, Tags, rule_key
from demitasse.store import Item, Kind


@api.operation("TagResource")
def tag_resource(ctx: Context, given: Input) -> Output:
    """Set tags of a rule or a bus."""
    kind, item = _found(ctx, given["ResourceARN"])
    return _keep(ctx, kind, item, names.tags(given["Tags"], item.desired.tags))


@api.operation("UntagResource")
def untag_resource(ctx: Context, given: Input) -> Output:
    """Remove tags of a rule or a bus."""
    kind, item = _found(ctx, given["ResourceARN"])
    left = {k: v for k, v in item.desired.tags.items() if k not in given["TagKeys"]}
    return _keep(ctx, kind, item, left)


@api.operation("ListTagsForResource")
def list_tags_for_resource(ctx: Context, given: Input) -> Output:
    """The tags of a rule or a bus."""
    _, item = _found(ctx, given["ResourceARN"])
    return {"Tags": [{"Key": k, "Value": v} for k, v in item.desired.tags.items()]}


def _found(ctx: Context, arn: str) -> tuple[Kind[Any, Any], Item[Any, Any]]:
    prefix = ctx.scope.arn("events", "")
    if not arn.startswith(prefix):
        raise names.invalid(f"ResourceARN {arn} is not valid.")
    what, _, name = arn.removeprefix(prefix).partition("/")
    item: Item[Any, Any] | None
    if what == "event-bus":
        kind: Kind[Any, Any] = BUSES
        item = ctx.tx.get(BUSES, ctx.scope, name)
    elif what == "rule":
        bus, _, rule = name.rpartition("/")
        kind, item = RULES, ctx.tx.get(RULES, ctx.scope, rule_key(bus or DEFAULT_BUS, rule))
    else:
        raise names.invalid(f"ResourceARN {arn} is not valid.")
    if item is None:
        raise names.not_found(f"{what.capitalize()} {name} does not exist.")
    return kind, item


def _keep(ctx: Context, kind: Kind[Any, Any], item: Item[Any, Any], tags: Tags) -> Output:
    ctx.tx.desire(kind, item.ref, msgspec.structs.replace(item.desired, tags=tags))
    return {}
