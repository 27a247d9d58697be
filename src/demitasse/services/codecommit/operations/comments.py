"""Comments on comparisons of commits, and on pull requests."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context, WaitingContext
from demitasse.services.codecommit.comments import (
    COMMENTS,
    Comment,
    CommentItem,
    Place,
    about,
    find_comment,
    keep,
    tell,
)
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.pages import asked_limit, page_of
from demitasse.services.codecommit.pull_requests import find_pull_request, id_of
from demitasse.services.codecommit.records import REPOSITORIES, RepositoryItem, repository
from demitasse.services.codecommit.repository_view import (
    MODE_NAMES,
    View,
    checked_path,
    lines_of,
    look,
)
from demitasse.store import Transaction

_LONGEST = 10_240
_PAGE, _MOST = 100, 500


@api.waiting_operation("PostCommentForComparedCommit")
async def post_comment_for_compared_commit(context: WaitingContext, given: Input) -> Output:
    """Comment on what differs between two commits."""
    view = look(context, check_name(given["repositoryName"]))
    place = await _place(view, given)
    item = _keep(context, view, place, given)
    return {**_where(item, view.item), "comment": _shown(item)}


@api.waiting_operation("PostCommentForPullRequest")
async def post_comment_for_pull_request(context: WaitingContext, given: Input) -> Output:
    """Comment on a pull request."""
    view = look(context, check_name(given["repositoryName"]))
    with context.transaction() as tx:
        identity = _pull_request(tx, context, view.item, given["pullRequestId"])
    place = await _place(view, given)
    item = _keep(context, view, msgspec.structs.replace(place, pull_request=identity), given)
    return {**_where(item, view.item), "comment": _shown(item)}


@api.operation("PostCommentReply")
def post_comment_reply(context: Context, given: Input) -> Output:
    """Reply to a comment."""
    thread = find_comment(context.tx, context.scope, given["inReplyTo"])
    home = _home(context, thread)
    own = Comment(
        thread.desired.repository_id,
        thread.desired.place,
        _content(given),
        context.caller.arn,
        context.now,
        context.now,
        reply_to=thread.key,
        token=given.get("clientRequestToken", ""),
    )
    return {"comment": _shown(keep(context.tx, home, own, context.ids))}


@api.operation("GetComment")
def get_comment(context: Context, given: Input) -> Output:
    """One comment; not its content once that was deleted."""
    return {"comment": _shown(_there(context, given))}


@api.operation("UpdateComment")
def update_comment(context: Context, given: Input) -> Output:
    """Write one's own comment anew."""
    item = _there(context, given)
    if item.desired.author != context.caller.arn:
        raise ServiceError(
            "CommentNotCreatedByCallerException",
            "You cannot modify or delete this comment. Only comment authors can modify or delete"
            " their comments.",
        )
    return {"comment": _shown(_change(context, item, content=_content(given)))}


@api.operation("DeleteCommentContent")
def delete_comment_content(context: Context, given: Input) -> Output:
    """Take a comment's content away; that there was one stays."""
    item = _there(context, given)
    return {"comment": _shown(_change(context, item, content="", deleted=True))}


@api.waiting_operation("GetCommentsForComparedCommit")
async def get_comments_for_compared_commit(context: WaitingContext, given: Input) -> Output:
    """The comments on what differs between two commits, by what they are about."""
    view = look(context, check_name(given["repositoryName"]))
    for member in ("beforeCommitId", "afterCommitId"):
        if member in given:
            await view.commit(given[member], "CommitDoesNotExistException")
    place = Place(given["afterCommitId"], given.get("beforeCommitId", ""))
    with context.transaction() as tx:
        rows = tx.page(COMMENTS, context.scope, where=("about", about(view.id, place)))
    page, token = _threads(rows, view.item, given)
    return {"commentsForComparedCommitData": page, "nextToken": token}


@api.operation("GetCommentsForPullRequest")
def get_comments_for_pull_request(context: Context, given: Input) -> Output:
    """The comments on a pull request, by what they are about."""
    found = find_pull_request(context.tx, context.scope, given["pullRequestId"])
    home = context.tx.one(REPOSITORIES, context.scope, "id", found.desired.repository_id)
    assert home is not None  # noqa: S101 - pull requests go with their repository
    if "repositoryName" in given:
        named = repository(context.tx, context.scope, check_name(given["repositoryName"]))
        _pull_request(context.tx, context, named, given["pullRequestId"])
    place = Place("", pull_request=id_of(found))
    where = ("about", about(found.desired.repository_id, place))
    rows = [
        each
        for each in context.tx.page(COMMENTS, context.scope, where=where)
        if given.get("beforeCommitId") in (None, each.desired.place.before)
        and given.get("afterCommitId") in (None, each.desired.place.after)
    ]
    page, token = _threads(rows, home, given)
    return {"commentsForPullRequestData": page, "nextToken": token}


