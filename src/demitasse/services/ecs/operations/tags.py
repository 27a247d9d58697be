"""Tags on clusters, services, tasks, task definitions and task sets."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ecs.operations import names
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.records import (
    CLUSTERS,
    SERVICES,
    TASK_DEFINITIONS,
    TASK_SETS,
    TASKS,
    Tags,
    find_task_definition,
)
from demitasse.services.ecs.records.shapes import show_tags, tags_from
from demitasse.store import Item, Kind

MOST = 50
_KINDS: dict[str, Kind[Any, Any]] = {
    "cluster": CLUSTERS,
    "service": SERVICES,
    "task": TASKS,
    "task-definition": TASK_DEFINITIONS,
    "task-set": TASK_SETS,
}


def checked(given: Any) -> Tags:
    """The tags of an input. ``InvalidParameterException``."""
    if any(not tag.get("key") for tag in given or ()):
        raise names.invalid("A tag must have a key.")
    tags = tags_from(given)
    if len(tags) < len(given or ()):
        raise names.invalid("Tag keys must be unique.")
    return _allowed(tags)


def _allowed(tags: Tags) -> Tags:
    if len(tags) > MOST:
        raise names.invalid(f"A resource cannot have more than {MOST} tags.")
    if any(key.lower().startswith("aws:") for key in tags):
        raise names.invalid("Tag keys cannot start with aws: as this is reserved for AWS use.")
    return tags


@api.operation("TagResource")
def tag_resource(ctx: Context, given: Input) -> Output:
    """Add tags, or give them other values."""
    kind, item = _resource(ctx, given["resourceArn"])
    kept = {key: value for key, value in item.desired.tags.items() if key.startswith("aws:")}
    own = {key: value for key, value in item.desired.tags.items() if key not in kept}
    new = _allowed(own | checked(given["tags"]))
    ctx.tx.desire(kind, item.ref, msgspec.structs.replace(item.desired, tags=kept | new))
    return {}


@api.operation("UntagResource")
def untag_resource(ctx: Context, given: Input) -> Output:
    """Remove tags; those that are not there are no error."""
    kind, item = _resource(ctx, given["resourceArn"])
    gone = set(given["tagKeys"])
    if any(key.startswith("aws:") for key in gone):
        raise names.invalid("Tag keys that start with aws: cannot be removed.")
    left = {key: value for key, value in item.desired.tags.items() if key not in gone}
    ctx.tx.desire(kind, item.ref, msgspec.structs.replace(item.desired, tags=left))
    return {}


@api.operation("ListTagsForResource")
def list_tags_for_resource(ctx: Context, given: Input) -> Output:
    """The tags of one resource."""
    _, item = _resource(ctx, given["resourceArn"])
    return {"tags": show_tags(item.desired.tags)}


def _resource(ctx: Context, arn: str) -> tuple[Kind[Any, Any], Item[Any, Any]]:
    prefix = ctx.scope.arn("ecs", "")
    kind_name, _, key = arn.removeprefix(prefix).partition("/")
    kind = _KINDS.get(kind_name)
    if not arn.startswith(prefix) or kind is None or not key:
        raise names.invalid(f"Invalid resource ARN: {arn}")
    item: Item[Any, Any] | None
    if kind is TASK_DEFINITIONS:
        item = find_task_definition(ctx.tx, ctx.scope, key) if ":" in key else None
    else:
        item = ctx.tx.get(kind, ctx.scope, key)
    if item is None:
        if kind is CLUSTERS:
            raise ServiceError("ClusterNotFoundException", "Cluster not found.")
        raise ServiceError("InvalidParameterException", f"The specified {kind_name} is not found.")
    return kind, item
