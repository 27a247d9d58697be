"""Subnets."""

from __future__ import annotations

import ipaddress

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.defaults import ZONES, zone_id
from demitasse.services.ec2.operations.api import (
    Resource,
    api,
    member,
    refuse,
    refuse_dry_run,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.operations.vpcs import VPC, cidr_block
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    ROUTE_TABLES,
    SUBNETS,
    Subnet,
    free_addresses,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing


def show(ctx: Context, item: Item[Subnet, Nothing]) -> Output:
    """``Subnet``."""
    subnet = item.desired
    return {
        "SubnetId": item.key,
        "SubnetArn": ctx.scope.arn("ec2", f"subnet/{item.key}"),
        "State": "available",
        "VpcId": subnet.vpc_id,
        "CidrBlock": subnet.cidr,
        "AvailableIpAddressCount": free_addresses(ctx.tx, ctx.scope, item),
        "AvailabilityZone": subnet.availability_zone,
        "AvailabilityZoneId": subnet.availability_zone_id,
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": subnet.map_public_ip_on_launch,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6CidrBlockAssociationSet": [],
        "Ipv6Native": False,
        "EnableDns64": False,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "OwnerId": ctx.scope.account,
        "Tags": show_tags(subnet.tags),
    }


SUBNET = Resource(
    SUBNETS,
    "subnet",
    "subnet ID",
    "InvalidSubnetID.NotFound",
    "InvalidSubnetID.Malformed",
    show,
    {
        "subnet-id": member("SubnetId"),
        "subnet-arn": member("SubnetArn"),
        "vpc-id": member("VpcId"),
        "cidr": member("CidrBlock"),
        "cidrBlock": member("CidrBlock"),
        "cidr-block": member("CidrBlock"),
        "availability-zone": member("AvailabilityZone"),
        "availabilityZone": member("AvailabilityZone"),
        "availability-zone-id": member("AvailabilityZoneId"),
        "default-for-az": member("DefaultForAz"),
        "defaultForAz": member("DefaultForAz"),
        "map-public-ip-on-launch": member("MapPublicIpOnLaunch"),
        "owner-id": member("OwnerId"),
        "state": member("State"),
    },
    indexes={"vpc-id": "vpc"},
)


@api.operation("DescribeSubnets")
def describe_subnets(ctx: Context, given: Input) -> Output:
    """List subnets."""
    found, paging = SUBNET.describe(ctx, given, "SubnetIds")
    return {"Subnets": found, **paging}


@api.operation("CreateSubnet")
def create_subnet(ctx: Context, given: Input) -> Output:
    """Make a subnet inside its VPC's block, beside the others."""
    refuse_dry_run(given)
    refuse(
        "CreateSubnet", given,
        "Ipv6CidrBlock", "OutpostArn", "Ipv6Native", "Ipv4IpamPoolId", "Ipv4NetmaskLength",
        "Ipv6IpamPoolId", "Ipv6NetmaskLength",
    )  # fmt: skip
    vpc = VPC.get(ctx, given["VpcId"])
    if not given.get("CidrBlock"):
        raise ServiceError("MissingParameter", "The request must contain the parameter cidrBlock")
    block = cidr_block(given["CidrBlock"], "subnet")
    if not block.subnet_of(ipaddress.IPv4Network(vpc.desired.cidr)):
        raise ServiceError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    beside = ctx.tx.page(SUBNETS, ctx.scope, where=("vpc", vpc.key))
    if any(block.overlaps(ipaddress.IPv4Network(one.desired.cidr)) for one in beside):
        raise ServiceError(
            "InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet"
        )
    zone = _zone(ctx, given)
    item = ctx.tx.create(
        SUBNETS,
        ctx.scope,
        f"subnet-{ctx.ids.hex(17)}",
        Subnet(
            vpc_id=vpc.key,
            cidr=str(block),
            availability_zone=ctx.scope.region + zone,
            availability_zone_id=zone_id(ctx.scope, zone),
            tags=tags_of(given, "subnet"),
        ),
    )
    return {"Subnet": show(ctx, item)}


@api.operation("DeleteSubnet")
def delete_subnet(ctx: Context, given: Input) -> Output:
    """Delete a subnet in which no address is taken."""
    refuse_dry_run(given)
    subnet = SUBNET.get(ctx, given["SubnetId"])
    if ctx.tx.count(NETWORK_INTERFACES, ctx.scope, ("subnet", subnet.key)):
        raise ServiceError(
            "DependencyViolation",
            f"The subnet '{subnet.key}' has dependencies and cannot be deleted.",
        )
    for table in ctx.tx.page(ROUTE_TABLES, ctx.scope, where=("subnet", subnet.key)):
        kept = tuple(a for a in table.desired.associations if a.subnet_id != subnet.key)
        ctx.tx.desire(
            ROUTE_TABLES, table.ref, msgspec.structs.replace(table.desired, associations=kept)
        )
    ctx.tx.delete(SUBNETS, subnet.ref)
    return {}


@api.operation("ModifySubnetAttribute")
def modify_subnet_attribute(ctx: Context, given: Input) -> Output:
    """Change whether what starts in the subnet is reachable from outside by default."""
    subnet = SUBNET.get(ctx, given["SubnetId"])
    others = {
        name: given[name] for name in given if name not in {"SubnetId", "MapPublicIpOnLaunch"}
    }
    for name, value in others.items():
        if not (isinstance(value, dict) and not value.get("Value")):
            refuse("ModifySubnetAttribute", given, name)
    if "MapPublicIpOnLaunch" in given:
        public = bool(given["MapPublicIpOnLaunch"].get("Value"))
        ctx.tx.desire(
            SUBNETS,
            subnet.ref,
            msgspec.structs.replace(subnet.desired, map_public_ip_on_launch=public),
        )
    return {}


def _zone(ctx: Context, given: Input) -> str:
    """The letter of the zone asked for; without a wish, the first."""
    name = given.get("AvailabilityZone")
    if name is None and (wanted := given.get("AvailabilityZoneId")):
        for letter in ZONES:
            if zone_id(ctx.scope, letter) == wanted:
                return letter
        name = wanted
    if name is None:
        return ZONES[0]
    letter = str(name).removeprefix(ctx.scope.region)
    if letter not in ZONES or name != ctx.scope.region + letter:
        raise ServiceError(
            "InvalidParameterValue",
            f"Value ({name}) for parameter availabilityZone is invalid. Subnets can currently only"
            " be created in the following availability zones: "
            + ", ".join(ctx.scope.region + each for each in ZONES)
            + ".",
        )
    return letter
