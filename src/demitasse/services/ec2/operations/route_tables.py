"""Route tables. Every VPC's subnets reach each other; routes say what leaves the VPC."""

from __future__ import annotations

import ipaddress

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import (
    Resource,
    api,
    member,
    refuse,
    refuse_dry_run,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.operations.gateways import GATEWAY
from demitasse.services.ec2.operations.subnets import SUBNET
from demitasse.services.ec2.operations.vpcs import VPC, ipv4
from demitasse.services.ec2.records import (
    INTERNET_GATEWAYS,
    ROUTE_TABLES,
    VPCS,
    Association,
    Route,
    RouteTable,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_OTHER_TARGETS = (
    "DestinationIpv6CidrBlock", "DestinationPrefixListId", "VpcEndpointId", "TransitGatewayId",
    "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn", "OdbNetworkArn",
    "EgressOnlyInternetGatewayId", "InstanceId", "NetworkInterfaceId", "VpcPeeringConnectionId",
    "NatGatewayId",
)  # fmt: skip


def show(ctx: Context, item: Item[RouteTable, Nothing]) -> Output:
    """``RouteTable``."""
    table = item.desired
    vpc = ctx.tx.get(VPCS, ctx.scope, table.vpc_id)
    local = [] if vpc is None else [(vpc.desired.cidr, "local", "CreateRouteTable", "active")]
    routes = local + [
        (one.destination, one.gateway_id, "CreateRoute", _state(ctx, table.vpc_id, one))
        for one in table.routes
    ]
    return {
        "RouteTableId": item.key,
        "VpcId": table.vpc_id,
        "Routes": [
            {
                "DestinationCidrBlock": destination,
                "GatewayId": gateway,
                "Origin": origin,
                "State": state,
            }
            for destination, gateway, origin, state in routes
        ],
        "Associations": [
            {
                "RouteTableAssociationId": one.association_id,
                "RouteTableId": item.key,
                "Main": not one.subnet_id,
                "SubnetId": one.subnet_id or None,
                "AssociationState": {"State": "associated"},
            }
            for one in table.associations
        ],
        "PropagatingVgws": [],
        "OwnerId": ctx.scope.account,
        "Tags": show_tags(table.tags),
    }


ROUTE_TABLE = Resource(
    ROUTE_TABLES,
    "rtb",
    "routeTable ID",
    "InvalidRouteTableID.NotFound",
    "InvalidRouteTableId.Malformed",
    show,
    {
        "route-table-id": member("RouteTableId"),
        "vpc-id": member("VpcId"),
        "owner-id": member("OwnerId"),
        "association.main": member("Associations", "Main"),
        "association.subnet-id": member("Associations", "SubnetId"),
        "association.route-table-id": member("Associations", "RouteTableId"),
        "association.route-table-association-id": member("Associations", "RouteTableAssociationId"),
        "route.destination-cidr-block": member("Routes", "DestinationCidrBlock"),
        "route.gateway-id": member("Routes", "GatewayId"),
        "route.origin": member("Routes", "Origin"),
        "route.state": member("Routes", "State"),
    },
    indexes={
        "vpc-id": "vpc",
        "association.route-table-association-id": "association",
        "association.subnet-id": "subnet",
    },
)


@api.operation("DescribeRouteTables")
def describe_route_tables(ctx: Context, given: Input) -> Output:
    """List route tables."""
    found, paging = ROUTE_TABLE.describe(ctx, given, "RouteTableIds")
    return {"RouteTables": found, **paging}


@api.operation("CreateRouteTable")
def create_route_table(ctx: Context, given: Input) -> Output:
    """Make a route table with the VPC's local route."""
    refuse_dry_run(given)
    vpc = VPC.get(ctx, given["VpcId"])
    item = ctx.tx.create(
        ROUTE_TABLES,
        ctx.scope,
        f"rtb-{ctx.ids.hex(17)}",
        RouteTable(vpc_id=vpc.key, tags=tags_of(given, "route-table")),
    )
    return {"RouteTable": show(ctx, item)}


@api.operation("DeleteRouteTable")
def delete_route_table(ctx: Context, given: Input) -> Output:
    """Delete a route table that is in force for nothing."""
    refuse_dry_run(given)
    table = ROUTE_TABLE.get(ctx, given["RouteTableId"])
    if table.desired.associations:
        raise ServiceError(
            "DependencyViolation",
            f"The routeTable '{table.key}' has dependencies and cannot be deleted.",
        )
    ctx.tx.delete(ROUTE_TABLES, table.ref)
    return {}


@api.operation("CreateRoute")
def create_route(ctx: Context, given: Input) -> Output:
    """Route a block to an internet gateway."""
    refuse_dry_run(given)
    refuse("CreateRoute", given, *_OTHER_TARGETS)
    table, route = _route(ctx, given)
    _refuse_local(ctx, table, route.destination)
    if any(one.destination == route.destination for one in table.desired.routes):
        raise ServiceError(
            "RouteAlreadyExists", f"The route identified by {route.destination} already exists."
        )
    _write(ctx, table, (*table.desired.routes, route))
    return {"Return": True}


@api.operation("ReplaceRoute")
def replace_route(ctx: Context, given: Input) -> Output:
    """Route a block elsewhere."""
    refuse_dry_run(given)
    refuse("ReplaceRoute", given, *_OTHER_TARGETS, "LocalTarget")
    table, route = _route(ctx, given)
    others = tuple(one for one in table.desired.routes if one.destination != route.destination)
    if len(others) == len(table.desired.routes):
        raise _no_route(table.key, route.destination)
    _write(ctx, table, (*others, route))
    return {}


@api.operation("DeleteRoute")
def delete_route(ctx: Context, given: Input) -> Output:
    """Forget a route."""
    refuse_dry_run(given)
    refuse("DeleteRoute", given, "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    table = ROUTE_TABLE.get(ctx, given["RouteTableId"])
    destination = given.get("DestinationCidrBlock", "")
    if destination == VPC.get(ctx, table.desired.vpc_id).desired.cidr:
        raise ServiceError(
            "InvalidParameterValue",
            f"cannot remove local route {destination} in route table {table.key}",
        )
    others = tuple(one for one in table.desired.routes if one.destination != destination)
    if len(others) == len(table.desired.routes):
        raise _no_route(table.key, destination)
    _write(ctx, table, others)
    return {}


@api.operation("AssociateRouteTable")
def associate_route_table(ctx: Context, given: Input) -> Output:
    """Put a route table in force for a subnet."""
    refuse_dry_run(given)
    refuse("AssociateRouteTable", given, "GatewayId", "PublicIpv4Pool")
    if not given.get("SubnetId"):
        raise ServiceError("MissingParameter", "The request must contain the parameter subnetId")
    table = ROUTE_TABLE.get(ctx, given["RouteTableId"])
    subnet = SUBNET.get(ctx, given["SubnetId"])
    if subnet.desired.vpc_id != table.desired.vpc_id:
        raise ServiceError(
            "InvalidParameterValue",
            f"Route table {table.key} and subnet {subnet.key} belong to different networks",
        )
    other = ctx.tx.one(ROUTE_TABLES, ctx.scope, "subnet", subnet.key)
    if other is not None and other.key != table.key:
        raise ServiceError(
            "Resource.AlreadyAssociated",
            f"the specified association for route table {other.key} conflicts with an existing"
            " association",
        )
    for one in other.desired.associations if other is not None else ():
        if one.subnet_id == subnet.key:
            return _associated(one.association_id)
    made = Association(f"rtbassoc-{ctx.ids.hex(17)}", subnet.key)
    _associate(ctx, table, (*table.desired.associations, made))
    return _associated(made.association_id)


@api.operation("DisassociateRouteTable")
def disassociate_route_table(ctx: Context, given: Input) -> Output:
    """Take a route table out of force for a subnet, which then has the VPC's main one."""
    refuse_dry_run(given)
    table, association = _association(ctx, given["AssociationId"])
    if not association.subnet_id:
        raise ServiceError(
            "InvalidParameterValue",
            f"cannot disassociate the main route table association {association.association_id}",
        )
    _associate(ctx, table, _without(table, association))
    return {}


@api.operation("ReplaceRouteTableAssociation")
def replace_route_table_association(ctx: Context, given: Input) -> Output:
    """Put another route table in force, for a subnet or as the VPC's main one."""
    refuse_dry_run(given)
    before, association = _association(ctx, given["AssociationId"])
    table = ROUTE_TABLE.get(ctx, given["RouteTableId"])
    if table.desired.vpc_id != before.desired.vpc_id:
        raise ServiceError(
            "InvalidParameterValue",
            f"Route table {table.key} and route table {before.key} belong to different networks",
        )
    made = Association(f"rtbassoc-{ctx.ids.hex(17)}", association.subnet_id)
    _associate(ctx, before, _without(before, association))
    current = ROUTE_TABLE.get(ctx, table.key)  # it may be the one that was just changed
    _associate(ctx, current, (*current.desired.associations, made))
    answer = _associated(made.association_id)
    return {
        "NewAssociationId": answer["AssociationId"],
        "AssociationState": answer["AssociationState"],
    }


def _association(ctx: Context, wanted: str) -> tuple[Item[RouteTable, Nothing], Association]:
    table = ctx.tx.one(ROUTE_TABLES, ctx.scope, "association", wanted)
    for one in table.desired.associations if table is not None else ():
        if table is not None and one.association_id == wanted:
            return table, one
    raise ServiceError(
        "InvalidAssociationID.NotFound", f"The association ID '{wanted}' does not exist"
    )


def _without(table: Item[RouteTable, Nothing], association: Association) -> tuple[Association, ...]:
    return tuple(one for one in table.desired.associations if one != association)


def _state(ctx: Context, vpc_id: str, route: Route) -> str:
    """A route to a gateway that is gone or detached is a black hole."""
    gateway = ctx.tx.get(INTERNET_GATEWAYS, ctx.scope, route.gateway_id)
    return "active" if gateway is not None and gateway.desired.vpc_id == vpc_id else "blackhole"


def _refuse_local(ctx: Context, table: Item[RouteTable, Nothing], destination: str) -> None:
    """Inside a VPC every address is reached directly: no route may say otherwise."""
    local = ipaddress.IPv4Network(VPC.get(ctx, table.desired.vpc_id).desired.cidr)
    block = ipaddress.IPv4Network(destination)
    if block == local:
        raise ServiceError(
            "RouteAlreadyExists", f"The route identified by {destination} already exists."
        )
    if block.subnet_of(local):
        raise NotSupported(f"a route for {destination}, inside the VPC's own {local},")


def _route(ctx: Context, given: Input) -> tuple[Item[RouteTable, Nothing], Route]:
    table = ROUTE_TABLE.get(ctx, given["RouteTableId"])
    if not given.get("DestinationCidrBlock") or not given.get("GatewayId"):
        raise ServiceError(
            "MissingParameter",
            "The request must contain the parameters destinationCidrBlock and gatewayId",
        )
    try:
        block = ipv4(given["DestinationCidrBlock"])
    except ValueError as error:
        raise ServiceError(
            "InvalidParameterValue",
            f"Value ({given['DestinationCidrBlock']}) for parameter destinationCidrBlock is"
            " invalid. This is not a valid CIDR block.",
        ) from error
    gateway = GATEWAY.get(ctx, given["GatewayId"])
    if gateway.desired.vpc_id != table.desired.vpc_id:
        raise ServiceError(
            "InvalidParameterValue",
            f"route table {table.key} and network gateway {gateway.key} belong to different"
            " networks",
        )
    return table, Route(str(block), gateway.key)


def _no_route(table: str, destination: str) -> ServiceError:
    return ServiceError(
        "InvalidRoute.NotFound",
        f"no route with destination-cidr-block {destination} in route table {table}",
    )


def _associated(association: str) -> Output:
    return {"AssociationId": association, "AssociationState": {"State": "associated"}}


def _write(ctx: Context, table: Item[RouteTable, Nothing], routes: tuple[Route, ...]) -> None:
    ctx.tx.desire(ROUTE_TABLES, table.ref, msgspec.structs.replace(table.desired, routes=routes))


def _associate(
    ctx: Context, table: Item[RouteTable, Nothing], associations: tuple[Association, ...]
) -> None:
    ctx.tx.desire(
        ROUTE_TABLES, table.ref, msgspec.structs.replace(table.desired, associations=associations)
    )
