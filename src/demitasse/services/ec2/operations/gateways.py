"""Internet gateways."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import (
    Resource,
    api,
    member,
    refuse_dry_run,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.operations.vpcs import VPC
from demitasse.services.ec2.records import INTERNET_GATEWAYS, InternetGateway
from demitasse.store import Item
from demitasse.store.kinds import Nothing


def show(ctx: Context, item: Item[InternetGateway, Nothing]) -> Output:
    """``InternetGateway``."""
    attached = item.desired.vpc_id
    return {
        "InternetGatewayId": item.key,
        "Attachments": [{"VpcId": attached, "State": "available"}] if attached else [],
        "OwnerId": ctx.scope.account,
        "Tags": show_tags(item.desired.tags),
    }


GATEWAY = Resource(
    INTERNET_GATEWAYS,
    "igw",
    "internetGateway ID",
    "InvalidInternetGatewayID.NotFound",
    "InvalidInternetGatewayId.Malformed",
    show,
    {
        "internet-gateway-id": member("InternetGatewayId"),
        "attachment.vpc-id": member("Attachments", "VpcId"),
        "attachment.state": member("Attachments", "State"),
        "owner-id": member("OwnerId"),
    },
    indexes={"attachment.vpc-id": "vpc"},
)


@api.operation("DescribeInternetGateways")
def describe_internet_gateways(ctx: Context, given: Input) -> Output:
    """List internet gateways."""
    found, paging = GATEWAY.describe(ctx, given, "InternetGatewayIds")
    return {"InternetGateways": found, **paging}


@api.operation("CreateInternetGateway")
def create_internet_gateway(ctx: Context, given: Input) -> Output:
    """Make a gateway, attached to nothing."""
    refuse_dry_run(given)
    item = ctx.tx.create(
        INTERNET_GATEWAYS,
        ctx.scope,
        f"igw-{ctx.ids.hex(17)}",
        InternetGateway(tags=tags_of(given, "internet-gateway")),
    )
    return {"InternetGateway": show(ctx, item)}


@api.operation("AttachInternetGateway")
def attach_internet_gateway(ctx: Context, given: Input) -> Output:
    """Attach a gateway to a VPC; each has at most one of the other."""
    refuse_dry_run(given)
    gateway = GATEWAY.get(ctx, given["InternetGatewayId"])
    vpc = VPC.get(ctx, given["VpcId"])
    if gateway.desired.vpc_id:
        raise ServiceError(
            "Resource.AlreadyAssociated",
            f"resource {gateway.key} is already attached to network {gateway.desired.vpc_id}",
        )
    if ctx.tx.count(INTERNET_GATEWAYS, ctx.scope, ("vpc", vpc.key)):
        raise ServiceError(
            "InvalidParameterValue",
            f"Network {vpc.key} already has an internet gateway attached",
        )
    ctx.tx.desire(
        INTERNET_GATEWAYS, gateway.ref, msgspec.structs.replace(gateway.desired, vpc_id=vpc.key)
    )
    return {}


@api.operation("DetachInternetGateway")
def detach_internet_gateway(ctx: Context, given: Input) -> Output:
    """Detach a gateway from its VPC."""
    refuse_dry_run(given)
    gateway = GATEWAY.get(ctx, given["InternetGatewayId"])
    vpc = VPC.get(ctx, given["VpcId"])
    if gateway.desired.vpc_id != vpc.key:
        raise ServiceError(
            "Gateway.NotAttached", f"resource {gateway.key} is not attached to network {vpc.key}"
        )
    ctx.tx.desire(
        INTERNET_GATEWAYS, gateway.ref, msgspec.structs.replace(gateway.desired, vpc_id="")
    )
    return {}


@api.operation("DeleteInternetGateway")
def delete_internet_gateway(ctx: Context, given: Input) -> Output:
    """Delete a detached gateway."""
    refuse_dry_run(given)
    gateway = GATEWAY.get(ctx, given["InternetGatewayId"])
    if gateway.desired.vpc_id:
        raise ServiceError(
            "DependencyViolation",
            f"The internetGateway '{gateway.key}' has dependencies and cannot be deleted.",
        )
    ctx.tx.delete(INTERNET_GATEWAYS, gateway.ref)
    return {}
