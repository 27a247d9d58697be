"""Targets: register, deregister, and how they are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2 import arns, limits
from demitasse.services.elbv2.operations import associations
from demitasse.services.elbv2.operations.api import api
from demitasse.services.elbv2.records import (
    LOAD_BALANCERS,
    NOT_IN_USE,
    NOT_REGISTERED,
    TARGETS,
    Health,
    TargetGroup,
    deregister,
    judge,
    load_balancer_of,
    register,
    target_key,
    target_zone,
    targets_of,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_PRIVATE = tuple(
    IPv4Network(block)
    for block in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)


@api.operation("RegisterTargets")
def register_targets(context: Context, given: Input) -> Output:
    """Register addresses; those registered already stay as they are."""
    group = arns.find_target_group(context, given["TargetGroupArn"])
    wanted: dict[tuple[str, int], str] = {}
    for target in given["Targets"]:
        address, port = _named(group, target)
        wanted[address, port] = _zone(context, group, target, address)
    there = context.tx.count(TARGETS, context.scope, where=("target-group", group.key))
    new = sum(
        context.tx.get(TARGETS, context.scope, target_key(group.key, *each)) is None
        for each in wanted
    )
    if there + new > limits.TARGETS_PER_GROUP:
        raise ServiceError(
            "TooManyTargets",
            f"A target group cannot have more than {limits.TARGETS_PER_GROUP} targets",
        )
    _check_load_balancer(context, group.key, new)
    for (address, port), zone in wanted.items():
        register(context.tx, context.scope, group.key, address, port, context.now, zone=zone)
    return {}


def _check_load_balancer(context: Context, group: str, new: int) -> None:
    balancer = load_balancer_of(context.tx, context.scope, group)
    if balancer is None:
        return
    count = sum(
        context.tx.count(TARGETS, context.scope, where=("target-group", each))
        for each in associations.used_by(context, balancer)
    )
    if count + new > limits.TARGETS_PER_LOAD_BALANCER:
        raise ServiceError(
            "TooManyTargets",
            f"A load balancer cannot have more than {limits.TARGETS_PER_LOAD_BALANCER} targets",
        )


def _named(group: Item[TargetGroup, Nothing], target: Input) -> tuple[str, int]:
    if "QuicServerId" in target:
        raise ServiceError("ValidationError", "A QUIC server ID cannot be specified for HTTP")
    try:
        address = IPv4Address(target["Id"])
    except ValueError as error:
        raise ServiceError(
            "ValidationError", f"The IP address '{target['Id']}' is not a valid IPv4 address"
        ) from error
    return str(address), target.get("Port", group.desired.port)


def _zone(context: Context, group: Item[TargetGroup, Nothing], target: Input, address: str) -> str:
    found = target_zone(context.tx, context.scope, group.desired.vpc_id, address)
    asked: str | None = target.get("AvailabilityZone")
    if found is None:
        raise ServiceError(
            "InvalidTarget",
            f"The IP address '{address}' is not within a subnet of VPC '{group.desired.vpc_id}'",
        )
    if found == "all":
        if not any(IPv4Address(address) in block for block in _PRIVATE):
            raise ServiceError(
                "InvalidTarget",
                f"The IP address '{address}' must be within the VPC or a private address range",
            )
        if asked != "all":
            raise ServiceError(
                "InvalidTarget",
                "The Availability Zone 'all' must be specified for the IP address"
                f" '{address}', which is outside of VPC '{group.desired.vpc_id}'",
            )
    elif asked not in {None, "all", found}:
        raise ServiceError(
            "ValidationError",
            f"The IP address '{address}' is in Availability Zone '{found}', not '{asked}'",
        )
    return asked or found


@api.operation("DeregisterTargets")
def deregister_targets(context: Context, given: Input) -> Output:
    """Let targets drain; ones that are not registered are fine, as on AWS."""
    group = arns.find_target_group(context, given["TargetGroupArn"])
    wanted = [_named(group, target) for target in given["Targets"]]
    for address, port in wanted:
        deregister(context.tx, context.scope, group.key, address, port, context.now)
    return {}


@api.operation("DescribeTargetHealth")
def describe_target_health(context: Context, given: Input) -> Output:
    """The health of the targets asked for, or of all."""
    group = arns.find_target_group(context, given["TargetGroupArn"])
    for option in given.get("Include", ()):
        if option in {"AnomalyDetection", "All"}:
            raise NotSupported("Anomaly detection of targets")
    arn = load_balancer_of(context.tx, context.scope, group.key)
    balancer = None if arn is None else context.tx.get(LOAD_BALANCERS, context.scope, arn)
    rows = []
    for item in targets_of(context.tx, context.scope, group.key):
        found = NOT_IN_USE if balancer is None else judge(item, balancer)
        target = item.desired
        rows.append((target.address, target.port, target.zone, found))
    if given.get("Targets"):
        by_name = {(row[0], row[1]): row for row in rows}
        rows = []
        for each in given["Targets"]:
            address, port = _named(group, each)
            rows.append(by_name.get((address, port), (address, port, "", NOT_REGISTERED)))
    return {"TargetHealthDescriptions": [_described(group.desired, *row) for row in rows]}


def _described(group: TargetGroup, address: str, port: int, zone: str, found: Health) -> Output:
    check_port = group.health_check.port
    return {
        "Target": {"Id": address, "Port": port, "AvailabilityZone": zone or None},
        "HealthCheckPort": str(port) if check_port == "traffic-port" else check_port,
        "TargetHealth": {
            "State": found.state,
            "Reason": found.reason or None,
            "Description": found.description or None,
        },
        "AdministrativeOverride": {
            "State": "no_override",
            "Reason": "AdministrativeOverride.NoOverride",
            "Description": "No override is currently active on target",
        },
    }
