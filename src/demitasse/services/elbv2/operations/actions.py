"""Actions of listeners and rules: read from AWS's shape, checked, and written in it again."""

from __future__ import annotations

import re
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2.arns import check
from demitasse.services.elbv2.limits import TARGET_GROUPS_PER_ACTION
from demitasse.services.elbv2.records import (
    TARGET_GROUPS,
    Action,
    FixedResponse,
    Redirect,
    WeightedGroup,
    group_not_found,
    load_balancer_of,
    target_groups_of,
)

_CONFIGS = {
    "forward": ("TargetGroupArn", "ForwardConfig"),
    "redirect": ("RedirectConfig",),
    "fixed-response": ("FixedResponseConfig",),
}
_CONTENT_TYPES = ("text/plain", "text/css", "text/html", "application/javascript")
_CONTENT_TYPES_ALL = (*_CONTENT_TYPES, "application/json")
_KEYWORD = re.compile(r"#\{[^}]*\}")
_WEEK = 604_800


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def read(
    context: Context, load_balancer: str, vpc_id: str, given: list[Input]
) -> tuple[Action, ...]:
    """The actions given for a listener or rule of this load balancer.

    ``ServiceError``: ``ValidationError``, ``TooManyActions``, ``InvalidLoadBalancerAction``,
    ``TargetGroupNotFound``, ``TargetGroupAssociationLimit``, ``InvalidConfigurationRequest``;
    ``NotSupported`` for authentication.
    """
    if not given:
        raise _invalid("At least one action must be specified")
    for action in given:
        if action["Type"] not in _CONFIGS:
            raise NotSupported(f"Action type '{action['Type']}'")
    if len(given) > 1:
        raise ServiceError(
            "TooManyActions",
            "Exactly one action of the types forward, redirect and fixed-response"
            " must be specified",
        )
    actions = tuple(_action(action) for action in given)
    for arn in target_groups_of(actions):
        _check_group(context, load_balancer, vpc_id, arn)
    return actions


def _action(given: Input) -> Action:
    kind = given["Type"]
    for other, members in _CONFIGS.items():
        for member in members:
            if other != kind and member in given:
                raise ServiceError(
                    "InvalidLoadBalancerAction",
                    f"'{member}' cannot be specified for an action of type '{kind}'",
                )
    if kind == "forward":
        return _forward(given)
    config = given.get(_CONFIGS[kind][0])
    if config is None:
        raise _invalid(f"'{_CONFIGS[kind][0]}' must be specified for an action of type '{kind}'")
    if kind == "redirect":
        return Action(kind, redirect=_redirect(config), order=given.get("Order"))
    return Action(kind, fixed_response=_fixed(config), order=given.get("Order"))


def _forward(given: Input) -> Action:
    config = given.get("ForwardConfig", {})
    single = given.get("TargetGroupArn")
    pairs = config.get("TargetGroups", [])
    if single is not None and pairs and [pair.get("TargetGroupArn") for pair in pairs] != [single]:
        raise _invalid(
            "If both TargetGroupArn and ForwardConfig are specified, ForwardConfig must name"
            " only the same target group"
        )
    if not pairs:
        if single is None:
            raise _invalid("A target group ARN must be specified for a forward action")
        pairs = [{"TargetGroupArn": single}]
    if len(pairs) > TARGET_GROUPS_PER_ACTION:
        raise ServiceError(
            "TooManyTargetGroups",
            f"A forward action cannot have more than {TARGET_GROUPS_PER_ACTION} target groups",
        )
    groups = tuple(_weighted(pair) for pair in pairs)
    if len({group.target_group_arn for group in groups}) != len(groups):
        raise _invalid("A target group cannot be specified more than once in a forward action")
    return Action(
        "forward",
        groups=groups,
        stickiness=_stickiness(config.get("TargetGroupStickinessConfig", {})),
        order=given.get("Order"),
    )


def _weighted(pair: Input) -> WeightedGroup:
    arn = pair.get("TargetGroupArn")
    if not arn:
        raise _invalid("A target group ARN must be specified for each target group")
    weight = pair.get("Weight", 1)
    if not 0 <= weight <= 999:
        raise _invalid(f"Target group weight '{weight}' must be between 0 and 999")
    return WeightedGroup(check(arn, "target group"), weight)


