"""The API that the other files of this folder fill, and what several of them need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demitasse.api import Input
from demitasse.errors import ServiceError
from demitasse.services.base import Api, Context
from demitasse.services.ecr import images
from demitasse.services.ecr.images import RepositoryItem

api = Api("ecr")

_MOST_TAGS = 50


def named(context: Context, given: Input) -> RepositoryItem:
    """The repository that ``repositoryName`` (and ``registryId``) name."""
    return images.repository(
        context.tx, context.scope, given["repositoryName"], given.get("registryId")
    )


def place(where: RepositoryItem) -> dict[str, Any]:
    """The two members with which most answers begin."""
    return {"registryId": where.scope.account, "repositoryName": where.key}


def within(where: RepositoryItem) -> str:
    """The end of many of AWS's sentences."""
    return f"the repository with name '{where.key}' in the registry with id '{where.scope.account}'"


def invalid(parameter: str, why: str) -> ServiceError:
    """InvalidParameterException in AWS's words."""
    return ServiceError(
        "InvalidParameterException",
        f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{why}'",
    )


def check_tags(tags: Sequence[dict[str, str]], kept: dict[str, str]) -> dict[str, str]:
    """``kept`` with ``tags`` added, within AWS's limits."""
    added: dict[str, str] = {}
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise _bad_tag("a tag's key has 1 to 128 characters and its value up to 256")
        if key.lower().startswith("aws:"):
            raise _bad_tag("aws: prefixed tag key names are not allowed for external use")
        if key in added:
            raise _bad_tag(f"the tag key '{key}' is given twice")
        added[key] = value
    result = {**kept, **added}
    if len(result) > _MOST_TAGS:
        raise ServiceError(
            "TooManyTagsException", f"A repository can have up to {_MOST_TAGS} tags."
        )
    return result


def _bad_tag(why: str) -> ServiceError:
    return ServiceError(
        "InvalidTagParameterException",
        f"Invalid parameter at 'tags' failed to satisfy constraint: '{why}'",
    )
