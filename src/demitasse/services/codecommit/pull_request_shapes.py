"""Pull requests, and what happened to them, in AWS's shapes."""

from __future__ import annotations

from typing import Any

from demitasse.services.codecommit.pull_requests import (
    BRANCHES,
    CREATED,
    MERGED,
    OVERRIDDEN,
    SOURCE_UPDATED,
    STATUS_CHANGED,
    ApprovalRule,
    Happened,
    Merged,
    PullRequestItem,
    id_of,
)
from demitasse.services.codecommit.repository_view import NoSuchObject, View


async def shown(view: View, item: PullRequestItem) -> dict[str, Any]:
    """A pull request in AWS's shape."""
    own, seen = item.desired, item.observed
    destination = destination_of(view, item)
    return {
        "pullRequestId": id_of(item),
        "title": own.title,
        "description": own.description or None,
        "lastActivityDate": max(own.changed_at, seen.updated_at),
        "creationDate": own.created_at,
        "pullRequestStatus": own.status,
        "authorArn": own.author,
        "pullRequestTargets": [
            {
                "repositoryName": view.item.key,
                "sourceReference": own.source,
                "destinationReference": own.destination,
                "sourceCommit": seen.source_commit,
                "destinationCommit": destination,
                "mergeBase": await _base(view, seen.source_commit, destination),
                "mergeMetadata": _merge(own.merged),
            }
        ],
        "clientRequestToken": own.token,
        "revisionId": seen.revision_id,
        "approvalRules": [shown_rule(each) for each in own.rules],
    }


def shown_rule(rule: ApprovalRule) -> dict[str, Any]:
    """An approval rule in AWS's shape."""
    return {
        "approvalRuleId": rule.id,
        "approvalRuleName": rule.name,
        "approvalRuleContent": rule.content,
        "ruleContentSha256": rule.sha256,
        "creationDate": rule.created_at,
        "lastModifiedDate": rule.changed_at,
        "lastModifiedUser": rule.changed_by,
    }


async def shown_event(view: View, item: PullRequestItem, happened: Happened) -> dict[str, Any]:
    """What happened to a pull request, in AWS's shape."""
    event: dict[str, Any] = {
        "pullRequestId": id_of(item),
        "eventDate": happened.at,
        "pullRequestEventType": happened.type,
        "actorArn": happened.actor,
    }
    if happened.type == CREATED:
        event["pullRequestCreatedEventMetadata"] = {
            "repositoryName": view.item.key,
            "sourceCommitId": happened.after,
            "destinationCommitId": happened.destination,
            "mergeBase": await _base(view, happened.after, happened.destination),
        }
    elif happened.type == SOURCE_UPDATED:
        event["pullRequestSourceReferenceUpdatedEventMetadata"] = {
            "repositoryName": view.item.key,
            "beforeCommitId": happened.before,
            "afterCommitId": happened.after,
            "mergeBase": await _base(view, happened.after, happened.destination),
        }
    elif happened.type == MERGED:
        event["pullRequestMergedStateChangedEventMetadata"] = {
            "repositoryName": view.item.key,
            "destinationReference": item.desired.destination,
            "mergeMetadata": _merge(item.desired.merged),
        }
    elif happened.type == STATUS_CHANGED:
        event["pullRequestStatusChangedEventMetadata"] = {"pullRequestStatus": "CLOSED"}
    elif happened.rule is not None:
        event["approvalRuleEventMetadata"] = {
            "approvalRuleName": happened.rule.name,
            "approvalRuleId": happened.rule.id,
            "approvalRuleContent": happened.rule.content,
        }
    else:
        over = happened.type == OVERRIDDEN
        what = (
            "approvalRuleOverriddenEventMetadata" if over else "approvalStateChangedEventMetadata"
        )
        status = "overrideStatus" if over else "approvalStatus"
        event[what] = {"revisionId": happened.revision, status: happened.said}
    return event


def destination_of(view: View, item: PullRequestItem) -> str:
    """Where the destination stands, or stood when the pull request was closed."""
    own = item.desired
    if own.status == "CLOSED":
        return own.destination_commit
    branch = own.destination.removeprefix(BRANCHES)
    return view.item.observed.branches.get(branch, own.destination_commit)


async def _base(view: View, source: str, destination: str) -> str | None:
    """Where the two parted, as far as git still knows them."""
    try:
        return await view.git.merge_base(view.id, source, destination)
    except NoSuchObject:
        return None


def _merge(merged: Merged | None) -> dict[str, Any]:
    if merged is None:
        return {"isMerged": False}
    return {
        "isMerged": True,
        "mergedBy": merged.by,
        "mergeCommitId": merged.commit,
        "mergeOption": merged.option,
    }
