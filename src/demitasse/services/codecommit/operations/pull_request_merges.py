"""Pull requests merged."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.approvals import is_approved
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.conflicts import FAST_FORWARD, SQUASH, THREE_WAY
from demitasse.services.codecommit.operations.merges import merge_into
from demitasse.services.codecommit.operations.pull_requests import (
    check_open,
    close,
    with_view,
)
from demitasse.services.codecommit.pull_request_shapes import shown
from demitasse.services.codecommit.pull_requests import MERGED, Happened, Merged, tell
from demitasse.services.codecommit.records import repository
from demitasse.services.codecommit.repository_view import is_id


@api.waiting_operation("MergePullRequestByFastForward")
async def merge_pull_request_by_fast_forward(context: WaitingContext, given: Input) -> Output:
    """Move the destination to the source, and close the pull request."""
    return await _merge(context, {**given, "mergeOption": FAST_FORWARD})


@api.waiting_operation("MergePullRequestBySquash")
async def merge_pull_request_by_squash(context: WaitingContext, given: Input) -> Output:
    """Put all that the source has changed into one commit, and close the pull request."""
    return await _merge(context, {**given, "mergeOption": SQUASH})


@api.waiting_operation("MergePullRequestByThreeWay")
async def merge_pull_request_by_three_way(context: WaitingContext, given: Input) -> Output:
    """Merge the source by a commit with two parents, and close the pull request."""
    return await _merge(context, {**given, "mergeOption": THREE_WAY})


async def _merge(context: WaitingContext, given: Input) -> Output:
    """Whoever is killed between the merge and the closing finds the pull request open, and its
    merging has nothing more to do than to close it.
    """
    with context.transaction() as tx:
        _, view = with_view(context, tx, given)
        named = repository(tx, context.scope, check_name(given["repositoryName"]))
    if named.desired.repository_id != view.id:
        raise ServiceError(
            "RepositoryNotAssociatedWithPullRequestException",
            f"The repository {named.key} does not contain a pull request with that ID.",
        )
    async with view.references.turn(view.id):
        with context.transaction() as tx:
            item, view = with_view(context, tx, given)
        check_open(item)
        branch = item.desired.destination.removeprefix("refs/heads/")
        if branch not in view.item.observed.branches:
            raise ServiceError(
                "ReferenceDoesNotExistException", f"{item.desired.destination} does not exist"
            )
        source = item.observed.source_commit
        asked = given.get("sourceCommitId", source)
        if not is_id(asked):
            raise ServiceError("InvalidCommitIdException", f"{asked} is not a full commit ID")
        if asked != source:
            raise ServiceError(
                "TipOfSourceReferenceIsDifferentException",
                "The tip of the source branch in the destination repository does not match the"
                " tip of the source branch specified in your request.",
            )
        if not is_approved(item):
            raise ServiceError(
                "PullRequestApprovalRulesNotSatisfiedException",
                "The pull request cannot be merged because one or more approval rules applied to"
                " the pull request have conditions that have not been met.",
            )
        commit = await merge_into(context, view, branch, source, given)
        with context.transaction() as tx:
            merged = Merged(context.caller.arn, commit.id, given["mergeOption"])
            item = close(context, tx, item, view, merged=merged)
            happened = Happened(
                MERGED,
                context.now,
                context.caller.arn,
                after=source,
                destination=item.desired.destination_commit,
            )
            tell(tx, view.item, item.key, happened, context.ids)
    return {"pullRequest": await shown(view, item)}
