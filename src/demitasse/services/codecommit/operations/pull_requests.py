"""Pull requests: opened, found, changed, closed."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context, WaitingContext
from demitasse.services.codecommit.operations.api import api, check_branch, check_name
from demitasse.services.codecommit.operations.pages import asked_limit, page_of
from demitasse.services.codecommit.pull_request_shapes import (
    destination_of,
    shown,
    shown_event,
)
from demitasse.services.codecommit.pull_requests import (
    BRANCHES,
    CREATED,
    HAPPENED,
    PULL_REQUESTS,
    STATUS_CHANGED,
    Happened,
    PullRequest,
    PullRequestItem,
    PullRequestObserved,
    create,
    find_pull_request,
    id_of,
    tell,
)
from demitasse.services.codecommit.records import (
    REPOSITORIES,
    RepositoryItem,
    default_branch,
    repository,
)
from demitasse.services.codecommit.references import References
from demitasse.services.codecommit.repository_view import View, look
from demitasse.store import Transaction

_PAGE = 100
_MOST_OPEN = 1000


@api.waiting_operation("CreatePullRequest")
async def create_pull_request(context: WaitingContext, given: Input) -> Output:
    """Ask for a branch to be merged into another, the default one unless told otherwise."""
    if not given["title"].strip():
        raise ServiceError("TitleRequiredException", "A pull request title is required.")
    target = _target(given["targets"])
    view = look(context, check_name(target["repositoryName"]))
    with context.transaction() as tx:
        item = repository(tx, context.scope, view.item.key)
        wanted, seen = _wanted(context, item, target, given)
        before = tx.one(PULL_REQUESTS, context.scope, "token", wanted.token)
        if before is None:
            where = f"{wanted.repository_id} OPEN"
            if tx.count(PULL_REQUESTS, context.scope, ("listed", where)) >= _MOST_OPEN:
                raise ServiceError(
                    "MaximumOpenPullRequestsExceededException",
                    f"{item.key} has {_MOST_OPEN} open pull requests.",
                )
            made = create(tx, context.scope, wanted, seen)
            happened = _happened(context, made, CREATED)
            tell(tx, item, made.key, happened, context.ids)
        elif _asked(before.desired) == _asked(wanted):
            made = before
        else:
            raise ServiceError(
                "IdempotencyParameterMismatchException",
                "The client request token has been used for another pull request.",
            )
    return {"pullRequest": await shown(View(item, view.references), made)}


@api.waiting_operation("GetPullRequest")
async def get_pull_request(context: WaitingContext, given: Input) -> Output:
    """One pull request."""
    with context.transaction() as tx:
        item, view = with_view(context, tx, given)
    return {"pullRequest": await shown(view, item)}


@api.operation("ListPullRequests")
def list_pull_requests(context: Context, given: Input) -> Output:
    """The ids of a repository's pull requests, in the order of their opening."""
    item = repository(context.tx, context.scope, check_name(given["repositoryName"]))
    limit = asked_limit(given.get("maxResults"), _PAGE)
    after = paging.start(given.get("nextToken"), code="InvalidContinuationTokenException")
    status, author = given.get("pullRequestStatus", ""), given.get("authorArn")
    if author is not None and not author.startswith("arn:"):
        raise ServiceError("InvalidAuthorArnException", f"{author} is not a valid ARN")
    where = ("listed", f"{item.desired.repository_id} {status}".strip())
    rows = [
        each
        for each in context.tx.page(
            PULL_REQUESTS,
            context.scope,
            after=after,
            where=where,
            limit=limit + 1 if author is None else -1,
        )
        if author in (None, each.desired.author)
    ]
    page, more = paging.cut(rows, limit)
    return {
        "pullRequestIds": [id_of(each) for each in page],
        "nextToken": paging.token(page[-1].key) if more else None,
    }


@api.waiting_operation("UpdatePullRequestTitle")
async def update_pull_request_title(context: WaitingContext, given: Input) -> Output:
    """Give an open pull request another title."""
    if not given["title"].strip():
        raise ServiceError("TitleRequiredException", "A pull request title is required.")
    return await _change(context, given, title=given["title"])


@api.waiting_operation("UpdatePullRequestDescription")
async def update_pull_request_description(context: WaitingContext, given: Input) -> Output:
    """Describe an open pull request anew."""
    return await _change(context, given, description=given["description"])


@api.waiting_operation("UpdatePullRequestStatus")
async def update_pull_request_status(context: WaitingContext, given: Input) -> Output:
    """Close a pull request without merging it; none is opened again."""
    with context.transaction() as tx:
        item, view = with_view(context, tx, given)
        if (item.desired.status, given["pullRequestStatus"]) != ("OPEN", "CLOSED"):
            raise ServiceError(
                "InvalidPullRequestStatusUpdateException",
                "The pull request status update is not valid. The only valid update is from OPEN"
                " to CLOSED.",
            )
        item = close(context, tx, item, view)
        tell(tx, view.item, item.key, _happened(context, item, STATUS_CHANGED), context.ids)
    return {"pullRequest": await shown(view, item)}


