"""Approval rules: read, and asked whether they are satisfied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from demitasse.errors import ServiceError
from demitasse.services.codecommit.pull_requests import ApprovalRule, PullRequestItem

_VERSION = "2018-11-08"
_MOST_APPROVALS = 100
_APPROVER = re.compile(r"CodeCommitApprovers:(?P<account>[0-9]{12}):(?P<name>.+)")
_CALLER = re.compile(r"arn:aws:(?:iam|sts)::(?P<account>[0-9]{12}):(?P<kind>[a-z-]+)/?(?P<name>.*)")


def check_content(content: str) -> None:
    """``InvalidApprovalRuleContentException`` when it is no rule of a pull request."""
    try:
        rule = json.loads(content)
    except ValueError:
        raise _invalid("it is not JSON") from None
    if not isinstance(rule, dict) or set(rule) - {"Version", "Statements"}:
        raise _invalid("a rule of a pull request has Version and Statements alone")
    if rule.get("Version") != _VERSION:
        raise _invalid(f"the Version must be {_VERSION}")
    statements = rule.get("Statements")
    if not isinstance(statements, list) or not statements:
        raise _invalid("it has no Statements")
    for statement in statements:
        _check_statement(statement)


def _check_statement(statement: Any) -> None:
    known = {"Type", "NumberOfApprovalsNeeded", "ApprovalPoolMembers"}
    if not isinstance(statement, dict) or set(statement) - known:
        raise _invalid(f"a statement has {', '.join(sorted(known))} alone")
    if statement.get("Type") != "Approvers":
        raise _invalid("the Type of a statement must be Approvers")
    needed = statement.get("NumberOfApprovalsNeeded")
    if type(needed) is not int or not 1 <= needed <= _MOST_APPROVALS:
        raise _invalid(f"NumberOfApprovalsNeeded must be from 1 to {_MOST_APPROVALS}")
    pool = statement.get("ApprovalPoolMembers", [])
    if not isinstance(pool, list) or not all(_is_member(each) for each in pool):
        raise _invalid("ApprovalPoolMembers must be ARNs or CodeCommitApprovers:account:name")


def _is_member(member: Any) -> bool:
    return isinstance(member, str) and bool(
        member.startswith("arn:") or _APPROVER.fullmatch(member)
    )


def approvers(item: PullRequestItem) -> list[str]:
    """Who approves the revision that stands now."""
    said = item.desired.approvals.get(item.observed.revision_id, {})
    return [arn for arn, state in said.items() if state == "APPROVE"]


def satisfied(rule: ApprovalRule, arns: Iterable[str]) -> bool:
    """Whether these approvals are enough."""
    given = list(arns)
    return all(
        sum(_counts(arn, statement.get("ApprovalPoolMembers") or ["*"]) for arn in given)
        >= statement["NumberOfApprovalsNeeded"]
        for statement in json.loads(rule.content)["Statements"]
    )


def is_approved(item: PullRequestItem) -> bool:
    """Whether a pull request may be merged as far as its rules are concerned."""
    if item.observed.revision_id in item.desired.overriders:
        return True
    arns = approvers(item)
    return all(satisfied(rule, arns) for rule in item.desired.rules)


def _counts(arn: str, pool: Iterable[str]) -> bool:
    """Whether one is in a pool: named by ARN, or by account and name; ``*`` stands for anything."""
    return any(_is(arn, member) for member in pool)


def _is(arn: str, member: str) -> bool:
    named = _APPROVER.fullmatch(member)
    if named is None:
        return fnmatchcase(arn, member)
    caller = _CALLER.fullmatch(arn)
    if caller is None or caller["account"] != named["account"]:
        return False
    # A user's name may have a path before it; a session counts by role and name alone.
    name = caller["name"] if caller["kind"] == "assumed-role" else arn.rpartition("/")[2]
    return fnmatchcase(name, named["name"])


def _invalid(why: str) -> ServiceError:
    return ServiceError(
        "InvalidApprovalRuleContentException",
        f"The content of the approval rule is not valid: {why}.",
    )
