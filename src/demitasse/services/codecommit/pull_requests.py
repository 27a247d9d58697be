"""What is kept of pull requests, and whom is told what happens to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codecommit.records import SOURCE, RepositoryItem, arn_of
from demitasse.services.events.records import emit
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

BRANCHES = "refs/heads/"
STATE_CHANGE = "CodeCommit Pull Request State Change"
CREATED = "PULL_REQUEST_CREATED"
STATUS_CHANGED = "PULL_REQUEST_STATUS_CHANGED"
SOURCE_UPDATED = "PULL_REQUEST_SOURCE_REFERENCE_UPDATED"
MERGED = "PULL_REQUEST_MERGE_STATE_CHANGED"
RULE_CREATED = "PULL_REQUEST_APPROVAL_RULE_CREATED"
RULE_UPDATED = "PULL_REQUEST_APPROVAL_RULE_UPDATED"
RULE_DELETED = "PULL_REQUEST_APPROVAL_RULE_DELETED"
OVERRIDDEN = "PULL_REQUEST_APPROVAL_RULE_OVERRIDDEN"
APPROVAL_CHANGED = "PULL_REQUEST_APPROVAL_STATE_CHANGED"

_TOLD = {
    CREATED: "pullRequestCreated",
    STATUS_CHANGED: "pullRequestStatusChanged",
    SOURCE_UPDATED: "pullRequestSourceBranchUpdated",
    MERGED: "pullRequestMergeStatusUpdated",
    RULE_CREATED: "pullRequestApprovalRuleCreated",
    RULE_UPDATED: "pullRequestApprovalRuleUpdated",
    RULE_DELETED: "pullRequestApprovalRuleDeleted",
    OVERRIDDEN: "pullRequestApprovalRuleOverridden",
    APPROVAL_CHANGED: "pullRequestApprovalStateChanged",
}
_LONGEST_ID = 12


class Merged(msgspec.Struct, frozen=True):
    """By whom a pull request was merged, to which commit, and how (AWS's mergeOption)."""

    by: str
    commit: str
    option: str


class ApprovalRule(msgspec.Struct, frozen=True):
    """Whose approvals a pull request needs; ``content`` is AWS's JSON, as it was given."""

    id: str
    name: str
    content: str
    created_at: datetime
    changed_at: datetime
    changed_by: str

    @property
    def sha256(self) -> str:
        """The content's digest, in hexadecimal."""
        return hashlib.sha256(self.content.encode()).hexdigest()


class PullRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A pull request; ``key`` is its id, filled up with zeros.

    ``source`` and ``destination`` are branches by their full names. ``destination_commit`` is
    where the destination stood when it was created, later when it was closed. ``approvals`` holds
    who has said what (AWS's approvalState) of a revision, by its id; ``overriders`` who has set
    the rules aside for a revision.
    """

    repository_id: str
    title: str
    source: str
    destination: str
    destination_commit: str
    author: str
    created_at: datetime
    changed_at: datetime
    description: str = ""
    token: str = ""
    status: str = "OPEN"
    merged: Merged | None = None
    rules: tuple[ApprovalRule, ...] = ()
    approvals: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    overriders: dict[str, str] = msgspec.field(default_factory=dict)


class PullRequestObserved(msgspec.Struct, frozen=True):
    """Where the source was seen last, and since when."""

    source_commit: str
    revision_id: str
    updated_at: datetime


PullRequestItem = Item[PullRequest, PullRequestObserved]


class Happened(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened to a pull request; ``key`` is the pull request's, ``/`` and a number.

    ``type`` is AWS's. ``before`` and ``after`` are where the source stood, ``destination`` where
    the destination did. ``said`` is what was said of a ``revision``, ``rule`` an approval rule.
    """

    type: str
    at: datetime
    actor: str
    before: str = ""
    after: str = ""
    destination: str = ""
    revision: str = ""
    said: str = ""
    rule: ApprovalRule | None = None


PULL_REQUESTS: Kind[PullRequest, PullRequestObserved] = Kind(
    "codecommit.pull-request",
    PullRequest,
    PullRequestObserved,
    {
        "listed": lambda item: {
            item.desired.repository_id,
            f"{item.desired.repository_id} {item.desired.status}",
        },
        "source": lambda item: (
            f"{item.desired.repository_id} {item.desired.source}"
            if item.desired.status == "OPEN"
            else None
        ),
        "token": lambda item: item.desired.token or None,
    },
)
HAPPENED: Kind[Happened, Nothing] = Kind("codecommit.pull-request-event", Happened, Nothing)


def id_of(item: PullRequestItem) -> str:
    """A pull request's id."""
    return item.key.lstrip("0")


def find_pull_request(tx: Transaction, scope: Scope, identity: str) -> PullRequestItem:
    """``InvalidPullRequestIdException``, ``PullRequestDoesNotExistException``."""
    plain = identity.isascii() and identity.isdigit() and not identity.startswith("0")
    if not plain or len(identity) > _LONGEST_ID:
        raise ServiceError(
            "InvalidPullRequestIdException", f"{identity} is not a valid pull request ID"
        )
    item = tx.get(PULL_REQUESTS, scope, identity.zfill(_LONGEST_ID))
    if item is None:
        raise ServiceError("PullRequestDoesNotExistException", f"{identity} does not exist")
    return item


def create(
    tx: Transaction, scope: Scope, desired: PullRequest, seen: PullRequestObserved
) -> PullRequestItem:
    """Keep a new pull request, with the next number of the account and region."""
    key = str(tx.next(scope, "codecommit.pull-request")).zfill(_LONGEST_ID)
    return tx.create(PULL_REQUESTS, scope, key, desired, seen)


def follow(
    tx: Transaction,
    repository: RepositoryItem,
    references: Mapping[str, str],
    ids: Ids,
    *,
    now: datetime,
    actor: str,
) -> None:
    """Have open pull requests see where their sources stand now."""
    before = {f"{BRANCHES}{name}": at for name, at in repository.observed.branches.items()}
    for name, at in references.items():
        if before.get(name) == at:
            continue
        where = ("source", f"{repository.desired.repository_id} {name}")
        for item in tx.page(PULL_REQUESTS, repository.scope, where=where):
            seen = item.observed
            if seen.source_commit == at:
                continue
            tx.observe(PULL_REQUESTS, item.ref, PullRequestObserved(at, ids.hex(64), now))
            happened = Happened(
                SOURCE_UPDATED, now, actor, seen.source_commit, at, item.desired.destination_commit
            )
            tell(tx, repository, item.key, happened, ids)


def tell(
    tx: Transaction, repository: RepositoryItem, key: str, happened: Happened, ids: Ids
) -> None:
    """Keep what happened to a pull request, and say it to EventBridge.

    The detail is as the CodeCommit user guide gives it ("Monitoring CodeCommit events").
    """
    number = tx.next(repository.scope, "codecommit.pull-request-event")
    tx.create(HAPPENED, repository.scope, f"{key}/{number:012}", happened)
    item = tx.get(PULL_REQUESTS, repository.scope, key)
    assert item is not None  # noqa: S101 - it is what this happened to
    own = item.desired
    detail = {
        "event": _TOLD[happened.type],
        "pullRequestId": id_of(item),
        "title": own.title,
        "description": own.description,
        "author": own.author,
        "callerUserArn": happened.actor,
        "creationDate": _date(own.created_at),
        "lastModifiedDate": _date(happened.at),
        "repositoryNames": [repository.key],
        "revisionId": item.observed.revision_id,
        "sourceReference": own.source,
        "sourceCommit": item.observed.source_commit,
        "destinationReference": own.destination,
        "destinationCommit": own.destination_commit,
        "pullRequestStatus": own.status.capitalize(),
        "isMerged": str(own.merged is not None),
        "notificationBody": (
            "A pull request event occurred in the following AWS CodeCommit repository:"
            f" {repository.key}. User: {happened.actor}. Event: {_TOLD[happened.type]}."
            f" Pull request name: {id_of(item)}. The title of the pull request is: {own.title}."
        ),
    }
    if own.merged is not None:
        detail["mergeOption"] = own.merged.option
    if happened.rule is not None:
        detail["approvalRuleId"] = happened.rule.id
        detail["approvalRuleName"] = happened.rule.name
        detail["approvalRuleContentSha256"] = happened.rule.sha256
    if happened.said:
        member = "overrideStatus" if happened.type == OVERRIDDEN else "approvalStatus"
        detail[member] = happened.said
    emit(
        tx,
        repository.scope,
        ids,
        happened.at,
        source=SOURCE,
        detail_type=STATE_CHANGE,
        detail=detail,
        resources=(arn_of(repository.scope, repository.key),),
    )


def forget(tx: Transaction, repository: RepositoryItem) -> None:
    """Forget the pull requests of a repository that is deleted."""
    where = ("listed", repository.desired.repository_id)
    for item in tx.page(PULL_REQUESTS, repository.scope, where=where):
        for each in tx.page(HAPPENED, repository.scope, prefix=f"{item.key}/"):
            tx.delete(HAPPENED, each.ref)
        tx.delete(PULL_REQUESTS, item.ref)


def _date(at: datetime) -> str:
    """``Sun Oct 31 16:20:18 UTC 2021``."""
    return f"{at.astimezone(UTC):%a %b %d %H:%M:%S UTC %Y}"
