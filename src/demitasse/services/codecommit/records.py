"""What is kept of CodeCommit: repositories, and where their branches and tags stand.

The objects themselves (commits, trees, files) are git's own. Where a branch stands is kept here
as well, written in the transaction that says so as an event: whoever follows a branch follows
these records and never needs to ask git.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.events.records import emit
from demitasse.store import Item, Kind, Ref, Transaction

SOURCE = "aws.codecommit"
STATE_CHANGE = "CodeCommit Repository State Change"
PATH = "/v1/repos/"
"""Below this path of the endpoint, git finds its repositories."""

_BRANCHES, _TAGS = "refs/heads/", "refs/tags/"


class Repository(msgspec.Struct, frozen=True, omit_defaults=True):
    """A repository; ``key`` is its name. ``repository_id`` stays when the name is changed.

    ``default_branch`` is what UpdateDefaultBranch chose; "" leaves it to the first branch.
    """

    repository_id: str
    created_at: datetime
    modified_at: datetime
    description: str = ""
    default_branch: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class RepositoryObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the branches and git tags stand (name → object id), and which branch came first."""

    branches: dict[str, str] = msgspec.field(default_factory=dict)
    git_tags: dict[str, str] = msgspec.field(default_factory=dict)
    first_branch: str = ""
    pushed_at: datetime | None = None


RepositoryItem = Item[Repository, RepositoryObserved]

REPOSITORIES: Kind[Repository, RepositoryObserved] = Kind(
    "codecommit.repository",
    Repository,
    RepositoryObserved,
    {"id": lambda item: item.desired.repository_id},
)


def find_repository(tx: Transaction, scope: Scope, name: str) -> RepositoryItem | None:
    """The repository with that name, or ``None``."""
    return tx.get(REPOSITORIES, scope, name)


def repository(tx: Transaction, scope: Scope, name: str) -> RepositoryItem:
    """The repository with that name; ``RepositoryDoesNotExistException``."""
    item = find_repository(tx, scope, name)
    if item is None:
        raise ServiceError("RepositoryDoesNotExistException", f"{name} does not exist")
    return item


def default_branch(item: RepositoryItem) -> str:
    """The default branch; "" while there is none."""
    return item.desired.default_branch or item.observed.first_branch


def clone_url(endpoint: str, name: str) -> str:
    """The URL at which git finds a repository; account and region come with the credentials."""
    return f"{endpoint}{PATH}{name}"


def arn_of(scope: Scope, name: str) -> str:
    """The repository's ARN."""
    return scope.arn("codecommit", name)


def observe_references(
    tx: Transaction,
    item: RepositoryItem,
    references: Mapping[str, str],
    ids: Ids,
    now: datetime,
    *,
    caller_arn: str = "",
    about: Mapping[str, str] | None = None,
) -> bool:
    """Keep where all ``references`` (``refs/heads/dev`` → object id) of a repository stand now.

    Emits CodeCommit's own event for each that was created, moved or deleted since, in the same
    transaction: each change is told once, also when it is seen again. Whether one was.
    ``about`` are further members of the event, of who knows why they move.
    """
    before = _full(item.observed)
    changed = [
        name for name in {**before, **references} if before.get(name) != references.get(name)
    ]
    if not changed:
        return False
    for name in sorted(changed):
        detail = _detail(item, name, before.get(name), references.get(name), caller_arn)
        detail |= about or {}
        emit(
            tx,
            item.scope,
            ids,
            now,
            source=SOURCE,
            detail_type=STATE_CHANGE,
            detail=detail,
            resources=(arn_of(item.scope, item.key),),
        )
    branches = _below(_BRANCHES, references)
    first = item.observed.first_branch
    if not first and branches:
        first = next(name for name in ("main", "master", *sorted(branches)) if name in branches)
    tx.observe(
        REPOSITORIES,
        Ref(item.scope, item.key),
        RepositoryObserved(branches, _below(_TAGS, references), first, now),
    )
    return True


def tell_merge_commit(
    tx: Transaction,
    item: RepositoryItem,
    about: Mapping[str, str],
    ids: Ids,
    now: datetime,
) -> None:
    """Say that a merge's commit was made to which no branch leads."""
    detail = {
        "event": "unreferencedMergeCommitCreated",
        "repositoryName": item.key,
        "repositoryId": item.desired.repository_id,
        **about,
    }
    emit(
        tx,
        item.scope,
        ids,
        now,
        source=SOURCE,
        detail_type=STATE_CHANGE,
        detail=detail,
        resources=(arn_of(item.scope, item.key),),
    )


def _full(observed: RepositoryObserved) -> dict[str, str]:
    return {
        **{_BRANCHES + name: at for name, at in observed.branches.items()},
        **{_TAGS + name: at for name, at in observed.git_tags.items()},
    }


def _below(prefix: str, references: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(prefix): at
        for name, at in sorted(references.items())
        if name.startswith(prefix)
    }


def _detail(
    item: RepositoryItem, reference: str, before: str | None, after: str | None, caller_arn: str
) -> dict[str, Any]:
    """The event's detail as the CodeCommit user guide gives it ("Monitoring CodeCommit events")."""
    is_branch = reference.startswith(_BRANCHES)
    event = "referenceUpdated" if before and after else "referenceCreated"
    detail: dict[str, Any] = {
        "event": event if after else "referenceDeleted",
        "repositoryName": item.key,
        "repositoryId": item.desired.repository_id,
        "referenceType": "branch" if is_branch else "tag",
        "referenceName": reference.removeprefix(_BRANCHES if is_branch else _TAGS),
        "referenceFullName": reference,
    }
    if caller_arn:
        detail["callerUserArn"] = caller_arn
    if after:
        detail["commitId"] = after
    if before:
        detail["oldCommitId"] = before
    return detail
