"""Tags of DB instances and DB subnet groups, by ARN."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.rds.operations.api import api, instance_named, show_tags, tags_of
from demitasse.services.rds.records import DB_INSTANCES, SUBNET_GROUPS
from demitasse.store import Item, Kind


@api.operation("AddTagsToResource")
def add_tags(ctx: Context, given: Input) -> Output:
    """Tag a resource."""
    kind, item = _named(ctx, given["ResourceName"])
    _write(ctx, kind, item, item.desired.tags | tags_of(given))
    return {}


@api.operation("RemoveTagsFromResource")
def remove_tags(ctx: Context, given: Input) -> Output:
    """Untag a resource."""
    kind, item = _named(ctx, given["ResourceName"])
    gone = set(given["TagKeys"])
    _write(ctx, kind, item, {k: v for k, v in item.desired.tags.items() if k not in gone})
    return {}


@api.operation("ListTagsForResource")
def list_tags(ctx: Context, given: Input) -> Output:
    """List a resource's tags."""
    _kind, item = _named(ctx, given["ResourceName"])
    return {"TagList": show_tags(item.desired.tags)}


def _named(ctx: Context, arn: str) -> tuple[Kind[Any, Any], Item[Any, Any]]:
    prefix = ctx.scope.arn("rds", "")
    if not arn.startswith(prefix) or ":" not in arn.removeprefix(prefix):
        raise ServiceError(
            "InvalidParameterValue", f"The specified resource name is invalid: {arn}"
        )
    what, name = arn.removeprefix(prefix).split(":", 1)
    if what == "db":
        return DB_INSTANCES, instance_named(ctx, name)
    if what == "subgrp":
        group = ctx.tx.get(SUBNET_GROUPS, ctx.scope, name)
        if group is not None:
            return SUBNET_GROUPS, group
        raise ServiceError(
            "DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist."
        )
    raise ServiceError("InvalidParameterValue", f"The specified resource name is invalid: {arn}")


def _write(ctx: Context, kind: Kind[Any, Any], item: Item[Any, Any], tags: dict[str, str]) -> None:
    ctx.tx.desire(kind, item.ref, msgspec.structs.replace(item.desired, tags=tags))
