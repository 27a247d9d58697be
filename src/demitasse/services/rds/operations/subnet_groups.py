"""DB subnet groups."""

from __future__ import annotations

import re

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import SUBNETS, VPCS
from demitasse.services.rds.operations.api import api, page, refuse, tags_of
from demitasse.services.rds.records import DB_INSTANCES, SUBNET_GROUPS, SubnetGroup
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_DEFAULT = "default"


@api.operation("CreateDBSubnetGroup")
def create_db_subnet_group(ctx: Context, given: Input) -> Output:
    """Make a group of subnets, in two availability zones at least."""
    refuse("CreateDBSubnetGroup", given, "TagSpecifications")
    name = given["DBSubnetGroupName"].lower()
    if not re.fullmatch(r"[a-z0-9 ._-]{1,255}", name) or name == _DEFAULT:
        raise ServiceError(
            "InvalidParameterValue",
            f"The parameter DBSubnetGroupName {name!r} is not a valid name.",
        )
    if ctx.tx.get(SUBNET_GROUPS, ctx.scope, name) is not None:
        raise ServiceError(
            "DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists."
        )
    vpc_id = _check(ctx, given["SubnetIds"])
    item = ctx.tx.create(
        SUBNET_GROUPS,
        ctx.scope,
        name,
        SubnetGroup(
            given["DBSubnetGroupDescription"], vpc_id, tuple(given["SubnetIds"]), tags_of(given)
        ),
    )
    return {"DBSubnetGroup": show_group(ctx, item)}


@api.operation("DescribeDBSubnetGroups")
def describe_db_subnet_groups(ctx: Context, given: Input) -> Output:
    """List DB subnet groups, or the one named."""
    if given.get("DBSubnetGroupName"):
        return {"DBSubnetGroups": [show_group(ctx, _item(ctx, given["DBSubnetGroupName"]))]}
    shown, marker = page(ctx, given, SUBNET_GROUPS, show_group)
    return {"DBSubnetGroups": shown, **marker}


@api.operation("ModifyDBSubnetGroup")
def modify_db_subnet_group(ctx: Context, given: Input) -> Output:
    """Change a group's subnets; those in use stay."""
    item = _item(ctx, given["DBSubnetGroupName"])
    vpc_id = _check(ctx, given["SubnetIds"])
    zones = {
        instance.desired.availability_zone
        for instance in ctx.tx.page(DB_INSTANCES, ctx.scope, where=("subnet-group", item.key))
    }
    kept = {
        subnet.desired.availability_zone
        for key in given["SubnetIds"]
        if (subnet := ctx.tx.get(SUBNETS, ctx.scope, key))
    }
    if not zones <= kept or (zones and vpc_id != item.desired.vpc_id):
        raise ServiceError("SubnetInUse", "Some of the subnets to be removed are in use.")
    changed = msgspec.structs.replace(
        item.desired,
        description=given.get("DBSubnetGroupDescription") or item.desired.description,
        vpc_id=vpc_id,
        subnets=tuple(given["SubnetIds"]),
    )
    return {"DBSubnetGroup": show_group(ctx, ctx.tx.desire(SUBNET_GROUPS, item.ref, changed))}


@api.operation("DeleteDBSubnetGroup")
def delete_db_subnet_group(ctx: Context, given: Input) -> Output:
    """Delete a group in which no DB instance is."""
    item = _item(ctx, given["DBSubnetGroupName"])
    if ctx.tx.count(DB_INSTANCES, ctx.scope, ("subnet-group", item.key)):
        raise ServiceError(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{item.key}' because at least one database instance"
            " is still using it.",
        )
    ctx.tx.delete(SUBNET_GROUPS, item.ref)
    return {}


def group_named(ctx: Context, name: str) -> tuple[str, SubnetGroup]:
    """A group and its key; ``DBSubnetGroupNotFoundFault``."""
    if name.lower() == _DEFAULT:
        return default_group(ctx)
    item = _item(ctx, name)
    return item.key, item.desired


def default_group(ctx: Context) -> tuple[str, SubnetGroup]:
    """The group that AWS makes of the default VPC's subnets when none is named."""
    item = ctx.tx.get(SUBNET_GROUPS, ctx.scope, _DEFAULT)
    if item is not None:
        return _DEFAULT, item.desired
    vpc = next((v for v in ctx.tx.page(VPCS, ctx.scope) if v.desired.is_default), None)
    if vpc is None:
        raise ServiceError(
            "InvalidVPCNetworkStateFault", "No default VPC exists in this account and region."
        )
    subnets = tuple(s.key for s in ctx.tx.page(SUBNETS, ctx.scope, where=("vpc", vpc.key)))
    made = ctx.tx.create(
        SUBNET_GROUPS, ctx.scope, _DEFAULT, SubnetGroup("default", vpc.key, subnets)
    )
    return _DEFAULT, made.desired


def show_group(ctx: Context, item: Item[SubnetGroup, Nothing]) -> Output:
    """``DBSubnetGroup``."""
    found = [
        subnet for key in item.desired.subnets if (subnet := ctx.tx.get(SUBNETS, ctx.scope, key))
    ]
    return {
        "DBSubnetGroupName": item.key,
        "DBSubnetGroupArn": ctx.scope.arn("rds", f"subgrp:{item.key}"),
        "DBSubnetGroupDescription": item.desired.description,
        "VpcId": item.desired.vpc_id,
        "SubnetGroupStatus": "Complete",
        "SupportedNetworkTypes": ["IPV4"],
        "Subnets": [
            {
                "SubnetIdentifier": subnet.key,
                "SubnetAvailabilityZone": {"Name": subnet.desired.availability_zone},
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            }
            for subnet in found
        ],
    }


def _item(ctx: Context, name: str) -> Item[SubnetGroup, Nothing]:
    item = ctx.tx.get(SUBNET_GROUPS, ctx.scope, name.lower())
    if item is None:
        raise ServiceError(
            "DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist."
        )
    return item


def _check(ctx: Context, subnets: list[str]) -> str:
    """The VPC of the subnets, which must be of one VPC and of two zones at least."""
    found = [ctx.tx.get(SUBNETS, ctx.scope, key) for key in subnets]
    missing = [key for key, item in zip(subnets, found, strict=True) if item is None]
    if missing:
        raise ServiceError("InvalidSubnet", f"Some input subnets in : {missing} are invalid.")
    vpcs = {item.desired.vpc_id for item in found if item}
    if len(vpcs) != 1:
        raise ServiceError("InvalidSubnet", "The subnets are not all in the same VPC.")
    if len({item.desired.availability_zone for item in found if item}) < 2:
        raise ServiceError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current"
            " AZ coverage: fewer than two. Add subnets to cover at least 2 AZs.",
        )
    return vpcs.pop()
