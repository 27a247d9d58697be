"""What is kept of comments, and whom is told that there is one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codecommit.records import SOURCE, RepositoryItem, arn_of
from demitasse.services.events.records import emit
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

_ID = re.compile(r"[0-9a-f]{40}:[0-9a-f-]{36}")


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a comment is about: a comparison of two commits, a file in it, a line of that.

    ``side`` is AWS's relativeFileVersion; ``pull_request`` is the id of the one it belongs to.
    """

    after: str
    before: str = ""
    path: str = ""
    line: int = 0
    side: str = ""
    before_blob: str = ""
    after_blob: str = ""
    pull_request: str = ""


class Comment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A comment; ``key`` is its id, in the order of writing. A reply is in its thread's place."""

    repository_id: str
    place: Place
    content: str
    author: str
    created_at: datetime
    changed_at: datetime
    reply_to: str = ""
    token: str = ""
    deleted: bool = False


CommentItem = Item[Comment, Nothing]

COMMENTS: Kind[Comment, Nothing] = Kind(
    "codecommit.comment",
    Comment,
    Nothing,
    {
        "repository": lambda item: item.desired.repository_id,
        "about": lambda item: about(item.desired.repository_id, item.desired.place),
        "token": lambda item: item.desired.token or None,
    },
)


def about(repository_id: str, place: Place) -> str:
    """Under which comments are found: those on a pull request, or on a comparison of commits."""
    return f"{repository_id} {place.pull_request or f'{place.before} {place.after}'}"


def find_comment(tx: Transaction, scope: Scope, identity: str) -> CommentItem:
    """``InvalidCommentIdException``, ``CommentDoesNotExistException``."""
    if not _ID.fullmatch(identity):
        raise ServiceError("InvalidCommentIdException", f"{identity} is not a valid comment ID")
    item = tx.get(COMMENTS, scope, identity)
    if item is None:
        raise ServiceError("CommentDoesNotExistException", f"{identity} does not exist")
    return item


def keep(tx: Transaction, repository: RepositoryItem, comment: Comment, ids: Ids) -> CommentItem:
    """Keep a new comment, and tell of it; the same asked for twice with one token is one.

    ``IdempotencyParameterMismatchException``.
    """
    scope = repository.scope
    before = tx.one(COMMENTS, scope, "token", comment.token) if comment.token else None
    if before is not None:
        if _asked(before.desired) != _asked(comment):
            raise ServiceError(
                "IdempotencyParameterMismatchException",
                "The client request token has been used for another comment.",
            )
        return before
    number = tx.next(scope, "codecommit.comment")
    item = tx.create(COMMENTS, scope, f"{number:016x}{ids.hex(24)}:{ids.uuid()}", comment)
    tell(tx, repository, item, ids, comment.author)
    return item


def tell(
    tx: Transaction, repository: RepositoryItem, item: CommentItem, ids: Ids, caller: str
) -> None:
    """Say to EventBridge that a comment was made or changed.

    The detail is as the CodeCommit user guide gives it ("Monitoring CodeCommit events").
    """
    own, place = item.desired, item.desired.place
    on = "PullRequest" if place.pull_request else "Commit"
    new = own.created_at == own.changed_at and not own.deleted
    what = f"Pull Request: {place.pull_request}" if place.pull_request else f"commit: {place.after}"
    detail: dict[str, Any] = {
        "event": f"commentOn{on}{'Created' if new else 'Updated'}",
        "repositoryId": own.repository_id,
        "repositoryName": repository.key,
        "commentId": item.key,
        "callerUserArn": caller,
        "afterCommitId": place.after,
        "notificationBody": (
            f"An event occurred in the following AWS CodeCommit repository: {repository.key}."
            f" The user: {caller} made a comment or replied to a comment. The comment was made on"
            f" the following {what}."
        ),
    }
    if place.before:
        detail["beforeCommitId"] = place.before
    if place.pull_request:
        detail["pullRequestId"] = place.pull_request
    if own.reply_to:
        detail["inReplyTo"] = own.reply_to
    emit(
        tx,
        repository.scope,
        ids,
        own.changed_at,
        source=SOURCE,
        detail_type=f"CodeCommit Comment on {'Pull Request' if place.pull_request else 'Commit'}",
        detail=detail,
        resources=(arn_of(repository.scope, repository.key),),
    )


def forget_comments(tx: Transaction, repository: RepositoryItem) -> None:
    """Forget the comments of a repository that is deleted."""
    where = ("repository", repository.desired.repository_id)
    for item in tx.page(COMMENTS, repository.scope, where=where):
        tx.delete(COMMENTS, item.ref)


def _asked(own: Comment) -> tuple[object, ...]:
    return own.repository_id, own.place, own.content, own.author, own.reply_to
