"""Tags of applications and deployment groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    APPLICATIONS,
    GROUPS,
    find_application,
    find_group,
)

MOST_TAGS = 50
_LONGEST_KEY, _LONGEST_VALUE = 128, 256


@api.operation("TagResource")
def tag(ctx: Context, given: Input) -> Output:
    """Add tags, or replace those of the same keys."""
    _change(ctx, given["ResourceArn"], add=given["Tags"])
    return {}


@api.operation("UntagResource")
def untag(ctx: Context, given: Input) -> Output:
    """Take tags away."""
    _change(ctx, given["ResourceArn"], remove=given["TagKeys"])
    return {}


@api.operation("ListTagsForResource")
def list_tags(ctx: Context, given: Input) -> Output:
    """The tags of an application or group."""
    tags = _change(ctx, given["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def checked(given: Iterable[Input] | None) -> dict[str, str]:
    """Tags as kept. ``ServiceError``: ``InvalidTagsToAddException``."""
    tags: dict[str, str] = {}
    for each in given or ():
        key, value = each.get("Key", ""), each.get("Value", "")
        if not 1 <= len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise _invalid(
                f"A tag's key can have 1 to {_LONGEST_KEY} characters and its value up to"
                f" {_LONGEST_VALUE}."
            )
        if key.lower().startswith("aws:"):
            raise _invalid("Tag keys must not begin with aws:")
        tags[key] = value
    if len(tags) > MOST_TAGS:
        raise _invalid(f"A resource can have at most {MOST_TAGS} tags.")
    return tags


def _change(
    ctx: Context, arn: str, *, add: Iterable[Input] = (), remove: Iterable[str] = ()
) -> dict[str, str]:
    """The tags of what the ARN names, with these changes kept."""
    kind, item = _resource(ctx, arn)
    gone = set(remove)
    merged = {**item.desired.tags, **checked(add)}
    tags = {key: value for key, value in merged.items() if key not in gone}
    if len(tags) > MOST_TAGS:
        raise _invalid(f"A resource can have at most {MOST_TAGS} tags.")
    if tags != item.desired.tags:
        ctx.tx.desire(kind, item.ref, msgspec.structs.replace(item.desired, tags=tags))
    return tags


def _resource(ctx: Context, arn: str) -> tuple[Any, Any]:
    parts = arn.split(":", 6)
    if len(parts) != 7 or parts[2] != "codedeploy":
        raise ServiceError("InvalidArnException", f"The ARN {arn} is not valid.")
    if (parts[4], parts[3]) != (ctx.scope.account, ctx.scope.region):
        raise ServiceError("InvalidArnException", f"The ARN {arn} is of elsewhere.")
    if parts[5] == "application":
        return APPLICATIONS, find_application(ctx.tx, ctx.scope, parts[6])
    if parts[5] == "deploymentgroup":
        application, _, name = parts[6].partition("/")
        return GROUPS, find_group(ctx.tx, ctx.scope, application, name)
    raise ServiceError(
        "ArnNotSupportedException", f"The ARN {arn} names no resource that can have tags."
    )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidTagsToAddException", message)
