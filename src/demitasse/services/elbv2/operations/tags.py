"""Tags of load balancers, listeners, rules and target groups."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2 import arns
from demitasse.services.elbv2.operations import tagging
from demitasse.services.elbv2.operations.api import api
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    Tags,
)

_MOST_RESOURCES = 20
_replace = msgspec.structs.replace
Change = Callable[[Tags], Tags]


def _tags(context: Context, arn: str, change: Change | None = None) -> Tags:
    """A resource's tags, changed first where a change is given."""
    tx = context.tx
    match arns.kind_of(arn):
        case "load balancer":
            balancer = arns.find_load_balancer(context, arn)
            if change:
                tags = change(balancer.desired.tags)
                balancer = tx.desire(
                    LOAD_BALANCERS, balancer.ref, _replace(balancer.desired, tags=tags)
                )
            return balancer.desired.tags
        case "target group":
            group = arns.find_target_group(context, arn)
            if change:
                tags = change(group.desired.tags)
                group = tx.desire(TARGET_GROUPS, group.ref, _replace(group.desired, tags=tags))
            return group.desired.tags
        case "listener":
            listener = arns.find_listener(context, arn)
            if change:
                tags = change(listener.desired.tags)
                listener = tx.desire(LISTENERS, listener.ref, _replace(listener.desired, tags=tags))
            return listener.desired.tags
        case "listener rule":
            return _rule_tags(context, arn, change)
        case _:
            raise ServiceError("ValidationError", f"'{arn}' is not a valid resource ARN")


def _rule_tags(context: Context, arn: str, change: Change | None) -> Tags:
    tx = context.tx
    listener = tx.one(LISTENERS, context.scope, "default-rule", arn)
    if listener is not None:
        if change:
            tags = change(listener.desired.default_rule_tags)
            listener = tx.desire(
                LISTENERS, listener.ref, _replace(listener.desired, default_rule_tags=tags)
            )
        return listener.desired.default_rule_tags
    rule = arns.find_rule(context, arn)
    if change:
        rule = tx.desire(RULES, rule.ref, _replace(rule.desired, tags=change(rule.desired.tags)))
    return rule.desired.tags


@api.operation("AddTags")
def add_tags(context: Context, given: Input) -> Output:
    """Add or overwrite tags of resources, all or none."""
    for arn in given["ResourceArns"]:
        _tags(context, arn, lambda before: tagging.read(given["Tags"], before))
    return {}


@api.operation("RemoveTags")
def remove_tags(context: Context, given: Input) -> Output:
    """Remove tags by their keys; ones that are not there are fine."""
    gone = set(given["TagKeys"])
    for arn in given["ResourceArns"]:
        _tags(
            context,
            arn,
            lambda before: {key: text for key, text in before.items() if key not in gone},
        )
    return {}


@api.operation("DescribeTags")
def describe_tags(context: Context, given: Input) -> Output:
    """The tags of up to 20 resources."""
    wanted = given["ResourceArns"]
    if len(wanted) > _MOST_RESOURCES:
        raise ServiceError(
            "ValidationError", f"Up to {_MOST_RESOURCES} resources can be described in one call"
        )
    return {
        "TagDescriptions": [
            {"ResourceArn": arn, "Tags": tagging.written(_tags(context, arn))} for arn in wanted
        ]
    }
