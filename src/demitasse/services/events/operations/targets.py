"""Targets of rules: put, remove, list, and the rules that have a target."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.events import inputs, starting
from demitasse.services.events.destinations import LOG_GROUP, PIPELINE, PROJECT, destination
from demitasse.services.events.operations import names
from demitasse.services.events.operations.api import api
from demitasse.services.events.records import RULES, Retry, Target, Transformer

MOST = 5
_CARRIED_OUT = frozenset(
    {"Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "RetryPolicy"}
)


@api.operation("PutTargets")
def put_targets(ctx: Context, given: Input) -> Output:
    """Add targets to a rule; one whose id is there is replaced."""
    item = names.rule(ctx, given["Rule"], given.get("EventBusName"))
    targets = {each.id: each for each in item.desired.targets}
    for each in given["Targets"]:
        targets[each["Id"]] = _target(ctx, each)
    if len(targets) > MOST:
        raise names.too_many("The requested resource exceeds the maximum number allowed.")
    _keep(ctx, item, tuple(targets.values()))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _target(ctx: Context, given: dict[str, Any]) -> Target:
    for option in given:
        if option not in _CARRIED_OUT:
            raise NotSupported(f"A target with {option}")
    where = destination(ctx.scope, given["Arn"])
    role = given.get("RoleArn", "")
    if where.service != LOG_GROUP:
        if not role:
            raise names.invalid(f"RoleArn is required for target {given['Arn']}.")
        names.role(ctx, role)
    elif role:
        raise names.invalid(f"RoleArn is not supported for target {given['Arn']}.")
    target = Target(
        given["Id"],
        given["Arn"],
        role,
        given.get("Input", ""),
        given.get("InputPath", ""),
        _transformer(given.get("InputTransformer")),
        _retry(given.get("RetryPolicy")),
    )
    try:
        inputs.check(target)
    except inputs.InputError as error:
        raise names.invalid(str(error)) from None
    _check_constant(where.service, target)
    return target


def _check_constant(service: str, target: Target) -> None:
    """Refuse a constant input that the target could never be started with."""
    if target.input and service == PIPELINE:
        starting.pipeline_input(target.input)
    elif target.input and service == PROJECT:
        starting.build_input(target.input)


def _transformer(given: dict[str, Any] | None) -> Transformer | None:
    if given is None:
        return None
    return Transformer(given["InputTemplate"], given.get("InputPathsMap", {}))


def _retry(given: dict[str, Any] | None) -> Retry | None:
    if given is None:
        return None
    return Retry(given.get("MaximumRetryAttempts"), given.get("MaximumEventAgeInSeconds"))


@api.operation("RemoveTargets")
def remove_targets(ctx: Context, given: Input) -> Output:
    """Take targets from a rule; those that it does not have are told."""
    item = names.rule(ctx, given["Rule"], given.get("EventBusName"))
    there = {each.id for each in item.desired.targets}
    left = tuple(each for each in item.desired.targets if each.id not in given["Ids"])
    _keep(ctx, item, left)
    failed = [
        {
            "TargetId": each,
            "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": f"Rule {item.desired.name} does not have a target with the Id {each}.",
        }
        for each in dict.fromkeys(given["Ids"])
        if each not in there
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def _keep(ctx: Context, item: names.RuleItem, targets: tuple[Target, ...]) -> None:
    ctx.tx.desire(RULES, item.ref, msgspec.structs.replace(item.desired, targets=targets))


@api.operation("ListTargetsByRule")
def list_targets_by_rule(ctx: Context, given: Input) -> Output:
    """A rule's targets in the order in which they were put."""
    item = names.rule(ctx, given["Rule"], given.get("EventBusName"))
    limit, after = names.limit(given), names.start(given)
    ids = [each.id for each in item.desired.targets]
    if after and after not in ids:
        raise ServiceError("ValidationException", "NextToken is not valid.")
    first = ids.index(after) + 1 if after else 0
    shown, more = paging.cut(item.desired.targets[first:], limit)
    return {
        "Targets": [_written(each) for each in shown],
        "NextToken": paging.token(shown[-1].id) if more else None,
    }


@api.operation("ListRuleNamesByTarget")
def list_rule_names_by_target(ctx: Context, given: Input) -> Output:
    """The rules of a bus that have a target, in the order of their names."""
    bus = names.bus(ctx, given.get("EventBusName")).key
    limit = names.limit(given)
    rows = ctx.tx.page(
        RULES,
        ctx.scope,
        after=names.start(given),
        limit=limit + 1,
        where=("target", f"{bus}/{given['TargetArn']}"),
    )
    shown, more = paging.cut(rows, limit)
    return {
        "RuleNames": [item.desired.name for item in shown],
        "NextToken": paging.token(shown[-1].key) if more else None,
    }


def _written(target: Target) -> Output:
    transformer, retry = target.transformer, target.retry
    return {
        "Id": target.id,
        "Arn": target.arn,
        "RoleArn": target.role_arn or None,
        "Input": target.input or None,
        "InputPath": target.input_path or None,
        "InputTransformer": {
            "InputPathsMap": transformer.paths or None,
            "InputTemplate": transformer.template,
        }
        if transformer
        else None,
        "RetryPolicy": {
            "MaximumRetryAttempts": retry.attempts,
            "MaximumEventAgeInSeconds": retry.age_seconds,
        }
        if retry
        else None,
    }