def _stickiness(given: Input) -> int | None:
    if not given.get("Enabled"):
        return None
    seconds: int | None = given.get("DurationSeconds")
    if seconds is None or not 1 <= seconds <= _WEEK:
        raise _invalid(
            "Target group stickiness duration must be specified, between 1 and 604800 seconds"
        )
    return seconds


def _check_group(context: Context, load_balancer: str, vpc_id: str, arn: str) -> None:
    group = context.tx.get(TARGET_GROUPS, context.scope, arn)
    if group is None:
        raise group_not_found(arn)
    if group.desired.vpc_id != vpc_id:
        raise ServiceError(
            "InvalidConfigurationRequest",
            f"Target group '{arn}' must be in the same VPC as the load balancer, '{vpc_id}'",
        )
    if load_balancer_of(context.tx, context.scope, arn) not in {None, load_balancer}:
        raise ServiceError(
            "TargetGroupAssociationLimit",
            "The following target groups cannot be associated with more than one load"
            f" balancer: {arn}",
        )


def _redirect(given: Input) -> Redirect:
    parts = {
        name: given[member]
        for name, member in (
            ("protocol", "Protocol"),
            ("host", "Host"),
            ("port", "Port"),
            ("path", "Path"),
            ("query", "Query"),
        )
        if member in given
    }
    redirect = Redirect(given["StatusCode"], **parts)
    for text, keywords in (
        (redirect.host, ("#{host}",)),
        (redirect.path, ("#{host}", "#{path}", "#{port}")),
        (redirect.query, ("#{host}", "#{path}", "#{port}", "#{protocol}", "#{query}")),
    ):
        strange = [found for found in _KEYWORD.findall(text) if found not in keywords]
        if strange:
            raise _invalid(f"The redirect keyword '{strange[0]}' cannot be used in '{text}'")
        if not text.isprintable() or " " in text:
            raise _invalid(f"'{text}' contains characters that cannot stand in a URL")
    if redirect.port != "#{port}" and not (
        redirect.port.isdecimal() and 1 <= int(redirect.port) <= 65535
    ):
        raise _invalid("The redirect port must be a value from 1 to 65535 or #{port}")
    if not redirect.path.startswith("/"):
        raise _invalid("The redirect path must start with '/'")
    if redirect.protocol in {"HTTP", "#{protocol}"} and (
        redirect.host,
        redirect.port,
        redirect.path,
    ) == ("#{host}", "#{port}", "/#{path}"):
        raise ServiceError(
            "InvalidLoadBalancerAction",
            "The redirect configuration is not valid because it creates a loop. At least one of"
            " protocol, host, port and path must be changed",
        )
    return redirect


def _fixed(given: Input) -> FixedResponse:
    content_type = given.get("ContentType", "")
    if content_type and content_type not in _CONTENT_TYPES_ALL:
        raise _invalid(
            f"The content type '{content_type}' must be one of {', '.join(_CONTENT_TYPES_ALL)}"
        )
    return FixedResponse(given["StatusCode"], content_type, given.get("MessageBody", ""))


def written(actions: tuple[Action, ...]) -> list[Output]:
    """Actions in AWS's shape."""
    return [_written(action) for action in actions]


def _written(action: Action) -> Output:
    given: dict[str, Any] = {"Type": action.type, "Order": action.order}
    if action.redirect is not None:
        redirect = action.redirect
        given["RedirectConfig"] = {
            "Protocol": redirect.protocol,
            "Port": redirect.port,
            "Host": redirect.host,
            "Path": redirect.path,
            "Query": redirect.query,
            "StatusCode": redirect.status_code,
        }
    if action.fixed_response is not None:
        fixed = action.fixed_response
        given["FixedResponseConfig"] = {
            "StatusCode": fixed.status_code,
            "ContentType": fixed.content_type or None,
            "MessageBody": fixed.message_body or None,
        }
    if action.groups:
        if len(action.groups) == 1:
            given["TargetGroupArn"] = action.groups[0].target_group_arn
        given["ForwardConfig"] = {
            "TargetGroups": [
                {"TargetGroupArn": group.target_group_arn, "Weight": group.weight}
                for group in action.groups
            ],
            "TargetGroupStickinessConfig": {
                "Enabled": action.stickiness is not None,
                "DurationSeconds": action.stickiness,
            },
        }
    return given
