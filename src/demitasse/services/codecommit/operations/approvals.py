"""Approvals of pull requests, and the rules that ask for them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codecommit.approvals import approvers, check_content, satisfied
from demitasse.services.codecommit.operations.api import api
from demitasse.services.codecommit.operations.pull_requests import check_open
from demitasse.services.codecommit.pull_request_shapes import shown_rule
from demitasse.services.codecommit.pull_requests import (
    APPROVAL_CHANGED,
    OVERRIDDEN,
    PULL_REQUESTS,
    RULE_CREATED,
    RULE_DELETED,
    RULE_UPDATED,
    ApprovalRule,
    Happened,
    PullRequestItem,
    find_pull_request,
    tell,
)
from demitasse.services.codecommit.records import REPOSITORIES

_REVISION = re.compile(r"[0-9a-f]{64}")
_MOST_RULES = 30


@api.operation("CreatePullRequestApprovalRule")
def create_pull_request_approval_rule(context: Context, given: Input) -> Output:
    """Ask for further approvals of a pull request."""
    item = _open(context, given)
    name, content = given["approvalRuleName"], given["approvalRuleContent"]
    check_content(content)
    if any(each.name == name for each in item.desired.rules):
        raise ServiceError(
            "ApprovalRuleNameAlreadyExistsException", f"An approval rule {name} already exists."
        )
    if len(item.desired.rules) >= _MOST_RULES:
        raise ServiceError(
            "NumberOfRulesExceededException", f"A pull request has up to {_MOST_RULES} rules."
        )
    rule = ApprovalRule(
        context.ids.uuid(), name, content, context.now, context.now, context.caller.arn
    )
    _change(
        context,
        item,
        Happened(RULE_CREATED, *_now(context), rule=rule),
        rules=(*item.desired.rules, rule),
    )
    return {"approvalRule": shown_rule(rule)}


@api.operation("UpdatePullRequestApprovalRuleContent")
def update_pull_request_approval_rule_content(context: Context, given: Input) -> Output:
    """Ask for other approvals."""
    item = _open(context, given)
    check_content(given["newRuleContent"])
    before = _rule(item, given["approvalRuleName"])
    if before is None:
        raise ServiceError(
            "ApprovalRuleDoesNotExistException",
            f"There is no approval rule {given['approvalRuleName']}.",
        )
    if given.get("existingRuleContentSha256", before.sha256) != before.sha256:
        raise ServiceError(
            "InvalidRuleContentSha256Exception",
            "The SHA-256 hash signature for the rule content is not valid.",
        )
    rule = msgspec.structs.replace(
        before,
        content=given["newRuleContent"],
        changed_at=context.now,
        changed_by=context.caller.arn,
    )
    rules = tuple(rule if each.id == rule.id else each for each in item.desired.rules)
    _change(context, item, Happened(RULE_UPDATED, *_now(context), rule=rule), rules=rules)
    return {"approvalRule": shown_rule(rule)}


@api.operation("DeletePullRequestApprovalRule")
def delete_pull_request_approval_rule(context: Context, given: Input) -> Output:
    """Ask no longer for what a rule asked for."""
    item = _open(context, given)
    rule = _rule(item, given["approvalRuleName"])
    if rule is None:
        raise ServiceError(
            "InvalidApprovalRuleNameException",
            f"There is no approval rule {given['approvalRuleName']}.",
        )
    rules = tuple(each for each in item.desired.rules if each.id != rule.id)
    _change(context, item, Happened(RULE_DELETED, *_now(context), rule=rule), rules=rules)
    return {"approvalRuleId": rule.id}


@api.operation("UpdatePullRequestApprovalState")
def update_pull_request_approval_state(context: Context, given: Input) -> Output:
    """Approve a pull request as it stands now, or no longer; its author cannot."""
    item = _open(context, given)
    revision, state = _current(item, given), given["approvalState"]
    arn = context.caller.arn
    if arn == item.desired.author:
        raise ServiceError(
            "PullRequestCannotBeApprovedByAuthorException",
            "The approval cannot be applied because the user approving the pull request matches"
            " the user who created the pull request.",
        )
    said = {**item.desired.approvals.get(revision, {}), arn: state}
    happened = Happened(APPROVAL_CHANGED, *_now(context), revision=revision, said=state)
    _change(context, item, happened, approvals={**item.desired.approvals, revision: said})
    return {}


@api.operation("GetPullRequestApprovalStates")
def get_pull_request_approval_states(context: Context, given: Input) -> Output:
    """Who has said what of a revision."""
    item = find_pull_request(context.tx, context.scope, given["pullRequestId"])
    said = item.desired.approvals.get(_revision(given), {})
    return {"approvals": [{"userArn": arn, "approvalState": state} for arn, state in said.items()]}


@api.operation("EvaluatePullRequestApprovalRules")
def evaluate_pull_request_approval_rules(context: Context, given: Input) -> Output:
    """Which rules are satisfied, and whether that is enough."""
    item = find_pull_request(context.tx, context.scope, given["pullRequestId"])
    revision, arns = _current(item, given), approvers(item)
    done = {rule.name: satisfied(rule, arns) for rule in item.desired.rules}
    overridden = revision in item.desired.overriders
    return {
        "evaluation": {
            "approved": overridden or all(done.values()),
            "overridden": overridden,
            "approvalRulesSatisfied": [name for name, is_done in done.items() if is_done],
            "approvalRulesNotSatisfied": [name for name, is_done in done.items() if not is_done],
        }
    }


@api.operation("OverridePullRequestApprovalRules")
def override_pull_request_approval_rules(context: Context, given: Input) -> Output:
    """Set the rules aside for the pull request as it stands now, or no longer."""
    item = _open(context, given)
    revision, status = _current(item, given), given["overrideStatus"]
    overriders = dict(item.desired.overriders)
    if status == "OVERRIDE" and revision in overriders:
        raise ServiceError(
            "OverrideAlreadySetException", "The pull request has already had its rules overridden."
        )
    overriders.pop(revision, None)
    if status == "OVERRIDE":
        overriders[revision] = context.caller.arn
    happened = Happened(OVERRIDDEN, *_now(context), revision=revision, said=status)
    _change(context, item, happened, overriders=overriders)
    return {}


@api.operation("GetPullRequestOverrideState")
def get_pull_request_override_state(context: Context, given: Input) -> Output:
    """Whether the rules are set aside for a revision, and by whom."""
    item = find_pull_request(context.tx, context.scope, given["pullRequestId"])
    overrider = item.desired.overriders.get(_revision(given))
    return {"overridden": overrider is not None, "overrider": overrider}


def _open(context: Context, given: Input) -> PullRequestItem:
    item = find_pull_request(context.tx, context.scope, given["pullRequestId"])
    check_open(item)
    return item


def _rule(item: PullRequestItem, name: str) -> ApprovalRule | None:
    return next((each for each in item.desired.rules if each.name == name), None)


def _revision(given: Input) -> str:
    revision: str = given["revisionId"]
    if not _REVISION.fullmatch(revision):
        raise ServiceError("InvalidRevisionIdException", f"{revision} is not a valid revision ID")
    return revision


def _current(item: PullRequestItem, given: Input) -> str:
    revision = _revision(given)
    if revision != item.observed.revision_id:
        raise ServiceError(
            "RevisionNotCurrentException",
            "The revision ID provided in the request does not match the current revision ID."
            " Use GetPullRequest to retrieve the current revision ID.",
        )
    return revision


def _now(context: Context) -> tuple[Any, str]:
    return context.now, context.caller.arn


def _change(context: Context, item: PullRequestItem, happened: Happened, **what: Any) -> None:
    changed = msgspec.structs.replace(item.desired, changed_at=context.now, **what)
    context.tx.desire(PULL_REQUESTS, item.ref, changed)
    home = context.tx.one(REPOSITORIES, context.scope, "id", item.desired.repository_id)
    assert home is not None  # noqa: S101 - pull requests go with their repository
    tell(context.tx, home, item.key, happened, context.ids)
