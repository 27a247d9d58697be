"""Branches: listed and found in the state, moved in git."""

from __future__ import annotations

import re

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context, WaitingContext
from demitasse.services.codecommit.operations.api import api, check_branch, check_name
from demitasse.services.codecommit.records import (
    REPOSITORIES,
    RepositoryItem,
    default_branch,
    repository,
)
from demitasse.services.codecommit.references import (
    Move,
    NoSuchObject,
    ReferenceMoved,
    References,
    Refused,
)

_PAGE = 1000
_COMMIT_ID = re.compile(r"[0-9a-f]{40}")


@api.operation("GetBranch")
def get_branch(context: Context, given: Input) -> Output:
    """Where a branch stands."""
    if "repositoryName" not in given:
        raise ServiceError("RepositoryNameRequiredException", "A repository name is required.")
    if "branchName" not in given:
        raise ServiceError("BranchNameRequiredException", "A branch name is required.")
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    name = check_branch(given["branchName"].removeprefix("refs/heads/"))
    return {"branch": {"branchName": name, "commitId": _head(item, name)}}


@api.operation("ListBranches")
def list_branches(context: Context, given: Input) -> Output:
    """The branches' names, sorted."""
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    after = paging.start(given.get("nextToken"), code="InvalidContinuationTokenException")
    names = [name for name in sorted(item.observed.branches) if name > after]
    page, more = paging.cut(names, _PAGE)
    return {"branches": list(page), "nextToken": paging.token(page[-1]) if more else None}


@api.operation("UpdateDefaultBranch")
def update_default_branch(context: Context, given: Input) -> Output:
    """Choose the branch that a clone begins with; the controller tells git."""
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    name = check_branch(given["defaultBranchName"])
    _head(item, name)
    chosen = msgspec.structs.replace(item.desired, default_branch=name, modified_at=context.now)
    context.tx.desire(REPOSITORIES, item.ref, chosen)
    return {}


@api.waiting_operation("CreateBranch")
async def create_branch(context: WaitingContext, given: Input) -> Output:
    """Let a new branch begin at a commit."""
    with context.transaction() as tx:
        item = repository(tx, context.scope, check_name(given["repositoryName"]))
    name, commit_id = check_branch(given["branchName"]), given["commitId"]
    if not _COMMIT_ID.fullmatch(commit_id):
        raise ServiceError("InvalidCommitIdException", f"{commit_id} is not a full commit ID")
    try:
        await context.part(References).move(
            context.scope,
            item.desired.repository_id,
            Move(f"refs/heads/{name}", None, commit_id),
            context.caller.arn,
        )
    except NoSuchObject as error:
        raise ServiceError("CommitDoesNotExistException", f"{commit_id} does not exist") from error
    except ReferenceMoved as error:
        raise ServiceError(
            "BranchNameExistsException", f"Branch named {name} already exists"
        ) from error
    except Refused as error:
        raise ServiceError("InvalidBranchNameException", str(error)) from error
    return {}


@api.waiting_operation("DeleteBranch")
async def delete_branch(context: WaitingContext, given: Input) -> Output:
    """Delete a branch but for the default one. One that is not there is none, as on AWS."""
    references = context.part(References)
    with context.transaction() as tx:
        identity = repository(
            tx, context.scope, check_name(given["repositoryName"])
        ).desired.repository_id
    name = check_branch(given["branchName"])
    async with references.turn(identity):
        item = references.current(context.scope, identity)
        if item is None or name not in item.observed.branches:
            return {}
        if name == default_branch(item):
            raise ServiceError(
                "DefaultBranchCannotBeDeletedException",
                f"{name} is the default branch of {item.key} and cannot be deleted",
            )
        at = item.observed.branches[name]
        await references.git.move(identity, Move(f"refs/heads/{name}", at, None))
        await references.observe(context.scope, identity, context.caller.arn)
    return {"deletedBranch": {"branchName": name, "commitId": at}}


def _head(item: RepositoryItem, branch: str) -> str:
    head = item.observed.branches.get(branch)
    if head is None:
        raise ServiceError("BranchDoesNotExistException", f"Branch {branch} does not exist")
    return head
