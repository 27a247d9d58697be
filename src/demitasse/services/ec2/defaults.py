"""What EC2 has in every account and region from the start: the default VPC.

AWS: "Default VPCs" in the VPC user guide. One /16 block, a /20 subnet per availability zone, and
the default security group, which admits its own members only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from ipaddress import IPv4Network

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import (
    INTERNET_GATEWAYS,
    NETWORK_ACLS,
    ROUTE_TABLES,
    SECURITY_GROUPS,
    SUBNETS,
    VPCS,
    Association,
    InternetGateway,
    NetworkAcl,
    Permission,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)

ZONES = ("a", "b", "c", "d", "e", "f")
_AWS_BLOCK = IPv4Network("172.31.0.0/16")
_POOL = IPv4Network("10.128.0.0/9")
_SHORT = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}


def create_default_vpc(ctx: Context) -> str:
    """Make the default VPC with its subnets and security group; its id."""
    block = _block(ctx)
    vpc_id = f"vpc-{ctx.ids.hex(17)}"
    ctx.tx.create(
        VPCS,
        ctx.scope,
        vpc_id,
        Vpc(cidr=str(block), is_default=True, enable_dns_hostnames=True),
    )
    for zone, cidr in zip(ZONES, block.subnets(new_prefix=20), strict=False):
        ctx.tx.create(
            SUBNETS,
            ctx.scope,
            f"subnet-{ctx.ids.hex(17)}",
            Subnet(
                vpc_id=vpc_id,
                cidr=str(cidr),
                availability_zone=ctx.scope.region + zone,
                availability_zone_id=zone_id(ctx.scope, zone),
                default_for_az=True,
                map_public_ip_on_launch=True,
            ),
        )
    gateway_id = f"igw-{ctx.ids.hex(17)}"
    ctx.tx.create(INTERNET_GATEWAYS, ctx.scope, gateway_id, InternetGateway(vpc_id=vpc_id))
    create_surroundings(ctx, vpc_id, Route("0.0.0.0/0", gateway_id))
    return vpc_id


def create_surroundings(ctx: Context, vpc_id: str, *routes: Route) -> None:
    """Make what every VPC has: main route table, default network ACL and security group."""
    ctx.tx.create(
        ROUTE_TABLES,
        ctx.scope,
        f"rtb-{ctx.ids.hex(17)}",
        RouteTable(
            vpc_id=vpc_id,
            routes=routes,
            associations=(Association(f"rtbassoc-{ctx.ids.hex(17)}"),),
        ),
    )
    ctx.tx.create(NETWORK_ACLS, ctx.scope, f"acl-{ctx.ids.hex(17)}", NetworkAcl(vpc_id=vpc_id))
    create_default_group(ctx, vpc_id)


def create_default_group(ctx: Context, vpc_id: str) -> str:
    """Make a VPC's default security group: in from its members, out to everywhere; its id."""
    group_id = f"sg-{ctx.ids.hex(17)}"
    ctx.tx.create(
        SECURITY_GROUPS,
        ctx.scope,
        group_id,
        SecurityGroup(
            name="default",
            description="default VPC security group",
            vpc_id=vpc_id,
            permissions=(
                Permission(f"sgr-{ctx.ids.hex(17)}", False, "-1", group_id=group_id),
                all_traffic_out(ctx),
            ),
        ),
    )
    return group_id


def all_traffic_out(ctx: Context) -> Permission:
    """The egress rule that every new security group has."""
    return Permission(f"sgr-{ctx.ids.hex(17)}", True, "-1", cidr="0.0.0.0/0")


def zone_id(scope: Scope, zone: str) -> str:
    """The id of a zone, such as ``use1-az4``: AWS maps names to zones per account."""
    area, *side, number = scope.region.split("-")
    short = area + "".join(_SHORT.get(word, word[0]) for word in side) + number
    turn = hashlib.sha256(scope.account.encode()).digest()[0]
    return f"{short}-az{(ZONES.index(zone) + turn) % len(ZONES) + 1}"


def _block(ctx: Context) -> IPv4Network:
    """The VPC's block: as chosen for the installation, or the one that AWS gives everybody, or else
    the next of 10/8.

    All VPCs, of every account and region, share this machine's network: no two have one block. One
    that the machine reaches already (another installation's, a company's, AWS's own around an EC2
    instance) is taken only where there is no other.
    """
    taken = [IPv4Network(vpc.desired.cidr) for vpc in ctx.tx.everywhere(VPCS)]
    if ctx.site.vpc_cidr and _free(chosen := IPv4Network(ctx.site.vpc_cidr), taken):
        return chosen
    for others in ([*taken, *ctx.site.networks()], taken):
        for block in (_AWS_BLOCK, *_POOL.subnets(new_prefix=16)):
            if _free(block, others):
                return block
    raise ServiceError(
        "VpcLimitExceeded",
        "Every block of addresses that Demitasse gives default VPCs is in use on this machine.",
    )


def _free(block: IPv4Network, others: Iterable[IPv4Network]) -> bool:
    return not any(block.overlaps(other) for other in others)
