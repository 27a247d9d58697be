"""Tags of repositories (AWS's, not git's)."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codecommit.operations.api import api, check_tags
from demitasse.services.codecommit.records import REPOSITORIES, RepositoryItem, arn_of, repository


@api.operation("TagResource")
def tag_resource(context: Context, given: Input) -> Output:
    """Add tags, or give those that are there another value."""
    item = _named(context, given)
    _keep(context, item, check_tags(given["tags"], item.desired.tags))
    return {}


@api.operation("UntagResource")
def untag_resource(context: Context, given: Input) -> Output:
    """Remove tags; those that are not there are none."""
    item = _named(context, given)
    gone = set(given["tagKeys"])
    check_tags(dict.fromkeys(gone, ""), {})
    _keep(context, item, {key: v for key, v in item.desired.tags.items() if key not in gone})
    return {}


@api.operation("ListTagsForResource")
def list_tags_for_resource(context: Context, given: Input) -> Output:
    """All tags; there are never more than a page of them."""
    return {"tags": _named(context, given).desired.tags}


def _named(context: Context, given: Input) -> RepositoryItem:
    arn = given["resourceArn"]
    name = arn.rpartition(":")[2]
    if arn != arn_of(context.scope, name):
        raise ServiceError(
            "InvalidResourceArnException",
            f"{arn} is not the ARN of a repository of account {context.scope.account} in"
            f" {context.scope.region}",
        )
    return repository(context.tx, context.scope, name)


def _keep(context: Context, item: RepositoryItem, tags: dict[str, str]) -> None:
    tagged = msgspec.structs.replace(item.desired, tags=tags)
    context.tx.desire(REPOSITORIES, item.ref, tagged)
