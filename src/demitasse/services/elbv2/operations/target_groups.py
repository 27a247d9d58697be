"""Target groups: create, describe, change, delete."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import VPCS
from demitasse.services.elbv2 import arns, attributes, limits
from demitasse.services.elbv2.operations import associations, names, paging, tagging
from demitasse.services.elbv2.operations.api import api
from demitasse.services.elbv2.records import (
    TARGET_GROUPS,
    TARGETS,
    HealthCheck,
    TargetGroup,
    group_not_found,
    load_balancer_of,
    targets_of,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_replace = msgspec.structs.replace
_LOWEST_CODE, _HIGHEST_CODE = 200, 499


def written(context: Context, item: Item[TargetGroup, Nothing]) -> Output:
    """A target group in AWS's shape."""
    desired, check = item.desired, item.desired.health_check
    balancer = load_balancer_of(context.tx, context.scope, item.key)
    return {
        "TargetGroupArn": item.key,
        "TargetGroupName": desired.name,
        "Protocol": "HTTP",
        "Port": desired.port,
        "VpcId": desired.vpc_id,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": check.port,
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "HealthCheckPath": check.path,
        "Matcher": {"HttpCode": check.matcher},
        "LoadBalancerArns": [] if balancer is None else [balancer],
        "TargetType": "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def _refuse_what_is_not_here(given: Input) -> None:
    kind = given.get("TargetType", "instance")
    if kind == "instance":
        why = "; give 'ip'" if "TargetType" in given else ", AWS's default; give 'ip'"
        raise NotSupported(f"Target type 'instance' (there are no instances yet{why})")
    if kind != "ip":
        raise NotSupported(f"Target type '{kind}'")
    protocol = given.get("Protocol")
    if protocol is None:
        raise _invalid("A protocol must be specified")
    if protocol != "HTTP":
        raise NotSupported(f"Target group protocol '{protocol}'")
    version = given.get("ProtocolVersion", "HTTP1")
    if version.upper() in {"GRPC", "HTTP2"}:
        raise NotSupported(f"Protocol version '{version}'")
    if version != "HTTP1":
        raise _invalid(f"Protocol version '{version}' must be one of 'GRPC, HTTP1, HTTP2'")
    if given.get("IpAddressType", "ipv4") != "ipv4":
        raise NotSupported(f"IP address type '{given['IpAddressType']}'")
    if "TargetControlPort" in given:
        raise NotSupported("TargetControlPort")


_HEALTH_MEMBERS = {
    "HealthCheckPort": "port",
    "HealthCheckPath": "path",
    "HealthCheckIntervalSeconds": "interval",
    "HealthCheckTimeoutSeconds": "timeout",
    "HealthyThresholdCount": "healthy_threshold",
    "UnhealthyThresholdCount": "unhealthy_threshold",
}


def _health_check(before: HealthCheck, given: Input) -> HealthCheck:
    """``before`` with what is given; ``ServiceError``: ``ValidationError``."""
    changes: dict[str, Any] = {
        name: given[member] for member, name in _HEALTH_MEMBERS.items() if member in given
    }
    matcher = given.get("Matcher", {})
    if "GrpcCode" in matcher:
        raise NotSupported("Matcher with GrpcCode")
    if "HttpCode" in matcher:
        _check_matcher(matcher["HttpCode"])
        changes["matcher"] = matcher["HttpCode"]
    check = _replace(before, **changes)
    protocol = given.get("HealthCheckProtocol", "HTTP")
    if protocol == "HTTPS":
        raise NotSupported("Health check protocol 'HTTPS'")
    if protocol != "HTTP":
        raise _invalid(f"Health check protocol '{protocol}' must be one of 'HTTP, HTTPS'")
    if given.get("HealthCheckEnabled") is False:
        raise _invalid("Health check enabled must be true for target groups with target type 'ip'")
    if check.port != "traffic-port" and not (
        re.fullmatch(r"[0-9]{1,5}", check.port) and 1 <= int(check.port) <= 65535
    ):
        raise _invalid(
            f"Health check port '{check.port}' must be 'traffic-port' or within [1..65535]"
        )
    if not check.path.startswith("/"):
        raise _invalid(f"Health check path '{check.path}' must begin with a '/' character")
    if not re.fullmatch(r"[\x21-\x7e]+", check.path):
        raise _invalid(f"Health check path '{check.path}' contains characters not allowed in a URL")
    if check.interval <= check.timeout:
        raise _invalid("Health check interval must be greater than the timeout.")
    return check


def _check_matcher(text: str) -> None:
    for part in text.split(","):
        bounds = re.fullmatch(r"(\d{3})(?:-(\d{3}))?", part.strip())
        low = int(bounds[1]) if bounds else 0
        high = int(bounds[2] or bounds[1]) if bounds else 0
        if not _LOWEST_CODE <= low <= high <= _HIGHEST_CODE:
            raise _invalid(
                f"Health check matcher HTTP code '{text}' must be within '{_LOWEST_CODE}-"
                f"{_HIGHEST_CODE}' inclusive: codes and ranges, separated by commas"
            )


@api.operation("CreateTargetGroup")
def create_target_group(context: Context, given: Input) -> Output:
    """Keep a target group; an equal one that exists is returned."""
    name = given["Name"]
    names.check(name, "Target group")
    _refuse_what_is_not_here(given)
    if "Port" not in given:
        raise _invalid("A port must be specified")
    vpc_id = given.get("VpcId")
    if not vpc_id:
        raise _invalid("A VPC ID must be specified")
    if context.tx.get(VPCS, context.scope, vpc_id) is None:
        raise _invalid(f"The VPC ID '{vpc_id}' is not found")
    check = _health_check(HealthCheck(), given)
    tags = tagging.read(given.get("Tags"))
    there = context.tx.one(TARGET_GROUPS, context.scope, "name", name)
    if there is not None:
        desired = there.desired
        same = (desired.port, desired.vpc_id, desired.health_check, desired.tags)
        if same == (given["Port"], vpc_id, check, tags):
            return {"TargetGroups": [written(context, there)]}
        raise ServiceError(
            "DuplicateTargetGroupName",
            f"A target group with the same name '{name}' exists, but with different settings",
        )
    if context.tx.count(TARGET_GROUPS, context.scope) >= limits.TARGET_GROUPS:
        raise ServiceError(
            "TooManyTargetGroups", f"There cannot be more than {limits.TARGET_GROUPS} target groups"
        )
    item = context.tx.create(
        TARGET_GROUPS,
        context.scope,
        arns.target_group_arn(context.scope, name, context.ids.hex(16)),
        TargetGroup(
            name=name,
            port=given["Port"],
            vpc_id=vpc_id,
            created_at=context.now,
            health_check=check,
            tags=tags,
        ),
    )
    return {"TargetGroups": [written(context, item)]}


@api.operation("DescribeTargetGroups")
def describe_target_groups(context: Context, given: Input) -> Output:
    """By ARNs, by names, those of a load balancer, or all in pages."""
    wanted, named = given.get("TargetGroupArns"), given.get("Names")
    balancer = given.get("LoadBalancerArn")
    if sum(map(bool, (wanted, named, balancer))) > 1:
        raise _invalid(
            "Target group names, target group ARNs, and a load balancer ARN cannot be specified at"
            " the same time"
        )
    if wanted:
        found = [arns.find_target_group(context, arn) for arn in dict.fromkeys(wanted)]
        return {"TargetGroups": [written(context, item) for item in found]}
    if named:
        return {"TargetGroups": [_by_name(context, name) for name in dict.fromkeys(named)]}
    if balancer:
        used = associations.used_by(context, arns.find_load_balancer(context, balancer).key)
        rows = [(arn, written(context, arns.find_target_group(context, arn))) for arn in used]
        return paging.cut(given, "TargetGroups", sorted(rows, key=lambda row: row[0]))
    return paging.page(
        context, TARGET_GROUPS, given, "TargetGroups", lambda item: written(context, item)
    )


def _by_name(context: Context, name: str) -> Output:
    item = context.tx.one(TARGET_GROUPS, context.scope, "name", name)
    if item is None:
        raise group_not_found(name)
    return written(context, item)


@api.operation("ModifyTargetGroup")
def modify_target_group(context: Context, given: Input) -> Output:
    """Change the health check."""
    item = arns.find_target_group(context, given["TargetGroupArn"])
    check = _health_check(item.desired.health_check, given)
    after = context.tx.desire(TARGET_GROUPS, item.ref, _replace(item.desired, health_check=check))
    return {"TargetGroups": [written(context, after)]}


@api.operation("DeleteTargetGroup")
def delete_target_group(context: Context, given: Input) -> Output:
    """Forget it and its targets; one that is not there is fine (the model lists no error)."""
    arn = arns.check(given["TargetGroupArn"], "target group")
    item = context.tx.get(TARGET_GROUPS, context.scope, arn)
    if item is None:
        return {}
    if load_balancer_of(context.tx, context.scope, arn) is not None:
        raise ServiceError(
            "ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule"
        )
    for target in targets_of(context.tx, context.scope, arn):
        context.tx.delete(TARGETS, target.ref)
    context.tx.delete(TARGET_GROUPS, item.ref)
    return {}


@api.operation("DescribeTargetGroupAttributes")
def describe_target_group_attributes(context: Context, given: Input) -> Output:
    """All attributes, those never set with their defaults."""
    item = arns.find_target_group(context, given["TargetGroupArn"])
    return {"Attributes": attributes.effective(attributes.TARGET_GROUP, item.desired.attributes)}


@api.operation("ModifyTargetGroupAttributes")
def modify_target_group_attributes(context: Context, given: Input) -> Output:
    """Set attributes; ``NotSupported`` for what would not be carried out."""
    item = arns.find_target_group(context, given["TargetGroupArn"])
    after = attributes.merge(attributes.TARGET_GROUP, item.desired.attributes, given["Attributes"])
    attributes.check_target_group(after)
    context.tx.desire(TARGET_GROUPS, item.ref, _replace(item.desired, attributes=after))
    return {"Attributes": attributes.effective(attributes.TARGET_GROUP, after)}
