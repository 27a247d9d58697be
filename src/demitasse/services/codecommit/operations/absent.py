"""Lists of what cannot be made here: comments.

Making them is refused by name, so that there are none is the truth.
"""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context, WaitingContext
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.operations.pages import asked_limit, page_of
from demitasse.services.codecommit.pull_requests import find_pull_request
from demitasse.services.codecommit.repository_view import look

_MOST = 500


@api.operation("GetCommentsForPullRequest")
def get_comments_for_pull_request(context: Context, given: Input) -> Output:
    """Nobody has commented."""
    find_pull_request(context.tx, context.scope, given["pullRequestId"])
    _no_pages(given)
    return {"commentsForPullRequestData": []}


@api.waiting_operation("GetCommentsForComparedCommit")
async def get_comments_for_compared_commit(context: WaitingContext, given: Input) -> Output:
    """Nobody has commented."""
    view = look(context, check_name(given["repositoryName"]))
    _no_pages(given)
    for member in ("beforeCommitId", "afterCommitId"):
        if member in given:
            await view.commit(given[member], "CommitDoesNotExistException")
    return {"commentsForComparedCommitData": []}


def _no_pages(given: Input) -> None:
    """The page asked for is refused if it could be none of any list."""
    page_of((), given.get("nextToken"), asked_limit(given.get("maxResults"), _MOST))
