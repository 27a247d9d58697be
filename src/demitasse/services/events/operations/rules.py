"""Rules: put, describe, list, enable, disable, delete."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.events import schedules
from demitasse.services.events.operations import names
from demitasse.services.events.operations.api import api
from demitasse.services.events.patterns import PatternError, pattern
from demitasse.services.events.records import DEFAULT_BUS, RULES, Rule, rule_arn, rule_key

_MOST = 300
_replace = msgspec.structs.replace


@api.operation("PutRule")
def put_rule(ctx: Context, given: Input) -> Output:
    """Keep a rule, or replace one but for its targets and tags."""
    bus = names.bus(ctx, given.get("EventBusName")).key
    name, text = given["Name"], given.get("EventPattern", "")
    schedule = given.get("ScheduleExpression", "")
    if not text and not schedule:
        raise names.invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if text:
        check_pattern(text)
    if schedule:
        _check_schedule(bus, schedule)
    state = given.get("State", "ENABLED")
    if state not in ("ENABLED", "DISABLED"):
        raise NotSupported(f"The rule state {state}")
    role = given.get("RoleArn", "")
    rule = Rule(
        bus,
        name,
        ctx.scope.account,
        text,
        schedule,
        state == "ENABLED",
        given.get("Description", ""),
        names.role(ctx, role) if role else "",
    )
    before = ctx.tx.get(RULES, ctx.scope, rule_key(bus, name))
    if before is None:
        if len(ctx.tx.page(RULES, ctx.scope, prefix=f"{bus}/", limit=_MOST)) == _MOST:
            raise names.too_many("The requested resource exceeds the maximum number allowed.")
        tags = names.tags(given.get("Tags", []))
        ctx.tx.create(RULES, ctx.scope, rule_key(bus, name), _replace(rule, tags=tags))
    else:
        kept = _replace(rule, targets=before.desired.targets, tags=before.desired.tags)
        ctx.tx.desire(RULES, before.ref, kept)
    return {"RuleArn": rule_arn(ctx.scope, bus, name)}


def check_pattern(text: str) -> None:
    """``InvalidEventPatternException`` for what is no event pattern, with AWS's reason."""
    try:
        pattern(text)
    except PatternError as error:
        raise ServiceError(
            "InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}"
        ) from None


def _check_schedule(bus: str, expression: str) -> None:
    if bus != DEFAULT_BUS:
        raise names.invalid("ScheduleExpression is supported only on the default event bus.")
    try:
        schedules.schedule(expression)
    except schedules.ScheduleError:
        raise names.invalid("Parameter ScheduleExpression is not valid.") from None


@api.operation("DescribeRule")
def describe_rule(ctx: Context, given: Input) -> Output:
    """One rule."""
    item = names.rule(ctx, given["Name"], given.get("EventBusName"))
    return {**_written(item), "CreatedBy": item.desired.created_by}


@api.operation("ListRules")
def list_rules(ctx: Context, given: Input) -> Output:
    """A bus's rules in the order of their names."""
    bus = names.bus(ctx, given.get("EventBusName")).key
    limit = names.limit(given)
    rows = ctx.tx.page(
        RULES,
        ctx.scope,
        after=names.start(given),
        limit=limit + 1,
        prefix=rule_key(bus, given.get("NamePrefix", "")),
    )
    shown, more = paging.cut(rows, limit)
    return {
        "Rules": [_written(item) for item in shown],
        "NextToken": paging.token(shown[-1].key) if more else None,
    }


@api.operation("EnableRule")
def enable_rule(ctx: Context, given: Input) -> Output:
    """Let a rule match again."""
    return _enable(ctx, given, enabled=True)


@api.operation("DisableRule")
def disable_rule(ctx: Context, given: Input) -> Output:
    """Let a rule match nothing, and its schedule rest."""
    return _enable(ctx, given, enabled=False)


def _enable(ctx: Context, given: Input, *, enabled: bool) -> Output:
    item = names.rule(ctx, given["Name"], given.get("EventBusName"))
    ctx.tx.desire(RULES, item.ref, _replace(item.desired, enabled=enabled))
    return {}


@api.operation("DeleteRule")
def delete_rule(ctx: Context, given: Input) -> Output:
    """Forget a rule that has no targets; nothing happens when there is none."""
    bus = names.bus(ctx, given.get("EventBusName")).key
    item = ctx.tx.get(RULES, ctx.scope, rule_key(bus, given["Name"]))
    if item is None:
        return {}
    if item.desired.targets:
        raise names.invalid("Rule can't be deleted since it has targets.")
    ctx.tx.delete(RULES, item.ref)
    return {}


def _written(item: names.RuleItem) -> Output:
    rule = item.desired
    return {
        "Name": rule.name,
        "Arn": rule_arn(item.scope, rule.bus, rule.name),
        "EventPattern": rule.pattern or None,
        "ScheduleExpression": rule.schedule or None,
        "State": "ENABLED" if rule.enabled else "DISABLED",
        "Description": rule.description or None,
        "RoleArn": rule.role_arn or None,
        "EventBusName": rule.bus,
    }
