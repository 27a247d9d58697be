"""Tags of log groups, by ARN and, as it was before, by name."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.logs import events
from demitasse.services.logs.operations import names
from demitasse.services.logs.operations.api import api
from demitasse.services.logs.records import LOG_GROUPS, Tags

_MOST = 50


def check(given: Tags) -> None:
    """``InvalidParameterException`` for keys that are Amazon's own."""
    for key in given:
        if key.lower().startswith("aws:"):
            raise names.invalid(f"Tag key {key} is reserved: it begins with aws:")


def _by_arn(ctx: Context, arn: str) -> events.GroupItem:
    prefix = ctx.scope.arn("logs", "log-group:")
    if not arn.startswith(prefix):
        raise names.invalid(f"The resource ARN is invalid: {arn}")
    name = arn.removeprefix(prefix)
    item = ctx.tx.get(LOG_GROUPS, ctx.scope, name)
    if item is None:
        raise ServiceError("ResourceNotFoundException", f"The resource {arn} does not exist.")
    return item


def _add(ctx: Context, item: events.GroupItem, given: Tags) -> Output:
    check(given)
    after = item.desired.tags | given
    if len(after) > _MOST:
        raise ServiceError(
            "TooManyTagsException",
            f"A resource can have at most {_MOST} tags.",
            resourceName=item.key,
        )
    _keep(ctx, item, after)
    return {}


def _remove(ctx: Context, item: events.GroupItem, keys: list[str]) -> Output:
    _keep(ctx, item, {key: value for key, value in item.desired.tags.items() if key not in keys})
    return {}


def _keep(ctx: Context, item: events.GroupItem, tags: Tags) -> None:
    ctx.tx.desire(LOG_GROUPS, item.ref, msgspec.structs.replace(item.desired, tags=tags))


@api.operation("TagResource")
def tag_resource(ctx: Context, given: Input) -> Output:
    """Set tags of a group."""
    return _add(ctx, _by_arn(ctx, given["resourceArn"]), given["tags"])


@api.operation("UntagResource")
def untag_resource(ctx: Context, given: Input) -> Output:
    """Remove tags of a group."""
    return _remove(ctx, _by_arn(ctx, given["resourceArn"]), given["tagKeys"])


@api.operation("ListTagsForResource")
def list_tags_for_resource(ctx: Context, given: Input) -> Output:
    """The tags of a group."""
    return {"tags": _by_arn(ctx, given["resourceArn"]).desired.tags}


@api.operation("TagLogGroup")
def tag_log_group(ctx: Context, given: Input) -> Output:
    """Set tags of a group, by its name."""
    return _add(ctx, names.group(ctx, given["logGroupName"]), given["tags"])


@api.operation("UntagLogGroup")
def untag_log_group(ctx: Context, given: Input) -> Output:
    """Remove tags of a group, by its name."""
    return _remove(ctx, names.group(ctx, given["logGroupName"]), given["tags"])


@api.operation("ListTagsLogGroup")
def list_tags_log_group(ctx: Context, given: Input) -> Output:
    """The tags of a group, by its name."""
    return {"tags": names.group(ctx, given["logGroupName"]).desired.tags}
