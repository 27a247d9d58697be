"""Security groups, without their rules (``security_group_rules.py``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.defaults import all_traffic_out
from demitasse.services.ec2.operations.api import (
    Resource,
    api,
    member,
    refuse_dry_run,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.operations.vpcs import VPC
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    SECURITY_GROUPS,
    Permission,
    SecurityGroup,
    default_vpc,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_TEXT = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}"


def show(ctx: Context, item: Item[SecurityGroup, Nothing]) -> Output:
    """``SecurityGroup``."""
    group = item.desired
    return {
        "GroupId": item.key,
        "SecurityGroupArn": ctx.scope.arn("ec2", f"security-group/{item.key}"),
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
        "OwnerId": ctx.scope.account,
        "IpPermissions": show_permissions(ctx, group.permissions, egress=False),
        "IpPermissionsEgress": show_permissions(ctx, group.permissions, egress=True),
        "Tags": show_tags(group.tags),
    }


def show_permissions(
    ctx: Context, permissions: Iterable[Permission], *, egress: bool
) -> list[Output]:
    """``IpPermissions``: AWS groups what has the same protocol and ports."""
    grouped: dict[tuple[str, int, int], Output] = {}
    for one in permissions:
        if one.egress != egress:
            continue
        shown = grouped.setdefault((one.protocol, one.from_port, one.to_port), _empty(one))
        said = {"Description": one.description} if one.description else {}
        if one.cidr:
            shown["IpRanges"].append({"CidrIp": one.cidr, **said})
        elif one.cidr6:
            shown["Ipv6Ranges"].append({"CidrIpv6": one.cidr6, **said})
        else:
            shown["UserIdGroupPairs"].append(
                {"GroupId": one.group_id, "UserId": ctx.scope.account, **said}
            )
    return list(grouped.values())


def _empty(one: Permission) -> Output:
    ports = {} if one.protocol == "-1" else {"FromPort": one.from_port, "ToPort": one.to_port}
    lists: dict[str, Any] = {
        "IpRanges": [],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
        "UserIdGroupPairs": [],
    }
    return {"IpProtocol": one.protocol, **ports, **lists}


GROUP = Resource(
    SECURITY_GROUPS,
    "sg",
    "security group",
    "InvalidGroup.NotFound",
    "InvalidGroupId.Malformed",
    show,
    {
        "group-id": member("GroupId"),
        "group-name": member("GroupName"),
        "description": member("Description"),
        "vpc-id": member("VpcId"),
        "owner-id": member("OwnerId"),
        "ip-permission.cidr": member("IpPermissions", "IpRanges", "CidrIp"),
        "ip-permission.from-port": member("IpPermissions", "FromPort"),
        "ip-permission.to-port": member("IpPermissions", "ToPort"),
        "ip-permission.protocol": member("IpPermissions", "IpProtocol"),
        "ip-permission.group-id": member("IpPermissions", "UserIdGroupPairs", "GroupId"),
        "egress.ip-permission.cidr": member("IpPermissionsEgress", "IpRanges", "CidrIp"),
        "egress.ip-permission.protocol": member("IpPermissionsEgress", "IpProtocol"),
        "egress.ip-permission.from-port": member("IpPermissionsEgress", "FromPort"),
        "egress.ip-permission.to-port": member("IpPermissionsEgress", "ToPort"),
        "egress.ip-permission.group-id": member(
            "IpPermissionsEgress", "UserIdGroupPairs", "GroupId"
        ),
    },
    indexes={"vpc-id": "vpc"},
)


def by_id_or_name(ctx: Context, given: Input) -> Item[SecurityGroup, Nothing]:
    """The group that a call names: by id, or (in the default VPC only) by name."""
    if given.get("GroupId"):
        found: Item[SecurityGroup, Nothing] = GROUP.get(ctx, given["GroupId"])
        return found
    name = given.get("GroupName")
    if not name:
        raise ServiceError(
            "MissingParameter", "The request must contain the parameter groupName or groupId"
        )
    vpc = default_vpc(ctx.tx, ctx.scope)
    if vpc is not None:
        item = ctx.tx.one(SECURITY_GROUPS, ctx.scope, "name", f"{vpc.key}/{name}")
        if item is not None:
            return item
    raise ServiceError(
        "InvalidGroup.NotFound",
        f"The security group '{name}' does not exist in default VPC",
    )


@api.operation("DescribeSecurityGroups")
def describe_security_groups(ctx: Context, given: Input) -> Output:
    """List security groups."""
    by_name = [by_id_or_name(ctx, {"GroupName": name}) for name in given.get("GroupNames") or []]
    ids = [*(given.get("GroupIds") or []), *(item.key for item in by_name)]
    found, paging = GROUP.describe(ctx, {**given, "GroupIds": ids}, "GroupIds")
    return {"SecurityGroups": found, **paging}


@api.operation("CreateSecurityGroup")
def create_security_group(ctx: Context, given: Input) -> Output:
    """Make a group that lets everything out and nothing in."""
    refuse_dry_run(given)
    vpc_id = given.get("VpcId") or _default_vpc(ctx)
    vpc = VPC.get(ctx, vpc_id)
    name = _name(given["GroupName"])
    check_text(given["Description"], "description")
    if ctx.tx.one(SECURITY_GROUPS, ctx.scope, "name", f"{vpc.key}/{name}") is not None:
        raise ServiceError(
            "InvalidGroup.Duplicate",
            f"The security group '{name}' already exists for VPC '{vpc.key}'",
        )
    group_id = f"sg-{ctx.ids.hex(17)}"
    tags = tags_of(given, "security-group")
    ctx.tx.create(
        SECURITY_GROUPS,
        ctx.scope,
        group_id,
        SecurityGroup(
            name=name,
            description=given["Description"],
            vpc_id=vpc.key,
            permissions=(all_traffic_out(ctx),),
            tags=tags,
        ),
    )
    return {
        "GroupId": group_id,
        "SecurityGroupArn": ctx.scope.arn("ec2", f"security-group/{group_id}"),
        "Tags": show_tags(tags),
    }


@api.operation("DeleteSecurityGroup")
def delete_security_group(ctx: Context, given: Input) -> Output:
    """Delete a group that nothing uses."""
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    if group.desired.name == "default":
        raise ServiceError(
            "CannotDelete",
            f'the specified group: "{group.key}" name: "default" cannot be deleted by a user',
        )
    named_by_others = ctx.tx.count(SECURITY_GROUPS, ctx.scope, ("peer", group.key))
    if named_by_others or ctx.tx.count(NETWORK_INTERFACES, ctx.scope, ("group", group.key)):
        raise ServiceError("DependencyViolation", f"resource {group.key} has a dependent object")
    ctx.tx.delete(SECURITY_GROUPS, group.ref)
    return {"Return": True, "GroupId": group.key}


def _default_vpc(ctx: Context) -> str:
    vpc = default_vpc(ctx.tx, ctx.scope)
    if vpc is None:
        raise ServiceError("VPCIdNotSpecified", "No default VPC for this user")
    return vpc.key


def check_text(text: str, what: str) -> None:
    """Refuse a description that AWS refuses."""
    if not re.fullmatch(_TEXT, text):
        raise ServiceError(
            "InvalidParameterValue",
            f"Invalid {'rule' if what == 'rule' else 'security group'} description. Valid"
            " descriptions are strings less than 256 characters from the following set: "
            " a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        )


def _name(name: str) -> str:
    if name == "default":
        raise ServiceError(
            "InvalidParameterValue", f"Cannot use reserved security group name: {name}"
        )
    if name.startswith("sg-"):
        raise ServiceError(
            "InvalidParameterValue",
            f"invalid value for parameter groupName: {name}. Group names may not be in the format"
            " sg-*.",
        )
    if not name.strip() or not re.fullmatch(_TEXT, name):
        raise ServiceError(
            "InvalidParameterValue",
            f"Value ({name}) for parameter GroupName is invalid. Names are strings of 1 to 255"
            " characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        )
    return name
