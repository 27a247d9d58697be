"""Approvals of pull requests, and the rules that ask for them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.kit import asgi
from tests.kit.asgi import ACCOUNT, CALLER
from tests.unit.services.codecommit.stand import CodeCommit

from demitasse.api import Caller
from demitasse.services.codecommit.approvals import check_content, satisfied
from demitasse.services.codecommit.pull_requests import ApprovalRule
from demitasse.wire import Credential

DEMO = {"repositoryName": "demo"}
ONE = {"pullRequestId": "1"}
USERS = f"arn:aws:iam::{ACCOUNT}:user/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def content(needed: int = 1, *pool: str) -> str:
    statement: dict[str, Any] = {"Type": "Approvers", "NumberOfApprovalsNeeded": needed}
    if pool:
        statement["ApprovalPoolMembers"] = list(pool)
    return json.dumps({"Version": "2018-11-08", "Statements": [statement]})


@pytest.fixture
def reviewed(codecommit: CodeCommit) -> CodeCommit:
    """A pull request of the one who calls."""
    codecommit.repository()
    base = codecommit.push({"a": b"1\n"})
    codecommit.ask("CreateBranch", **DEMO, branchName="feature", commitId=base)
    codecommit.push({"a": b"2\n"}, "feature")
    target = {**DEMO, "sourceReference": "feature"}
    codecommit.ask("CreatePullRequest", title="A change", targets=[target])
    codecommit.events.clear()
    return codecommit


def revision(codecommit: CodeCommit) -> str:
    found: str = codecommit.ask("GetPullRequest", **ONE)["pullRequest"]["revisionId"]
    return found


def by(codecommit: CodeCommit, name: str) -> asgi.Api:
    """The API as another user calls it."""
    key = f"AKIA{name.upper():X<16}"
    caller = Caller(ACCOUNT, f"{USERS}{name}", "AIDAX", key)
    credential = Credential(asgi.SECRET_KEY, caller)
    codecommit.credentials.known[key] = credential
    return asgi.Api(codecommit.app, access_key=key, now=codecommit.clock.now)


def evaluation(codecommit: CodeCommit) -> dict[str, Any]:
    found: dict[str, Any] = codecommit.ask(
        "EvaluatePullRequestApprovalRules", **ONE, revisionId=revision(codecommit)
    )["evaluation"]
    return found


def test_a_rule_is_made_changed_and_deleted(reviewed: CodeCommit) -> None:
    made = reviewed.ask(
        "CreatePullRequestApprovalRule",
        **ONE,
        approvalRuleName="one",
        approvalRuleContent=content(),
    )["approvalRule"]
    digest = hashlib.sha256(content().encode()).hexdigest()
    identity = made.pop("approvalRuleId")
    now = reviewed.clock.now()
    assert made == {
        "approvalRuleName": "one",
        "approvalRuleContent": content(),
        "ruleContentSha256": digest,
        "creationDate": now,
        "lastModifiedDate": now,
        "lastModifiedUser": CALLER.arn,
    }
    (event,) = reviewed.events
    assert event["event"] == "pullRequestApprovalRuleCreated"
    assert event["approvalRuleContentSha256"] == digest
    changed = reviewed.ask(
        "UpdatePullRequestApprovalRuleContent",
        **ONE,
        approvalRuleName="one",
        existingRuleContentSha256=digest,
        newRuleContent=content(2),
    )["approvalRule"]
    (shown,) = reviewed.ask("GetPullRequest", **ONE)["pullRequest"]["approvalRules"]
    assert shown == changed
    gone = reviewed.ask("DeletePullRequestApprovalRule", **ONE, approvalRuleName="one")
    assert gone == {"approvalRuleId": identity}
    assert reviewed.ask("GetPullRequest", **ONE)["pullRequest"]["approvalRules"] == []
    told = reviewed.ask("DescribePullRequestEvents", **ONE)["pullRequestEvents"][1:]
    assert [each["pullRequestEventType"] for each in told] == [
        "PULL_REQUEST_APPROVAL_RULE_CREATED",
        "PULL_REQUEST_APPROVAL_RULE_UPDATED",
        "PULL_REQUEST_APPROVAL_RULE_DELETED",
    ]
    assert told[1]["approvalRuleEventMetadata"]["approvalRuleContent"] == content(2)


def test_a_merge_waits_for_approval_of_what_is_merged(reviewed: CodeCommit) -> None:
    rule = {"approvalRuleName": "mary", "approvalRuleContent": content(1, f"{USERS}mary")}
    reviewed.ask("CreatePullRequestApprovalRule", **ONE, **rule)
    waiting = "PullRequestApprovalRulesNotSatisfied"
    assert reviewed.refused("MergePullRequestBySquash", **ONE, **DEMO) == waiting
    approve = {**ONE, "revisionId": revision(reviewed), "approvalState": "APPROVE"}
    assert reviewed.refused("UpdatePullRequestApprovalState", **approve) == (
        "PullRequestCannotBeApprovedByAuthor"
    )
    by(reviewed, "paulo").call("codecommit", "UpdatePullRequestApprovalState", **approve)
    assert evaluation(reviewed)["approvalRulesNotSatisfied"] == ["mary"]
    by(reviewed, "mary").call("codecommit", "UpdatePullRequestApprovalState", **approve)
    assert evaluation(reviewed) == {
        "approved": True,
        "overridden": False,
        "approvalRulesSatisfied": ["mary"],
        "approvalRulesNotSatisfied": [],
    }
    states = reviewed.ask("GetPullRequestApprovalStates", **ONE, revisionId=approve["revisionId"])[
        "approvals"
    ]
    assert states == [
        {"userArn": f"{USERS}{name}", "approvalState": "APPROVE"} for name in ("paulo", "mary")
    ]
    assert reviewed.events[-1]["event"] == "pullRequestApprovalStateChanged"
    assert reviewed.events[-1]["approvalStatus"] == "APPROVE"
    reviewed.push({"a": b"3\n"}, "feature")  # what was approved is not what stands now
    assert not evaluation(reviewed)["approved"]
    mary = by(reviewed, "mary")
    assert mary.refusal("codecommit", "UpdatePullRequestApprovalState", **approve)[0] == (
        "RevisionNotCurrentException"
    )
    approve["revisionId"] = revision(reviewed)
    mary.call("codecommit", "UpdatePullRequestApprovalState", **approve)
    revoke = {**approve, "approvalState": "REVOKE"}
    mary.call("codecommit", "UpdatePullRequestApprovalState", **revoke)
    assert reviewed.refused("MergePullRequestBySquash", **ONE, **DEMO) == waiting
    mary.call("codecommit", "UpdatePullRequestApprovalState", **approve)
    merged = reviewed.ask("MergePullRequestBySquash", **ONE, **DEMO)["pullRequest"]
    assert merged["pullRequestStatus"] == "CLOSED"


def test_rules_can_be_set_aside(reviewed: CodeCommit) -> None:
    rule = {"approvalRuleName": "two", "approvalRuleContent": content(2)}
    reviewed.ask("CreatePullRequestApprovalRule", **ONE, **rule)
    now = {**ONE, "revisionId": revision(reviewed)}
    assert reviewed.ask("GetPullRequestOverrideState", **now) == {"overridden": False}
    operation = "OverridePullRequestApprovalRules"
    reviewed.ask(operation, **now, overrideStatus="OVERRIDE")
    assert reviewed.refused(operation, **now, overrideStatus="OVERRIDE") == "OverrideAlreadySet"
    assert reviewed.ask("GetPullRequestOverrideState", **now) == {
        "overridden": True,
        "overrider": CALLER.arn,
    }
    assert evaluation(reviewed)["approved"]
    assert reviewed.events[-1]["overrideStatus"] == "OVERRIDE"
    reviewed.ask(operation, **now, overrideStatus="REVOKE")
    assert not evaluation(reviewed)["approved"]
    told = reviewed.ask("DescribePullRequestEvents", **ONE)["pullRequestEvents"]
    assert [each.get("approvalRuleOverriddenEventMetadata") for each in told[2:]] == [
        {"revisionId": now["revisionId"], "overrideStatus": status}
        for status in ("OVERRIDE", "REVOKE")
    ]
    reviewed.ask(operation, **now, overrideStatus="OVERRIDE")
    reviewed.ask("MergePullRequestByFastForward", **ONE, **DEMO)


@pytest.mark.parametrize(
    ("arn", "member", "counts"),
    [
        (f"{USERS}mary", f"{USERS}mary", True),
        (f"{USERS}mary", f"{USERS}*", True),
        (f"{USERS}mary", f"CodeCommitApprovers:{ACCOUNT}:mary", True),
        (f"{USERS}team/mary", f"CodeCommitApprovers:{ACCOUNT}:mary", True),
        (f"{USERS}mary", "CodeCommitApprovers:210987654321:mary", False),
        (f"{USERS}paulo", f"CodeCommitApprovers:{ACCOUNT}:mary", False),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/Review/mary",
            f"CodeCommitApprovers:{ACCOUNT}:mary",
            False,
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/Review/mary",
            f"CodeCommitApprovers:{ACCOUNT}:*mary",
            True,
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/Review/mary",
            f"arn:aws:sts::{ACCOUNT}:assumed-role/Review/*",
            True,
        ),
        (f"arn:aws:iam::{ACCOUNT}:root", f"CodeCommitApprovers:{ACCOUNT}:mary", False),
    ],
)
def test_who_is_in_a_pool(arn: str, member: str, counts: bool) -> None:
    rule = ApprovalRule("i", "n", content(1, member), NOW, NOW, "me")
    assert satisfied(rule, [arn]) is counts


@pytest.mark.parametrize(
    "wrong",
    [
        "no JSON",
        "[]",
        "{}",
        json.dumps({"Version": "2012-10-17", "Statements": [{}]}),
        json.dumps({"Version": "2018-11-08", "Statements": []}),
        content(0),
        content(101),
        content(1, "mary"),
        content().replace("Approvers", "Authors"),
        content().replace('"Version"', '"DestinationReferences": [], "Version"'),
    ],
)
def test_what_is_no_rule(wrong: str) -> None:
    with pytest.raises(Exception, match="not valid"):
        check_content(wrong)


def test_what_cannot_be_done(reviewed: CodeCommit) -> None:
    rule = {"approvalRuleName": "one", "approvalRuleContent": content()}
    reviewed.ask("CreatePullRequestApprovalRule", **ONE, **rule)

    def refused(operation: str, **given: Any) -> str:
        return reviewed.refused(operation, **{**ONE, **given})

    assert refused("CreatePullRequestApprovalRule", **rule) == "ApprovalRuleNameAlreadyExists"
    bad = {"approvalRuleName": "x", "approvalRuleContent": "{}"}
    assert refused("CreatePullRequestApprovalRule", **bad) == "InvalidApprovalRuleContent"
    update = {"approvalRuleName": "one", "newRuleContent": content(2)}
    operation = "UpdatePullRequestApprovalRuleContent"
    assert refused(operation, **{**update, "approvalRuleName": "x"}) == "ApprovalRuleDoesNotExist"
    assert refused(operation, **update, existingRuleContentSha256="0") == (
        "InvalidRuleContentSha256"
    )
    assert refused("DeletePullRequestApprovalRule", approvalRuleName="x") == (
        "InvalidApprovalRuleName"
    )
    assert refused("GetPullRequestApprovalStates", revisionId="now") == "InvalidRevisionId"
    assert refused("EvaluatePullRequestApprovalRules", revisionId="0" * 64) == "RevisionNotCurrent"
    reviewed.ask("UpdatePullRequestStatus", **ONE, pullRequestStatus="CLOSED")
    assert refused("DeletePullRequestApprovalRule", approvalRuleName="one") == (
        "PullRequestAlreadyClosed"
    )