def _pull_request(
    tx: Transaction, context: Context | WaitingContext, home: RepositoryItem, identity: str
) -> str:
    """The id of a pull request of that repository."""
    found = find_pull_request(tx, context.scope, identity)
    if found.desired.repository_id != home.desired.repository_id:
        raise ServiceError(
            "RepositoryNotAssociatedWithPullRequestException",
            f"The repository {home.key} does not contain a pull request with that ID.",
        )
    return id_of(found)


async def _place(view: View, given: Input) -> Place:
    """What is commented. ``ServiceError`` when that is not there."""
    after, before = given["afterCommitId"], given.get("beforeCommitId", "")
    for commit in filter(None, (before, after)):
        await view.commit(commit, "CommitDoesNotExistException")
    if after == before:
        raise ServiceError(
            "BeforeCommitIdAndAfterCommitIdAreSameException",
            "The before commit ID and the after commit ID are the same, which is not valid.",
        )
    location = given.get("location")
    if location is None:
        return Place(after, before)
    if not location.get("filePath"):
        raise ServiceError("PathRequiredException", "The path of the file is required.")
    path = checked_path(location["filePath"])
    entries = {
        "BEFORE": await view.git.entry(view.id, before, path) if before else None,
        "AFTER": await view.git.entry(view.id, after, path),
    }
    if not any(entries.values()):
        raise ServiceError("PathDoesNotExistException", f"{path} does not exist")
    line, side = location.get("filePosition", 0), location.get("relativeFileVersion", "")
    if line:
        entry = entries[side or "AFTER"]
        if entry is None or entry.mode not in MODE_NAMES:
            raise ServiceError("InvalidFileLocationException", f"{path} is no file there")
        content = await view.content(entry.id, "PathDoesNotExistException")
        if not 1 <= line <= len(lines_of(content)):
            raise ServiceError("InvalidFilePositionException", f"{path} has no line {line}")
    ids = [entry.id if entry else "" for entry in entries.values()]
    return Place(after, before, path, line, side, ids[0], ids[1])


def _content(given: Input) -> str:
    content: str = given["content"]
    if not content.strip():
        raise ServiceError(
            "CommentContentRequiredException",
            "The comment is empty. You must provide some content.",
        )
    if len(content) > _LONGEST:
        raise ServiceError(
            "CommentContentSizeLimitExceededException",
            "The comment is too large. Comments are limited to 10,240 characters.",
        )
    return content


def _keep(context: WaitingContext, view: View, place: Place, given: Input) -> CommentItem:
    own = Comment(
        view.id,
        place,
        _content(given),
        context.caller.arn,
        context.now,
        context.now,
        token=given.get("clientRequestToken", ""),
    )
    home = view.now(context.scope).item
    with context.transaction() as tx:
        return keep(tx, home, own, context.ids)


def _there(context: Context, given: Input) -> CommentItem:
    item = find_comment(context.tx, context.scope, given["commentId"])
    if item.desired.deleted:
        raise ServiceError("CommentDeletedException", "This comment has already been deleted.")
    return item


def _change(context: Context, item: CommentItem, **what: Any) -> CommentItem:
    changed = msgspec.structs.replace(item.desired, changed_at=context.now, **what)
    item = context.tx.desire(COMMENTS, item.ref, changed)
    tell(context.tx, _home(context, item), item, context.ids, context.caller.arn)
    return item


def _home(context: Context, item: CommentItem) -> RepositoryItem:
    home = context.tx.one(REPOSITORIES, context.scope, "id", item.desired.repository_id)
    assert home is not None  # noqa: S101 - comments go with their repository
    return home


def _threads(
    rows: list[CommentItem], home: RepositoryItem, given: Input
) -> tuple[list[Output], str | None]:
    """A page of what is commented, each with its comments."""
    limit = asked_limit(given.get("maxResults"), _MOST, _PAGE)
    threads: dict[Place, list[CommentItem]] = {}
    for each in rows:
        threads.setdefault(each.desired.place, []).append(each)
    page, token = page_of(list(threads.values()), given.get("nextToken"), limit)
    shown = [{**_where(each[0], home), "comments": list(map(_shown, each))} for each in page]
    return shown, token


def _where(item: CommentItem, home: RepositoryItem) -> Output:
    place = item.desired.place
    location = {
        "filePath": place.path,
        "filePosition": place.line or None,
        "relativeFileVersion": place.side or None,
    }
    return {
        "repositoryName": home.key,
        "pullRequestId": place.pull_request or None,
        "beforeCommitId": place.before or None,
        "afterCommitId": place.after,
        "beforeBlobId": place.before_blob or None,
        "afterBlobId": place.after_blob or None,
        "location": location if place.path else None,
    }


def _shown(item: CommentItem) -> Output:
    own = item.desired
    return {
        "commentId": item.key,
        "content": None if own.deleted else own.content,
        "inReplyTo": own.reply_to or None,
        "creationDate": own.created_at,
        "lastModifiedDate": own.changed_at,
        "authorArn": own.author,
        "deleted": own.deleted,
        "clientRequestToken": own.token or None,
        "callerReactions": [],
        "reactionCounts": {},
    }
