"""Pull requests: from their opening to their merging."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.asgi import ACCOUNT, CALLER
from tests.unit.services.codecommit.stand import CodeCommit

DEMO = {"repositoryName": "demo"}
NOWHERE = "0" * 40


@pytest.fixture
def forked(codecommit: CodeCommit) -> CodeCommit:
    """``dev``, the default branch, and ``feature``, which has changed a file since."""
    codecommit.repository()
    base = codecommit.push({"a": b"1\n", "b": b"1\n"})
    codecommit.ask("CreateBranch", **DEMO, branchName="feature", commitId=base)
    codecommit.push({"a": b"2\n", "b": b"1\n"}, "feature")
    codecommit.events.clear()
    return codecommit


def open_one(codecommit: CodeCommit, **given: Any) -> dict[str, Any]:
    target = {**DEMO, "sourceReference": "feature", **given.pop("target", {})}
    asked = {"title": "A change", "targets": [target], **given}
    opened: dict[str, Any] = codecommit.ask("CreatePullRequest", **asked)["pullRequest"]
    return opened


def tips(codecommit: CodeCommit) -> dict[str, str]:
    return codecommit.item().observed.branches


def events(codecommit: CodeCommit, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = codecommit.ask(
        "DescribePullRequestEvents", pullRequestId="1", **given
    )["pullRequestEvents"]
    return found


def test_one_is_opened_and_told(forked: CodeCommit) -> None:
    opened = open_one(forked, description="Why", clientRequestToken="token")
    now = forked.clock.now()
    assert {name: opened.pop(name) for name in ("creationDate", "lastActivityDate")} == {
        "creationDate": now,
        "lastActivityDate": now,
    }
    revision = opened.pop("revisionId")
    base = forked.ask(
        "GetMergeOptions", **DEMO, sourceCommitSpecifier="feature", destinationCommitSpecifier="dev"
    )
    assert opened == {
        "pullRequestId": "1",
        "title": "A change",
        "description": "Why",
        "pullRequestStatus": "OPEN",
        "authorArn": CALLER.arn,
        "clientRequestToken": "token",
        "approvalRules": [],
        "pullRequestTargets": [
            {
                **DEMO,
                "sourceReference": "refs/heads/feature",
                "destinationReference": "refs/heads/dev",
                "sourceCommit": tips(forked)["feature"],
                "destinationCommit": tips(forked)["dev"],
                "mergeBase": base["baseCommitId"],
                "mergeMetadata": {"isMerged": False},
            }
        ],
    }
    (event,) = forked.events
    body = event.pop("notificationBody")
    assert "demo" in body
    assert event == {
        "event": "pullRequestCreated",
        "pullRequestId": "1",
        "title": "A change",
        "description": "Why",
        "author": CALLER.arn,
        "callerUserArn": CALLER.arn,
        "creationDate": "Thu Jan 01 00:00:00 UTC 2026",
        "lastModifiedDate": "Thu Jan 01 00:00:00 UTC 2026",
        "repositoryNames": ["demo"],
        "revisionId": revision,
        "sourceReference": "refs/heads/feature",
        "sourceCommit": tips(forked)["feature"],
        "destinationReference": "refs/heads/dev",
        "destinationCommit": tips(forked)["dev"],
        "pullRequestStatus": "Open",
        "isMerged": "False",
    }
    (told,) = events(forked)
    assert (told["pullRequestEventType"], told["actorArn"]) == ("PULL_REQUEST_CREATED", CALLER.arn)
    assert told["pullRequestCreatedEventMetadata"]["mergeBase"] == base["baseCommitId"]


def test_asking_twice_with_one_token_opens_one(forked: CodeCommit) -> None:
    first = open_one(forked, clientRequestToken="token")
    assert open_one(forked, clientRequestToken="token") == first
    refused = forked.refused(
        "CreatePullRequest",
        title="Another",
        targets=[{**DEMO, "sourceReference": "feature"}],
        clientRequestToken="token",
    )
    assert refused == "IdempotencyParameterMismatch"
    assert open_one(forked)["pullRequestId"] == "2"


def test_lists(forked: CodeCommit) -> None:
    forked.repository("other")
    for _ in range(3):
        open_one(forked)
    forked.ask("UpdatePullRequestStatus", pullRequestId="2", pullRequestStatus="CLOSED")

    def listed(**given: Any) -> list[str]:
        found: list[str] = forked.ask("ListPullRequests", **{**DEMO, **given})["pullRequestIds"]
        return found

    assert listed() == ["1", "2", "3"]
    assert listed(pullRequestStatus="OPEN") == ["1", "3"]
    assert listed(pullRequestStatus="CLOSED") == ["2"]
    assert listed(authorArn=CALLER.arn) == ["1", "2", "3"]
    assert listed(authorArn=f"arn:aws:iam::{ACCOUNT}:user/nobody") == []
    assert listed(repositoryName="other") == []
    page = forked.ask("ListPullRequests", **DEMO, maxResults=2)
    assert page["pullRequestIds"] == ["1", "2"]
    assert listed(nextToken=page["nextToken"]) == ["3"]


def test_it_follows_its_source(forked: CodeCommit) -> None:
    opened = open_one(forked)
    before = tips(forked)["feature"]
    forked.clock.advance(60)
    forked.events.clear()
    after = forked.push({"a": b"3\n", "b": b"1\n"}, "feature")
    found = forked.ask("GetPullRequest", pullRequestId="1")["pullRequest"]
    assert found["pullRequestTargets"][0]["sourceCommit"] == after
    assert found["revisionId"] != opened["revisionId"]
    assert found["lastActivityDate"] == forked.clock.now()
    assert {each["event"] for each in forked.events} == {
        "referenceUpdated",
        "pullRequestSourceBranchUpdated",
    }
    (told,) = events(forked, pullRequestEventType="PULL_REQUEST_SOURCE_REFERENCE_UPDATED")
    metadata = told["pullRequestSourceReferenceUpdatedEventMetadata"]
    assert (metadata["beforeCommitId"], metadata["afterCommitId"]) == (before, after)
    forked.push({"a": b"1\n", "b": b"2\n"})
    moved = forked.ask("GetPullRequest", pullRequestId="1")["pullRequest"]
    assert moved["pullRequestTargets"][0]["destinationCommit"] == tips(forked)["dev"]
    assert len(events(forked)) == 2


@pytest.mark.parametrize("how", ["FastForward", "Squash", "ThreeWay"])
def test_it_is_merged_and_closed(forked: CodeCommit, how: str) -> None:
    open_one(forked)
    source, destination = tips(forked)["feature"], tips(forked)["dev"]
    forked.events.clear()
    given = {} if how == "FastForward" else {"commitMessage": "Merge it"}
    merged = forked.ask(
        f"MergePullRequestBy{how}", pullRequestId="1", **DEMO, sourceCommitId=source, **given
    )["pullRequest"]
    assert merged["pullRequestStatus"] == "CLOSED"
    (target,) = merged["pullRequestTargets"]
    tip = tips(forked)["dev"]
    option = {"FastForward": "FAST_FORWARD", "Squash": "SQUASH", "ThreeWay": "THREE_WAY"}[how]
    assert target["mergeMetadata"] == {
        "isMerged": True,
        "mergedBy": CALLER.arn,
        "mergeCommitId": tip,
        "mergeOption": f"{option}_MERGE",
    }
    assert (target["sourceCommit"], target["destinationCommit"]) == (source, destination)
    commit = forked.ask("GetCommit", **DEMO, commitId=tip)["commit"]
    parents = {"FastForward": [destination], "Squash": [destination]}
    assert commit["parents"] == parents.get(how, [destination, source])
    assert forked.ask("GetFile", **DEMO, filePath="a")["fileContent"] == b"2\n"
    told = {each["event"]: each for each in forked.events}
    assert set(told) == {"referenceUpdated", "pullRequestMergeStatusUpdated"}
    event = told["pullRequestMergeStatusUpdated"]
    assert (event["isMerged"], event["pullRequestStatus"]) == ("True", "Closed")
    assert event["mergeOption"] == f"{option}_MERGE"
    last = events(forked)[-1]
    assert last["pullRequestEventType"] == "PULL_REQUEST_MERGE_STATE_CHANGED"
    metadata = last["pullRequestMergedStateChangedEventMetadata"]
    assert metadata["mergeMetadata"] == target["mergeMetadata"]
    assert forked.ask("GetPullRequest", pullRequestId="1")["pullRequest"] == merged
    again = forked.refused(f"MergePullRequestBy{how}", pullRequestId="1", **DEMO)
    assert again == "PullRequestAlreadyClosed"


def test_what_cannot_be_merged(forked: CodeCommit) -> None:
    forked.repository("other")
    open_one(forked)
    forked.push({"a": b"0\n", "b": b"1\n"})

    def refused(how: str = "Squash", **given: Any) -> str:
        asked = {"pullRequestId": "1", **DEMO, **given}
        return forked.refused(f"MergePullRequestBy{how}", **asked)

    assert refused() == refused("FastForward") == "ManualMergeRequired"
    assert refused(sourceCommitId=NOWHERE) == "TipOfSourceReferenceIsDifferent"
    assert refused(sourceCommitId="feature") == "InvalidCommitId"
    assert refused(repositoryName="other") == "RepositoryNotAssociatedWithPullRequest"
    assert refused(repositoryName="none") == "RepositoryDoesNotExist"
    assert refused(pullRequestId="2") == "PullRequestDoesNotExist"
    assert refused(pullRequestId="one") == "InvalidPullRequestId"
    found = forked.ask("GetPullRequest", pullRequestId="1")["pullRequest"]
    assert found["pullRequestStatus"] == "OPEN"


def test_it_is_changed_until_it_is_closed(forked: CodeCommit) -> None:
    open_one(forked)
    forked.ask("UpdatePullRequestTitle", pullRequestId="1", title="Another")
    changed = forked.ask("UpdatePullRequestDescription", pullRequestId="1", description="Since")
    assert (changed["pullRequest"]["title"], changed["pullRequest"]["description"]) == (
        "Another",
        "Since",
    )
    status = {"pullRequestId": "1", "pullRequestStatus": "CLOSED"}
    forked.events.clear()
    closed = forked.ask("UpdatePullRequestStatus", **status)["pullRequest"]
    assert closed["pullRequestStatus"] == "CLOSED"
    assert not closed["pullRequestTargets"][0]["mergeMetadata"]["isMerged"]
    assert [each["event"] for each in forked.events] == ["pullRequestStatusChanged"]
    last = events(forked)[-1]["pullRequestStatusChangedEventMetadata"]
    assert last == {"pullRequestStatus": "CLOSED"}
    assert forked.refused("UpdatePullRequestStatus", **status) == "InvalidPullRequestStatusUpdate"
    assert forked.refused("UpdatePullRequestTitle", pullRequestId="1", title="x") == (
        "PullRequestAlreadyClosed"
    )
    forked.push({"a": b"9\n"}, "feature")
    assert len(events(forked)) == 2


def test_what_cannot_be_opened(forked: CodeCommit) -> None:
    forked.repository("empty")

    def refused(**given: Any) -> str:
        target = {**DEMO, "sourceReference": "feature", **given.pop("target", {})}
        asked = {"title": "A change", "targets": [target], **given}
        return forked.refused("CreatePullRequest", **asked)

    assert refused(title=" ") == "TitleRequired"
    assert refused(title="x" * 151) == "InvalidTitle"
    assert refused(description="x" * 10241) == "InvalidDescription"
    assert refused(targets=[]) == "TargetsRequired"
    assert refused(targets=[{**DEMO, "sourceReference": "feature"}] * 2) == (
        "MultipleRepositoriesInPullRequest"
    )
    assert refused(targets=[DEMO]) == "ReferenceNameRequired"
    assert refused(target={"repositoryName": "none"}) == "RepositoryDoesNotExist"
    assert refused(target={"sourceReference": "none"}) == "ReferenceDoesNotExist"
    assert refused(target={"sourceReference": "a..b"}) == "InvalidReferenceName"
    assert refused(target={"sourceReference": "refs/tags/v1"}) == "ReferenceTypeNotSupported"
    assert refused(target={"sourceReference": "dev"}) == "SourceAndDestinationAreSame"
    assert refused(target={"destinationReference": "none"}) == "ReferenceDoesNotExist"
    assert forked.ask("ListPullRequests", **DEMO)["pullRequestIds"] == []


def test_they_go_with_their_repository(forked: CodeCommit) -> None:
    open_one(forked)
    forked.ask("UpdateRepositoryName", oldName="demo", newName="renamed")
    assert forked.ask("ListPullRequests", repositoryName="renamed")["pullRequestIds"] == ["1"]
    forked.ask("DeleteRepository", repositoryName="renamed")
    assert forked.refused("GetPullRequest", pullRequestId="1") == "PullRequestDoesNotExist"
    assert forked.refused("DescribePullRequestEvents", pullRequestId="1") == (
        "PullRequestDoesNotExist"
    )
