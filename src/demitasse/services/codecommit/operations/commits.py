"""Commits as they are: one, several, and what differs between two."""

from __future__ import annotations

from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.pages import asked_limit, page_of
from demitasse.services.codecommit.repository_view import (
    Commit,
    Entry,
    Person,
    View,
    checked_path,
    look,
    shown_path,
)

_MOST_COMMITS = 100
_MOST_DIFFERENCES = 400
_PAGE = 100


@api.waiting_operation("GetCommit")
async def get_commit(context: WaitingContext, given: Input) -> Output:
    """One commit by its full id."""
    view = look(context, check_name(given["repositoryName"]))
    return {"commit": shown(await view.commit(given["commitId"]))}


@api.waiting_operation("BatchGetCommits")
async def batch_get_commits(context: WaitingContext, given: Input) -> Output:
    """Several commits; what is wrong with one is told beside the others."""
    view = look(context, check_name(given["repositoryName"]))
    asked = list(dict.fromkeys(given["commitIds"]))
    if not asked:
        raise ServiceError("CommitIdsListRequiredException", "A list of commit IDs is required.")
    if len(asked) > _MOST_COMMITS:
        raise ServiceError(
            "CommitIdsLimitExceededException",
            f"The maximum number of allowed commit IDs in a batch request is {_MOST_COMMITS}.",
        )
    commits, errors = [], []
    for commit_id in asked:
        try:
            commits.append(shown(await view.commit(commit_id)))
        except ServiceError as error:
            errors.append(
                {"commitId": commit_id, "errorCode": error.code, "errorMessage": error.message}
            )
    return {"commits": commits, "errors": errors}


@api.waiting_operation("GetDifferences")
async def get_differences(context: WaitingContext, given: Input) -> Output:
    """The files that differ between two commits; without a first one, all there are."""
    view = look(context, check_name(given["repositoryName"]))
    limit = asked_limit(given.get("MaxResults"), _MOST_DIFFERENCES)
    before_name = given.get("beforeCommitSpecifier")
    before = await view.resolve(before_name) if before_name else None
    after = await view.resolve(given["afterCommitSpecifier"])
    paths = [
        checked_path(given[member], root=True) if member in given else None
        for member in ("beforePath", "afterPath")
    ]
    await _must_be(view, before, paths[0])
    await _must_be(view, after, paths[1])
    within = [path if path is not None else (paths[1 - n] or "") for n, path in enumerate(paths)]
    found = [
        each
        for each in await view.git.differences(view.id, before, after)
        if any(
            entry is not None and _below(entry.path, path)
            for entry, path in zip((each.before, each.after), within, strict=True)
        )
    ]
    page, token = page_of(found, given.get("NextToken"), limit)
    return {
        "differences": [
            {
                "beforeBlob": _blob(each.before),
                "afterBlob": _blob(each.after),
                "changeType": "A" if each.before is None else "M" if each.after else "D",
            }
            for each in page
        ],
        "NextToken": token,
    }


@api.waiting_operation("ListFileCommitHistory")
async def list_file_commit_history(context: WaitingContext, given: Input) -> Output:
    """The commits that changed a file, newest first, each with those that came right after it."""
    view = look(context, check_name(given["repositoryName"]))
    path = checked_path(given["filePath"])
    limit = asked_limit(given.get("maxResults"), _MOST_DIFFERENCES, _PAGE)
    at = await view.resolve(given.get("commitSpecifier"))
    revisions = await view.git.history(view.id, at, path)
    children: dict[str, list[str]] = {}
    for revision in revisions:
        for parent in revision.parents:
            children.setdefault(parent, []).append(revision.commit.id)
    page, token = page_of(revisions, given.get("nextToken"), limit)
    return {
        "revisionDag": [
            {
                "commit": shown(revision.commit),
                "blobId": revision.blob,
                "path": path,
                "revisionChildren": children.get(revision.commit.id, []),
            }
            for revision in page
        ],
        "nextToken": token,
    }


def shown(commit: Commit) -> dict[str, Any]:
    """A commit as the API shows it; dates as git writes them."""
    return {
        "commitId": commit.id,
        "treeId": commit.tree,
        "parents": list(commit.parents),
        "message": commit.message,
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "additionalData": "",
    }


def _person(person: Person) -> dict[str, str]:
    return {
        "name": person.name,
        "email": person.email,
        "date": f"{person.seconds} {person.zone}",
    }


def _blob(entry: Entry | None) -> dict[str, str] | None:
    if entry is None:
        return None
    return {"blobId": entry.id, "path": shown_path(entry.path), "mode": f"{entry.mode:06o}"}


async def _must_be(view: View, commit_id: str | None, path: str | None) -> None:
    if path and commit_id and await view.git.entry(view.id, commit_id, path) is None:
        raise ServiceError("PathDoesNotExistException", f"{path} does not exist in {commit_id}")


def _below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
