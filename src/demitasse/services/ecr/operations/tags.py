"""Tags of repositories (not those of images)."""

from __future__ import annotations

import re

import msgspec

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.ecr import images
from demitasse.services.ecr.images import RepositoryItem
from demitasse.services.ecr.operations.base import api, check_tags, invalid
from demitasse.services.ecr.records import REPOSITORIES

_ARN = re.compile(r"arn:aws:ecr:([a-z0-9-]+):(\d{12}):repository/(.+)")


@api.operation("TagResource")
def tag_resource(context: Context, given: Input) -> Output:
    """Add or replace tags."""
    where = _resource(context, given)
    _keep(context, where, check_tags(given["tags"], where.desired.tags))
    return {}


@api.operation("UntagResource")
def untag_resource(context: Context, given: Input) -> Output:
    """Remove tags; those that are not there are passed over."""
    where = _resource(context, given)
    gone = set(given["tagKeys"])
    _keep(
        context,
        where,
        {key: value for key, value in where.desired.tags.items() if key not in gone},
    )
    return {}


@api.operation("ListTagsForResource")
def list_tags_for_resource(context: Context, given: Input) -> Output:
    """The tags of a repository."""
    tags = _resource(context, given).desired.tags
    return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _keep(context: Context, where: RepositoryItem, tags: dict[str, str]) -> None:
    desired = msgspec.structs.replace(where.desired, tags=tags)
    context.tx.desire(REPOSITORIES, where.ref, desired)


def _resource(context: Context, given: Input) -> RepositoryItem:
    match = _ARN.fullmatch(given["resourceArn"])
    if match is None:
        raise invalid("resourceArn", "Invalid ARN")
    region, account, name = match.groups()
    if region != context.scope.region:
        raise invalid("resourceArn", f"the ARN is of region {region}, not {context.scope.region}")
    return images.repository(context.tx, context.scope, name, account)
