"""Tags on pipelines."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import PIPELINES, PipelineItem, pipeline_arn

MOST = 50
Tags = dict[str, str]


def checked(arn: str, given: Any) -> Tags:
    """The tags of an input for a resource. ``InvalidTagsException``, ``TooManyTagsException``."""
    tags = {tag["key"]: tag["value"] for tag in given or ()}
    if len(tags) < len(given or ()):
        raise ServiceError("InvalidTagsException", "Tag keys must be unique.")
    return _allowed(arn, tags)


def _allowed(arn: str, tags: Tags) -> Tags:
    if len(tags) > MOST:
        raise ServiceError("TooManyTagsException", f"Tag limit exceeded for resource [{arn}].")
    if any(key.lower().startswith("aws:") for key in tags):
        raise ServiceError(
            "InvalidTagsException",
            "Not allowed to modify system tags. System tags start with 'aws:'. msg=[Caller is an end"
            " user and not allowed to mutate system tags]",
        )
    return tags


def show(tags: Tags) -> list[Output]:
    """The inverse of ``checked``."""
    return [{"key": key, "value": value} for key, value in tags.items()]


@api.operation("TagResource")
def tag_resource(ctx: Context, given: Input) -> Output:
    """Add tags, or give them other values."""
    item = _resource(ctx, given["resourceArn"])
    arn = given["resourceArn"]
    tags = _allowed(arn, item.desired.tags | checked(arn, given["tags"]))
    ctx.tx.desire(PIPELINES, item.ref, msgspec.structs.replace(item.desired, tags=tags))
    return {}


@api.operation("UntagResource")
def untag_resource(ctx: Context, given: Input) -> Output:
    """Remove tags; those that are not there are no error."""
    item = _resource(ctx, given["resourceArn"])
    gone = set(given["tagKeys"])
    left = {key: value for key, value in item.desired.tags.items() if key not in gone}
    ctx.tx.desire(PIPELINES, item.ref, msgspec.structs.replace(item.desired, tags=left))
    return {}


@api.operation("ListTagsForResource")
def list_tags_for_resource(ctx: Context, given: Input) -> Output:
    """The tags of a pipeline, by key."""
    item = _resource(ctx, given["resourceArn"])

    def rows(after: str, limit: int) -> list[tuple[str, Output]]:
        keys = sorted(key for key in item.desired.tags if key > after)[:limit]
        return [(key, {"key": key, "value": item.desired.tags[key]}) for key in keys]

    return names.page(given, "tags", rows)


def _resource(ctx: Context, arn: str) -> PipelineItem:
    prefix = pipeline_arn(ctx.scope, "")
    if not arn.startswith(prefix) or "/" in arn:
        raise ServiceError("InvalidArnException", f"{arn} is not the ARN of a pipeline here")
    name = arn.removeprefix(prefix)
    item = ctx.tx.get(PIPELINES, ctx.scope, name)
    if item is None:
        raise names.no_pipeline_of(ctx, name)
    return item