@api.waiting_operation("DescribePullRequestEvents")
async def describe_pull_request_events(context: WaitingContext, given: Input) -> Output:
    """What has happened to a pull request, in the order in which it did."""
    limit = asked_limit(given.get("maxResults"), _PAGE)
    actor, kind = given.get("actorArn"), given.get("pullRequestEventType")
    if actor is not None and not actor.startswith("arn:"):
        raise ServiceError("InvalidActorArnException", f"{actor} is not a valid ARN")
    with context.transaction() as tx:
        item, view = with_view(context, tx, given)
        rows = [
            each.desired
            for each in tx.page(HAPPENED, context.scope, prefix=f"{item.key}/")
            if actor in (None, each.desired.actor) and kind in (None, each.desired.type)
        ]
    page, token = page_of(rows, given.get("nextToken"), limit)
    return {
        "pullRequestEvents": [await shown_event(view, item, each) for each in page],
        "nextToken": token,
    }


def with_view(
    context: WaitingContext, tx: Transaction, given: Input
) -> tuple[PullRequestItem, View]:
    """The pull request that is named, and its repository."""
    item = find_pull_request(tx, context.scope, given["pullRequestId"])
    home = tx.one(REPOSITORIES, context.scope, "id", item.desired.repository_id)
    assert home is not None  # noqa: S101 - pull requests go with their repository
    return item, View(home, context.part(References))


def close(
    context: WaitingContext, tx: Transaction, item: PullRequestItem, view: View, **how: Any
) -> PullRequestItem:
    """Close a pull request, where its destination stood before."""
    closed = msgspec.structs.replace(
        item.desired,
        **{
            "status": "CLOSED",
            "changed_at": context.now,
            "destination_commit": destination_of(view, item),
            **how,
        },
    )
    return tx.desire(PULL_REQUESTS, item.ref, closed)


def _target(targets: list[dict[str, str]]) -> dict[str, str]:
    if not targets:
        raise ServiceError("TargetsRequiredException", "An array of target objects is required.")
    if len(targets) > 1:
        raise ServiceError(
            "MultipleRepositoriesInPullRequestException",
            "You cannot include more than one repository in a pull request.",
        )
    return targets[0]


def _wanted(
    context: WaitingContext, item: RepositoryItem, target: dict[str, str], given: Input
) -> tuple[PullRequest, PullRequestObserved]:
    source, source_commit = _branch(item, target["sourceReference"])
    destination, destination_commit = _branch(
        item, target.get("destinationReference") or default_branch(item)
    )
    if source == destination:
        raise ServiceError(
            "SourceAndDestinationAreSameException",
            "The source branch and destination branch for the pull request are the same.",
        )
    wanted = PullRequest(
        repository_id=item.desired.repository_id,
        title=given["title"],
        source=source,
        destination=destination,
        destination_commit=destination_commit,
        author=context.caller.arn,
        created_at=context.now,
        changed_at=context.now,
        description=given.get("description", ""),
        token=given["clientRequestToken"],
    )
    return wanted, PullRequestObserved(source_commit, context.ids.hex(64), context.now)


def _branch(item: RepositoryItem, reference: str) -> tuple[str, str]:
    """A branch by its full name, and where it stands."""
    if reference.startswith("refs/") and not reference.startswith(BRANCHES):
        raise ServiceError("ReferenceTypeNotSupportedException", f"{reference} is not a branch")
    name = reference.removeprefix(BRANCHES)
    try:
        check_branch(name)
    except ServiceError as error:
        raise ServiceError(
            "InvalidReferenceNameException", f"{reference} is not a valid reference name"
        ) from error
    at = item.observed.branches.get(name)
    if at is None:
        raise ServiceError("ReferenceDoesNotExistException", f"{reference} does not exist")
    return f"{BRANCHES}{name}", at


def _asked(own: PullRequest) -> tuple[str, ...]:
    """What was asked for, of which nothing may differ when it is asked for again."""
    return own.repository_id, own.title, own.description, own.source, own.destination, own.author


def _happened(context: WaitingContext, item: PullRequestItem, kind: str) -> Happened:
    return Happened(
        kind,
        context.now,
        context.caller.arn,
        after=item.observed.source_commit,
        destination=item.desired.destination_commit,
    )


async def _change(context: WaitingContext, given: Input, **what: Any) -> Output:
    with context.transaction() as tx:
        item, view = with_view(context, tx, given)
        check_open(item)
        changed = msgspec.structs.replace(item.desired, **what, changed_at=context.now)
        item = tx.desire(PULL_REQUESTS, item.ref, changed)
    return {"pullRequest": await shown(view, item)}


def check_open(item: PullRequestItem) -> None:
    """``PullRequestAlreadyClosedException``."""
    if item.desired.status == "CLOSED":
        raise ServiceError(
            "PullRequestAlreadyClosedException",
            "The pull request status cannot be updated because it is already closed.",
        )
