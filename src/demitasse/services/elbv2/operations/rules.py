"""Rules: create, describe, change, order, delete."""

from __future__ import annotations

from collections import Counter

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2 import arns, limits
from demitasse.services.elbv2.operations import actions, associations, conditions, paging, tagging
from demitasse.services.elbv2.operations.api import api
from demitasse.services.elbv2.records import LISTENERS, RULES, Applied, Listener, Rule
from demitasse.store import Item

_replace = msgspec.structs.replace


def written(item: Item[Rule, Applied]) -> Output:
    """A rule in AWS's shape."""
    return {
        "RuleArn": item.key,
        "Priority": str(item.desired.priority),
        "Conditions": conditions.written(item.desired.conditions),
        "Actions": actions.written(item.desired.actions),
        "IsDefault": False,
    }


def default_written(listener: Item[Listener, Applied]) -> Output:
    """A listener's default rule in AWS's shape."""
    return {
        "RuleArn": listener.desired.default_rule_arn,
        "Priority": "default",
        "Conditions": [],
        "Actions": actions.written(listener.desired.actions),
        "IsDefault": True,
    }


def _refuse_transforms(given: Input) -> None:
    if given.get("Transforms"):
        raise NotSupported("A rule with Transforms")


@api.operation("CreateRule")
def create_rule(context: Context, given: Input) -> Output:
    """Add a rule to a listener."""
    listener = arns.find_listener(context, given["ListenerArn"])
    balancer = arns.find_load_balancer(context, listener.desired.load_balancer_arn)
    _refuse_transforms(given)
    priority = given["Priority"]
    asked = conditions.read(given["Conditions"])
    acts = actions.read(context, balancer.key, balancer.desired.vpc_id, given["Actions"])
    tags = tagging.read(given.get("Tags"))
    if context.tx.one(RULES, context.scope, "priority", f"{listener.key}:{priority}"):
        raise _in_use(priority)
    count = context.tx.count(RULES, context.scope, where=("load-balancer", balancer.key))
    if count >= limits.RULES_PER_LOAD_BALANCER:
        raise ServiceError(
            "TooManyRules",
            f"A load balancer cannot have more than {limits.RULES_PER_LOAD_BALANCER} rules",
        )
    associations.check_number(context, balancer.key, acts)
    item = context.tx.create(
        RULES,
        context.scope,
        arns.rule_arn(listener.key, context.ids.hex(16)),
        Rule(
            load_balancer_arn=balancer.key,
            listener_arn=listener.key,
            priority=priority,
            conditions=asked,
            actions=acts,
            created_at=context.now,
            tags=tags,
        ),
    )
    return {"Rules": [written(item)]}


def _in_use(priority: int) -> ServiceError:
    return ServiceError("PriorityInUse", f"Priority '{priority}' is currently in use")


@api.operation("DescribeRules")
def describe_rules(context: Context, given: Input) -> Output:
    """Those of a listener by priority, the default rule last; or by ARNs."""
    wanted, listener_arn = given.get("RuleArns"), given.get("ListenerArn")
    if bool(wanted) == bool(listener_arn):
        raise ServiceError(
            "ValidationError",
            "You must specify either listener rule ARNs or a listener ARN",
        )
    if wanted:
        return {"Rules": [_any_rule(context, arn) for arn in dict.fromkeys(wanted)]}
    listener = arns.find_listener(context, listener_arn or "")
    rules = context.tx.page(RULES, context.scope, where=("listener", listener.key))
    rows = [(f"{rule.desired.priority:05d}", rule) for rule in rules]
    return paging.cut(
        given,
        "Rules",
        [
            *((place, written(rule)) for place, rule in sorted(rows, key=lambda row: row[0])),
            ("default", default_written(listener)),
        ],
    )


def _any_rule(context: Context, arn: str) -> Output:
    default = _default_of(context, arn)
    return default_written(default) if default else written(arns.find_rule(context, arn))


def _default_of(context: Context, arn: str) -> Item[Listener, Applied] | None:
    """The listener whose default rule this is."""
    return context.tx.one(LISTENERS, context.scope, "default-rule", arn)


def _refuse_default(context: Context, arn: str, what: str) -> None:
    if _default_of(context, arn):
        raise ServiceError("OperationNotPermitted", f"Default rule '{arn}' cannot be {what}")


@api.operation("ModifyRule")
def modify_rule(context: Context, given: Input) -> Output:
    """Change conditions or actions; what is left out stays."""
    arn = given["RuleArn"]
    _refuse_default(context, arn, "modified")
    _refuse_transforms(given)
    item = arns.find_rule(context, arn)
    after = item.desired
    if "Conditions" in given:
        after = _replace(after, conditions=conditions.read(given["Conditions"]))
    if "Actions" in given:
        balancer = arns.find_load_balancer(context, after.load_balancer_arn)
        acts = actions.read(context, balancer.key, balancer.desired.vpc_id, given["Actions"])
        associations.check_number(context, balancer.key, acts)
        after = _replace(after, actions=acts)
    return {"Rules": [written(context.tx.desire(RULES, item.ref, after))]}


@api.operation("DeleteRule")
def delete_rule(context: Context, given: Input) -> Output:
    """Forget a rule; a default rule goes with its listener only."""
    arn = given["RuleArn"]
    _refuse_default(context, arn, "deleted")
    context.tx.delete(RULES, arns.find_rule(context, arn).ref)
    return {}


@api.operation("SetRulePriorities")
def set_rule_priorities(context: Context, given: Input) -> Output:
    """Give rules of one listener other priorities, all at once."""
    wanted: dict[str, int] = {}
    for pair in given["RulePriorities"]:
        arn, priority = pair.get("RuleArn"), pair.get("Priority")
        if arn is None or priority is None:
            raise ServiceError("ValidationError", "A rule ARN and a priority must be specified")
        if arn in wanted:
            raise ServiceError("ValidationError", f"Rule '{arn}' is specified more than once")
        _refuse_default(context, arn, "given a priority")
        wanted[arn] = priority
    items = [arns.find_rule(context, arn) for arn in wanted]
    listeners = {item.desired.listener_arn for item in items}
    if len(listeners) > 1:
        raise ServiceError("ValidationError", "All rules must belong to the same listener")
    for listener in listeners:
        _check_order(context, listener, wanted)
    for item in items:
        context.tx.desire(RULES, item.ref, _replace(item.desired, priority=wanted[item.key]))
    return {"Rules": [written(arns.find_rule(context, arn)) for arn in wanted]}


def _check_order(context: Context, listener: str, wanted: dict[str, int]) -> None:
    rules = context.tx.page(RULES, context.scope, where=("listener", listener))
    after = Counter(wanted.get(rule.key, rule.desired.priority) for rule in rules)
    for priority, count in after.items():
        if count > 1:
            raise _in_use(priority)
