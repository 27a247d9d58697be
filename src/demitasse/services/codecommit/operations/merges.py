"""Branches merged: forward, by one new commit, or by a commit with two parents."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.changes import KEEP, author, message
from demitasse.services.codecommit.merging import Merge, compare, merge_base
from demitasse.services.codecommit.operations.api import api, check_branch, check_name
from demitasse.services.codecommit.operations.conflicts import (
    FAST_FORWARD,
    SQUASH,
    THREE_WAY,
    find_merge,
    rules_of,
)
from demitasse.services.codecommit.records import tell_merge_commit
from demitasse.services.codecommit.references import Move, ReferenceMoved
from demitasse.services.codecommit.repository_view import Commit, NewCommit, View, look
from demitasse.services.codecommit.resolutions import Resolutions


@api.waiting_operation("MergeBranchesByFastForward")
async def merge_branches_by_fast_forward(context: WaitingContext, given: Input) -> Output:
    """Move a branch to a commit that goes on from it."""
    return await _merge_branches(context, {**given, "mergeOption": FAST_FORWARD})


@api.waiting_operation("MergeBranchesBySquash")
async def merge_branches_by_squash(context: WaitingContext, given: Input) -> Output:
    """Put all that the source has changed into one new commit on a branch."""
    return await _merge_branches(context, {**given, "mergeOption": SQUASH})


@api.waiting_operation("MergeBranchesByThreeWay")
async def merge_branches_by_three_way(context: WaitingContext, given: Input) -> Output:
    """Put a commit on a branch that has the source as its second parent."""
    return await _merge_branches(context, {**given, "mergeOption": THREE_WAY})


@api.waiting_operation("CreateUnreferencedMergeCommit")
async def create_unreferenced_merge_commit(context: WaitingContext, given: Input) -> Output:
    """Make the commit of a merge, and move no branch to it."""
    if given["mergeOption"] == FAST_FORWARD:
        raise ServiceError(
            "InvalidMergeOptionException", "A fast-forward merge does not create a merge commit."
        )
    view, merge = await find_merge(context, given)
    commit = await _merged(context, view, merge, given)
    about = {"commitId": commit.id, **_about(merge.source, merge.destination, merge.base, given)}
    with context.transaction() as tx:
        tell_merge_commit(tx, view.item, about, context.ids, context.now)
    return {"commitId": commit.id, "treeId": commit.tree}


async def _merge_branches(context: WaitingContext, given: Input) -> Output:
    name = given.get("targetBranch") or given["destinationCommitSpecifier"]
    branch = check_branch(name.removeprefix("refs/heads/"))
    view = look(context, check_name(given["repositoryName"]))
    async with view.references.turn(view.id):
        view = view.now(context.scope)
        source = await view.resolve(given["sourceCommitSpecifier"])
        if view.tip(branch) != await view.resolve(given["destinationCommitSpecifier"]):
            raise _moved(branch)
        commit = await merge_into(context, view, branch, source, given)
    return {"commitId": commit.id, "treeId": commit.tree}


async def merge_into(
    context: WaitingContext, view: View, branch: str, source: str, given: Input
) -> Commit:
    """Merge a commit into a branch, in the repository's turn; what the branch then stands at.

    ``ManualMergeRequiredException``, ``ConcurrentReferenceUpdateException``, and what is wrong
    with the resolutions.
    """
    tip = view.tip(branch)
    base = await merge_base(view, source, tip)
    if base == source:
        return await view.git.commit(view.id, tip)  # there is nothing to merge
    if given["mergeOption"] != FAST_FORWARD:
        commit = await _merged(context, view, await compare(view, source, tip), given)
    elif base == tip:
        commit = await view.git.commit(view.id, source)
    else:
        raise ServiceError(
            "ManualMergeRequiredException",
            "The branches have diverged, so that a fast-forward merge is not possible.",
        )
    about = _about(source, tip, base, given)
    try:
        await view.git.move(view.id, Move(f"refs/heads/{branch}", tip, commit.id))
    except ReferenceMoved as error:
        raise _moved(branch) from error
    await view.references.observe(context.scope, view.id, context.caller.arn, about)
    return commit


async def _merged(context: WaitingContext, view: View, merge: Merge, given: Input) -> Commit:
    """The new commit that merges."""
    results = Resolutions(given.get("conflictResolution", {})).results(merge, rules_of(given))
    results = {**merge.taken, **results}
    person = author(given, "authorName", context.caller.arn, int(context.now.timestamp()))
    new = NewCommit(
        merge.destination,
        person,
        message(given),
        {path: (e.mode, e.content) for path, e in results.items() if e.content is not None},
        {path: (e.mode, e.blob) for path, e in results.items() if e.blob},
        [path for path, e in results.items() if e.content is None and not e.blob],
        KEEP if given.get("keepEmptyFolders") else "",
        merge.source if given["mergeOption"] == THREE_WAY else None,
    )
    return await view.git.write(view.id, new, context.now)


def _about(source: str, destination: str, base: str, given: Input) -> dict[str, str]:
    """What CodeCommit's events say of a merge."""
    return {
        "sourceCommitId": source,
        "destinationCommitId": destination,
        "baseCommitId": base,
        "mergeOption": given["mergeOption"],
        "conflictDetailsLevel": given.get("conflictDetailLevel", "FILE_LEVEL"),
        "conflictResolutionStrategy": given.get("conflictResolutionStrategy", "NONE"),
    }


def _moved(branch: str) -> ServiceError:
    return ServiceError(
        "ConcurrentReferenceUpdateException",
        f"The merge cannot be completed because the target branch {branch} has been modified.",
    )
