"""VPCs."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.defaults import create_default_vpc, create_surroundings
from demitasse.services.ec2.operations.api import (
    Resource,
    api,
    member,
    refuse,
    refuse_dry_run,
    refuse_none_of,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.records import (
    INTERNET_GATEWAYS,
    NETWORK_ACLS,
    NETWORK_INTERFACES,
    ROUTE_TABLES,
    SECURITY_GROUPS,
    SUBNETS,
    VPCS,
    Vpc,
    VpcObserved,
    default_vpc,
)
from demitasse.store import Item

_LARGEST, _SMALLEST = 16, 28
_METRICS = "EnableNetworkAddressUsageMetrics"


def show(ctx: Context, item: Item[Vpc, VpcObserved]) -> Output:
    """``Vpc``."""
    vpc = item.desired
    return {
        "VpcId": item.key,
        "State": "available",
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{item.key.removeprefix('vpc-')}",
                "CidrBlock": vpc.cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.instance_tenancy,
        "IsDefault": vpc.is_default,
        "OwnerId": ctx.scope.account,
        "Tags": show_tags(vpc.tags),
    }


VPC = Resource(
    VPCS,
    "vpc",
    "vpc ID",
    "InvalidVpcID.NotFound",
    "InvalidVpcID.Malformed",
    show,
    {
        "vpc-id": member("VpcId"),
        "cidr": member("CidrBlock"),
        "cidr-block": member("CidrBlock"),
        "cidr-block-association.cidr-block": member("CidrBlock"),
        "is-default": member("IsDefault"),
        "isDefault": member("IsDefault"),
        "owner-id": member("OwnerId"),
        "state": member("State"),
        "dhcp-options-id": member("DhcpOptionsId"),
    },
    indexes={"is-default": "default", "isDefault": "default"},
)


@api.operation("DescribeVpcs")
def describe_vpcs(ctx: Context, given: Input) -> Output:
    """List VPCs."""
    found, paging = VPC.describe(ctx, given, "VpcIds")
    return {"Vpcs": found, **paging}


@api.operation("CreateVpc")
def create_vpc(ctx: Context, given: Input) -> Output:
    """Make a VPC with its main route table, default network ACL and default security group."""
    refuse_dry_run(given)
    refuse(
        "CreateVpc", given,
        "AmazonProvidedIpv6CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6Pool",
        "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength", "VpcEncryptionControl",
    )  # fmt: skip
    if given.get("InstanceTenancy", "default") != "default":
        refuse("CreateVpc", {"InstanceTenancy dedicated": True}, "InstanceTenancy dedicated")
    if not given.get("CidrBlock"):
        raise ServiceError(
            "MissingParameter",
            "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.",
        )
    block = cidr_block(given["CidrBlock"], "vpc")
    vpc_id = f"vpc-{ctx.ids.hex(17)}"
    item = ctx.tx.create(VPCS, ctx.scope, vpc_id, Vpc(cidr=str(block), tags=tags_of(given, "vpc")))
    create_surroundings(ctx, vpc_id)
    return {"Vpc": {**show(ctx, item), "State": "pending"}}


@api.operation("CreateDefaultVpc")
def create_default(ctx: Context, given: Input) -> Output:
    """Make the default VPC anew, after it was deleted."""
    refuse_dry_run(given)
    if default_vpc(ctx.tx, ctx.scope) is not None:
        raise ServiceError(
            "DefaultVpcAlreadyExists",
            "A Default VPC already exists for this account in this region.",
        )
    return {"Vpc": show(ctx, VPC.get(ctx, create_default_vpc(ctx)))}


@api.operation("DeleteVpc")
def delete_vpc(ctx: Context, given: Input) -> Output:
    """Delete a VPC in which nothing is left but what it came with."""
    refuse_dry_run(given)
    vpc = VPC.get(ctx, given["VpcId"])
    here = ("vpc", vpc.key)
    groups = ctx.tx.page(SECURITY_GROUPS, ctx.scope, where=here)
    tables = ctx.tx.page(ROUTE_TABLES, ctx.scope, where=here)
    own_tables = [t for t in tables if any(not a.subnet_id for a in t.desired.associations)]
    lived_in = (
        ctx.tx.count(SUBNETS, ctx.scope, here)
        or ctx.tx.count(INTERNET_GATEWAYS, ctx.scope, here)
        or ctx.tx.count(NETWORK_INTERFACES, ctx.scope, here)
    )
    more_groups = any(group.desired.name != "default" for group in groups)
    if lived_in or more_groups or len(own_tables) != len(tables):
        raise ServiceError(
            "DependencyViolation",
            f"The vpc '{vpc.key}' has dependencies and cannot be deleted.",
        )
    for group in groups:
        ctx.tx.delete(SECURITY_GROUPS, group.ref)
    for table in tables:
        ctx.tx.delete(ROUTE_TABLES, table.ref)
    for acl in ctx.tx.page(NETWORK_ACLS, ctx.scope, where=here):
        ctx.tx.delete(NETWORK_ACLS, acl.ref)
    ctx.tx.delete(VPCS, vpc.ref)
    return {}


@api.operation("DescribeVpcAttribute")
def describe_vpc_attribute(ctx: Context, given: Input) -> Output:
    """Tell one attribute."""
    refuse_dry_run(given)
    vpc = VPC.get(ctx, given["VpcId"])
    value, name = {
        "enableDnsSupport": (vpc.desired.enable_dns_support, "EnableDnsSupport"),
        "enableDnsHostnames": (vpc.desired.enable_dns_hostnames, "EnableDnsHostnames"),
        "enableNetworkAddressUsageMetrics": (False, "EnableNetworkAddressUsageMetrics"),
    }[given["Attribute"]]
    return {"VpcId": vpc.key, name: {"Value": value}}


@api.operation("ModifyVpcAttribute")
def modify_vpc_attribute(ctx: Context, given: Input) -> Output:
    """Change an attribute. Names are always resolved here, so DNS support stays on."""
    vpc = VPC.get(ctx, given["VpcId"])
    refuse_none_of(given, "EnableDnsHostnames", "EnableDnsSupport", _METRICS)
    if not given.get("EnableDnsSupport", {}).get("Value", True):
        refuse("ModifyVpcAttribute", {"EnableDnsSupport false": True}, "EnableDnsSupport false")
    if given.get(_METRICS, {}).get("Value"):
        refuse("ModifyVpcAttribute", given, _METRICS)
    hostnames = given.get("EnableDnsHostnames", {}).get("Value", vpc.desired.enable_dns_hostnames)
    ctx.tx.desire(
        VPCS, vpc.ref, msgspec.structs.replace(vpc.desired, enable_dns_hostnames=hostnames)
    )
    return {}


def cidr_block(text: str, what: str) -> ipaddress.IPv4Network:
    """A block of addresses; AWS's errors for what is none or has the wrong size."""
    try:
        block = ipv4(text)
    except ValueError as error:
        raise ServiceError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ) from error
    if not _LARGEST <= block.prefixlen <= _SMALLEST:
        code = "InvalidVpc.Range" if what == "vpc" else "InvalidSubnet.Range"
        raise ServiceError(code, f"The CIDR '{text}' is invalid.")
    return block


def ipv4(text: str) -> ipaddress.IPv4Network:
    """A block as AWS writes it (10.0.0.0/16), host bits cleared as AWS does; ``ValueError``."""
    if not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", text):
        raise ValueError(text)
    return ipaddress.IPv4Network(text, strict=False)
