"""Commits made through the API: files put and deleted, on the tip of a branch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.changes import Changes, author
from demitasse.services.codecommit.operations.api import api, check_branch, check_name
from demitasse.services.codecommit.references import Move, ReferenceMoved, Refused
from demitasse.services.codecommit.repository_view import MODE_NAMES, Commit, View, is_id, look

Read = Callable[[Changes], Awaitable[None]]


@api.waiting_operation("CreateCommit")
async def create_commit(context: WaitingContext, given: Input) -> Output:
    """Change several files in one commit."""
    changes, commit = await _commit(context, given, "authorName", lambda each: each.read(given))
    shown: dict[str, list[dict[str, str]]] = {}
    view = changes.view
    for path, before in sorted(changes.before.items()):
        after = await view.git.entry(view.id, commit.id, path)
        kind = "filesDeleted" if after is None else "filesUpdated" if before else "filesAdded"
        entry = after or before
        if entry is not None:
            mode = MODE_NAMES[entry.mode]
            shown.setdefault(kind, []).append(
                {"absolutePath": path, "blobId": entry.id, "fileMode": mode}
            )
    return {
        "commitId": commit.id,
        "treeId": commit.tree,
        **{kind: shown.get(kind, []) for kind in ("filesAdded", "filesUpdated", "filesDeleted")},
    }


@api.waiting_operation("PutFile")
async def put_file(context: WaitingContext, given: Input) -> Output:
    """Add or change one file."""
    if not given["fileContent"]:
        raise ServiceError(
            "FileContentRequiredException",
            "Empty files cannot be added to the repository with this API.",
        )

    async def read(changes: Changes) -> None:
        await changes.read({"putFiles": [given]})

    changes, commit = await _commit(context, given, "name", read, same="SameFileContent")
    (path,) = changes.put
    entry = await changes.view.file(commit.id, path)
    return {"commitId": commit.id, "blobId": entry.id, "treeId": commit.tree}


@api.waiting_operation("DeleteFile")
async def delete_file(context: WaitingContext, given: Input) -> Output:
    """Delete one file."""

    async def read(changes: Changes) -> None:
        await changes.read({"deleteFiles": [given]})

    changes, commit = await _commit(context, given, "name", read)
    (path,) = changes.deleted
    before = changes.before[path]
    return {
        "commitId": commit.id,
        "blobId": before.id if before else "",
        "treeId": commit.tree,
        "filePath": path,
    }


async def _commit(
    context: WaitingContext, given: Input, name: str, read: Read, same: str = "NoChange"
) -> tuple[Changes, Commit]:
    """Make a commit on the tip of a branch and move the branch to it."""
    branch = check_branch(given["branchName"])
    view = look(context, check_name(given["repositoryName"]))
    async with view.references.turn(view.id):
        view = view.now(context.scope)
        tip = await _tip(view, branch, given.get("parentCommitId"))
        changes = Changes(view, tip)
        await read(changes)
        now = int(context.now.timestamp())
        new = changes.new_commit(given, author(given, name, context.caller.arn, now))
        try:
            commit = await view.git.write(view.id, new, context.now)
            before = None if tip is None else (await view.git.commit(view.id, tip)).tree
            if commit.tree == before:
                raise ServiceError(
                    f"{same}Exception",
                    "No changes will be made to the repository as a result of this commit.",
                )
            await view.git.move(view.id, Move(f"refs/heads/{branch}", tip, commit.id))
        except ReferenceMoved as error:
            raise _outdated() from error
        except Refused as error:
            raise ServiceError("InvalidPathException", str(error)) from error
        await view.references.observe(context.scope, view.id, context.caller.arn)
    return changes, commit


async def _tip(view: View, branch: str, parent: str | None) -> str | None:
    """Where the branch stands, which must be what the caller thinks; ``None``: no branch yet."""
    observed = view.item.observed
    if not observed.branches:
        if parent is not None:
            raise _unknown_parent(parent)
        return None
    tip = view.tip(branch)
    if parent is None:
        raise ServiceError(
            "ParentCommitIdRequiredException",
            "A parent commit ID is required. To view the full commit ID of a branch in a"
            " repository, use GetBranch or a Git command.",
        )
    if not is_id(parent):
        raise ServiceError(
            "InvalidParentCommitIdException", f"The parent commit ID {parent} is not valid."
        )
    if parent != tip:
        if await view.git.resolve(view.id, parent) is None:
            raise _unknown_parent(parent)
        raise _outdated()
    return tip


def _unknown_parent(parent: str) -> ServiceError:
    return ServiceError(
        "ParentCommitDoesNotExistException",
        f"The parent commit ID {parent} does not exist in the specified branch of the repository.",
    )


def _outdated() -> ServiceError:
    return ServiceError(
        "ParentCommitIdOutdatedException",
        "The file could not be added because the provided parent commit ID is not the current tip"
        " of the specified branch. To view the full commit ID of the current head of the branch,"
        " use GetBranch.",
    )
