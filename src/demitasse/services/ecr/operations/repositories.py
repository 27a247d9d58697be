"""Repositories and their settings."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ecr import images
from demitasse.services.ecr.images import RepositoryItem
from demitasse.services.ecr.operations.base import api, check_tags, invalid, named, place
from demitasse.services.ecr.records import IMAGES, REPOSITORIES, Repository, in_repository

_PAGE = 100
_MOST_WILDCARDS = 2
_WITH_EXCLUSION = "_WITH_EXCLUSION"


@api.operation("CreateRepository")
def create_repository(context: Context, given: Input) -> Output:
    """Keep a new, empty repository."""
    name = given["repositoryName"]
    _check_own(context, given)
    _check_encryption(given.get("encryptionConfiguration", {}))
    mutability, exclusions = _mutability(given)
    repository = Repository(
        created_at=context.now,
        tag_mutability=mutability,
        exclusions=exclusions,
        scan_on_push=given.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        tags=check_tags(given.get("tags", ()), {}),
    )
    if context.tx.get(REPOSITORIES, context.scope, name):
        raise ServiceError(
            "RepositoryAlreadyExistsException",
            f"The repository with name '{name}' already exists in the registry with id"
            f" '{context.scope.account}'",
        )
    item = context.tx.create(REPOSITORIES, context.scope, name, repository)
    return {"repository": _shown(context, item)}


@api.operation("DescribeRepositories")
def describe_repositories(context: Context, given: Input) -> Output:
    """The repositories named, or all in pages."""
    _check_own(context, given)
    names = given.get("repositoryNames")
    if names:
        if "maxResults" in given or "nextToken" in given:
            raise invalid("maxResults", "must not be specified together with repositoryNames")
        found = [images.repository(context.tx, context.scope, name) for name in names]
        return {"repositories": [_shown(context, item) for item in found]}
    after = paging.start(given.get("nextToken"), code="InvalidParameterException")
    limit = given.get("maxResults", _PAGE)
    rows = context.tx.page(REPOSITORIES, context.scope, after=after, limit=limit + 1)
    page, more = paging.cut(rows, limit)
    return {
        "repositories": [_shown(context, item) for item in page],
        "nextToken": paging.token(page[-1].key) if more else None,
    }


@api.operation("DeleteRepository")
def delete_repository(context: Context, given: Input) -> Output:
    """Forget a repository; one with images only by force."""
    where = named(context, given)
    prefix = in_repository(where.key, "")
    full = context.tx.page(IMAGES, context.scope, prefix=prefix, limit=1)
    if full and not given.get("force"):
        raise ServiceError(
            "RepositoryNotEmptyException",
            f"The repository with name '{where.key}' in registry with id '{where.scope.account}'"
            " cannot be deleted because it still contains images",
        )
    images.delete_repository(context.tx, where, context.ids, context.now)
    return {"repository": _shown(context, where)}


@api.operation("PutImageTagMutability")
def put_image_tag_mutability(context: Context, given: Input) -> Output:
    """Whether a tag, once given, may be given to another image."""
    where = named(context, given)
    mutability, exclusions = _mutability(given)
    desired = msgspec.structs.replace(
        where.desired, tag_mutability=mutability, exclusions=exclusions
    )
    where = context.tx.desire(REPOSITORIES, where.ref, desired)
    return {**place(where), **_shown_mutability(where.desired)}


@api.operation("PutImageScanningConfiguration")
def put_image_scanning_configuration(context: Context, given: Input) -> Output:
    """Keep the wish for scans; images then say that scanning failed, and why."""
    where = named(context, given)
    scan = given["imageScanningConfiguration"].get("scanOnPush", False)
    context.tx.desire(
        REPOSITORIES, where.ref, msgspec.structs.replace(where.desired, scan_on_push=scan)
    )
    return {**place(where), "imageScanningConfiguration": {"scanOnPush": scan}}


# within


def _check_own(context: Context, given: Input) -> None:
    registry = given.get("registryId", context.scope.account)
    if registry != context.scope.account:
        raise invalid("registryId", f"{registry} is not the registry of the account that calls")


def _check_encryption(given: dict[str, Any]) -> None:
    kind = given.get("encryptionType", "AES256")
    if kind != "AES256":
        raise NotSupported(f"The repository's encryptionType {kind}")
    if "kmsKey" in given:
        raise invalid("kmsKey", "must not be specified when encryptionType is AES256")


def _mutability(given: Input) -> tuple[str, tuple[str, ...]]:
    mutability = given.get("imageTagMutability", "MUTABLE")
    exclusions = tuple(
        each["filter"] for each in given.get("imageTagMutabilityExclusionFilters", ())
    )
    if bool(exclusions) != mutability.endswith(_WITH_EXCLUSION):
        raise invalid(
            "imageTagMutabilityExclusionFilters",
            "must be specified when imageTagMutability is IMMUTABLE_WITH_EXCLUSION or"
            " MUTABLE_WITH_EXCLUSION, and only then",
        )
    for pattern in exclusions:
        if pattern.count("*") > _MOST_WILDCARDS:
            raise invalid(
                "imageTagMutabilityExclusionFilters",
                f"'{pattern}' has more than {_MOST_WILDCARDS} wildcards",
            )
    return mutability, exclusions


def _shown_mutability(kept: Repository) -> dict[str, Any]:
    shown: dict[str, Any] = {"imageTagMutability": kept.tag_mutability}
    if kept.exclusions:
        shown["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in kept.exclusions
        ]
    return shown


def _shown(context: Context, item: RepositoryItem) -> dict[str, Any]:
    return {
        "repositoryArn": item.scope.arn("ecr", f"repository/{item.key}"),
        "registryId": item.scope.account,
        "repositoryName": item.key,
        "repositoryUri": f"{context.site.registry}/{item.key}",
        "createdAt": item.desired.created_at,
        **_shown_mutability(item.desired),
        "imageScanningConfiguration": {"scanOnPush": item.desired.scan_on_push},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
