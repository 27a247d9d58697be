"""Repositories: created, found, described, renamed, deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.codecommit.comments import forget_comments
from demitasse.services.codecommit.operations.api import api, check_name, check_tags
from demitasse.services.codecommit.pull_requests import forget
from demitasse.services.codecommit.records import (
    REPOSITORIES,
    Repository,
    RepositoryItem,
    arn_of,
    clone_url,
    default_branch,
    find_repository,
    repository,
)
from demitasse.store import Ref

_PAGE = 1000
_MOST_NAMES = 100


def shown(context: Context, item: RepositoryItem) -> dict[str, Any]:
    """RepositoryMetadata. There is no SSH, so no ``cloneUrlSsh``."""
    modified = max(filter(None, (item.desired.modified_at, item.observed.pushed_at)))
    return {
        "accountId": item.scope.account,
        "repositoryId": item.desired.repository_id,
        "repositoryName": item.key,
        "repositoryDescription": item.desired.description or None,
        "defaultBranch": default_branch(item) or None,
        "lastModifiedDate": modified,
        "creationDate": item.desired.created_at,
        "cloneUrlHttp": clone_url(context.site.endpoint, item.key),
        "Arn": arn_of(item.scope, item.key),
    }


@api.operation("CreateRepository")
def create_repository(context: Context, given: Input) -> Output:
    """Keep a new, empty repository; git's own part is made with the first that is put in."""
    name = check_name(given["repositoryName"])
    if given.get("kmsKeyId"):
        raise NotSupported("kmsKeyId")
    tags = check_tags(given.get("tags", {}), {})
    _check_free(context, name)
    item = context.tx.create(
        REPOSITORIES,
        context.scope,
        name,
        Repository(
            repository_id=context.ids.uuid(),
            created_at=context.now,
            modified_at=context.now,
            description=given.get("repositoryDescription", ""),
            tags=tags,
        ),
    )
    return {"repositoryMetadata": shown(context, item)}


@api.operation("GetRepository")
def get_repository(context: Context, given: Input) -> Output:
    """One repository."""
    name = check_name(given["repositoryName"])
    return {"repositoryMetadata": shown(context, repository(context.tx, context.scope, name))}


@api.operation("BatchGetRepositories")
def batch_get_repositories(context: Context, given: Input) -> Output:
    """Several repositories, and the names of those that are not there."""
    names = list(dict.fromkeys(given["repositoryNames"]))
    if not names:
        raise ServiceError(
            "RepositoryNamesRequiredException", "At least one repository name is required."
        )
    if len(names) > _MOST_NAMES:
        raise ServiceError(
            "MaximumRepositoryNamesExceededException",
            f"Up to {_MOST_NAMES} repository names can be given.",
        )
    found = {name: find_repository(context.tx, context.scope, check_name(name)) for name in names}
    missing = [name for name, item in found.items() if item is None]
    return {
        "repositories": [shown(context, item) for item in found.values() if item],
        "repositoriesNotFound": missing,
        "errors": [
            {
                "repositoryName": name,
                "errorCode": "RepositoryDoesNotExistException",
                "errorMessage": f"{name} does not exist",
            }
            for name in missing
        ],
    }


@api.operation("ListRepositories")
def list_repositories(context: Context, given: Input) -> Output:
    """Names and ids, by name, or by when they were changed."""
    order, by = given.get("order", "ascending"), given.get("sortBy", "repositoryName")
    after = paging.start(given.get("nextToken"), code="InvalidContinuationTokenException")
    if by == "repositoryName" and order == "ascending":
        rows = context.tx.page(REPOSITORIES, context.scope, after=after, limit=_PAGE + 1)
        page, more = paging.cut(rows, _PAGE)
        token = paging.token(page[-1].key) if more else None
    else:
        rows = sorted(
            context.tx.page(REPOSITORIES, context.scope),
            key=lambda item: (
                "" if by == "repositoryName" else item.desired.modified_at.isoformat(),
                item.key,
            ),
            reverse=order == "descending",
        )
        start = int(after) if after.isdigit() else 0
        page, more = paging.cut(rows[start:], _PAGE)
        token = paging.token(str(start + _PAGE)) if more else None
    return {
        "repositories": [
            {"repositoryName": item.key, "repositoryId": item.desired.repository_id}
            for item in page
        ],
        "nextToken": token,
    }


@api.operation("DeleteRepository")
def delete_repository(context: Context, given: Input) -> Output:
    """Forget a repository with all that is in it. One that is not there is none, as on AWS."""
    item = find_repository(context.tx, context.scope, check_name(given["repositoryName"]))
    if item is None:
        return {}
    forget_comments(context.tx, item)
    forget(context.tx, item)
    context.tx.delete(REPOSITORIES, item.ref)
    return {"repositoryId": item.desired.repository_id}


@api.operation("UpdateRepositoryName")
def update_repository_name(context: Context, given: Input) -> Output:
    """Give a repository another name; its id, its content and its tags stay."""
    item = repository(context.tx, context.scope, check_name(given["oldName"]))
    name = check_name(given["newName"])
    _check_free(context, name)
    context.tx.delete(REPOSITORIES, item.ref)
    renamed = msgspec.structs.replace(item.desired, modified_at=context.now)
    context.tx.create(REPOSITORIES, context.scope, name, renamed, item.observed)
    return {}


@api.operation("UpdateRepositoryDescription")
def update_repository_description(context: Context, given: Input) -> Output:
    """Describe a repository anew; no description removes it."""
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    described = msgspec.structs.replace(
        item.desired, description=given.get("repositoryDescription", ""), modified_at=context.now
    )
    context.tx.desire(REPOSITORIES, Ref(item.scope, item.key), described)
    return {}


def _check_free(context: Context, name: str) -> None:
    if find_repository(context.tx, context.scope, name):
        raise ServiceError(
            "RepositoryNameExistsException", f"Repository named {name} already exists"
        )
