"""Lists of what cannot be made here: pull requests and comments.

Making them is refused by name, so that there are none is the truth.
"""

from __future__ import annotations

import re

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context, WaitingContext
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.pages import asked_limit, page_of
from demitasse.services.codecommit.records import repository
from demitasse.services.codecommit.repository_view import look

_PULL_REQUEST_ID = re.compile(r"[0-9]{1,19}")
_MOST_COMMENTS = 500
_MOST = 100


@api.operation("ListPullRequests")
def list_pull_requests(context: Context, given: Input) -> Output:
    """No repository has one."""
    repository(context.tx, context.scope, check_name(given["repositoryName"]))
    _no_pages(given, _MOST)
    return {"pullRequestIds": []}


@api.operation("DescribePullRequestEvents")
def describe_pull_request_events(_context: Context, given: Input) -> Output:
    """There is no pull request of which to tell: ``PullRequestDoesNotExistException``."""
    _no_pages(given, _MOST)
    raise _no_pull_request(given)


@api.operation("GetCommentsForPullRequest")
def get_comments_for_pull_request(_context: Context, given: Input) -> Output:
    """There is no pull request to comment: ``PullRequestDoesNotExistException``."""
    _no_pages(given, _MOST_COMMENTS)
    raise _no_pull_request(given)


@api.waiting_operation("GetCommentsForComparedCommit")
async def get_comments_for_compared_commit(context: WaitingContext, given: Input) -> Output:
    """Nobody has commented."""
    view = look(context, check_name(given["repositoryName"]))
    _no_pages(given, _MOST_COMMENTS)
    for member in ("beforeCommitId", "afterCommitId"):
        if member in given:
            await view.commit(given[member], "CommitDoesNotExistException")
    return {"commentsForComparedCommitData": []}


def _no_pages(given: Input, most: int) -> None:
    """The page asked for is refused if it could be none of any list."""
    page_of((), given.get("nextToken"), asked_limit(given.get("maxResults"), most))


def _no_pull_request(given: Input) -> ServiceError:
    identity = given["pullRequestId"]
    if not _PULL_REQUEST_ID.fullmatch(identity):
        return ServiceError(
            "InvalidPullRequestIdException", f"{identity} is not a valid pull request ID"
        )
    return ServiceError("PullRequestDoesNotExistException", f"{identity} does not exist")
