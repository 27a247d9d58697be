from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.ec2.stand import Ec2, where

GONE = "0123456789abcdef0"


class Network:
    """A VPC with a subnet, a gateway and a route table of its own."""

    def __init__(self, ec2: Ec2) -> None:
        self.ec2 = ec2
        self.vpc = ec2.vpc()
        self.subnet = ec2.subnet_of(self.vpc)
        self.gateway = ec2.gateway(self.vpc)
        self.table = self.another_table()

    def another_table(self) -> str:
        made = self.ec2.call("CreateRouteTable", VpcId=self.vpc)["RouteTable"]
        return str(made["RouteTableId"])

    def found(self, table: str | None = None) -> dict[str, Any]:
        answer = self.ec2.call("DescribeRouteTables", RouteTableIds=[table or self.table])
        found: dict[str, Any] = answer["RouteTables"][0]
        return found

    def main(self) -> dict[str, Any]:
        filters = [where("vpc-id", self.vpc), where("association.main", "true")]
        (found,) = self.ec2.call("DescribeRouteTables", Filters=filters)["RouteTables"]
        answer: dict[str, Any] = found
        return answer

    def routes(self) -> list[tuple[str, str, str]]:
        return [
            (one["DestinationCidrBlock"], one["GatewayId"], one["State"])
            for one in self.found()["Routes"]
        ]

    def route(self, destination: str = "0.0.0.0/0", **given: Any) -> dict[str, Any]:
        return {
            "RouteTableId": self.table,
            "DestinationCidrBlock": destination,
            "GatewayId": self.gateway,
            **given,
        }


@pytest.fixture
def network(ec2: Ec2) -> Network:
    return Network(ec2)


def test_a_gateway_is_attached_to_one_vpc_at_a_time(ec2: Ec2) -> None:
    vpc, gateway = ec2.vpc(), ec2.gateway()
    named = {"InternetGatewayId": gateway, "VpcId": vpc}
    assert ec2.code("DetachInternetGateway", **named) == "Gateway.NotAttached"
    ec2.call("AttachInternetGateway", **named)
    (found,) = ec2.call("DescribeInternetGateways", Filters=[where("attachment.vpc-id", vpc)])[
        "InternetGateways"
    ]
    assert found["InternetGatewayId"] == gateway
    assert ec2.code("AttachInternetGateway", **named) == "Resource.AlreadyAssociated"
    second = ec2.gateway()
    assert ec2.code("AttachInternetGateway", InternetGatewayId=second, VpcId=vpc) == (
        "InvalidParameterValue"
    )
    assert ec2.code("DeleteInternetGateway", InternetGatewayId=gateway) == "DependencyViolation"
    ec2.call("DetachInternetGateway", **named)
    ec2.call("DeleteInternetGateway", InternetGatewayId=gateway)
    assert ec2.refusal("DescribeInternetGateways", InternetGatewayIds=[gateway]) == (
        "InvalidInternetGatewayID.NotFound",
        f"The internetGateway ID '{gateway}' does not exist",
    )


def test_routes_are_made_replaced_and_deleted(network: Network) -> None:
    ec2 = network.ec2
    assert network.routes() == [("10.0.0.0/16", "local", "active")]
    ec2.call("CreateRoute", **network.route("192.168.1.1/16"))
    assert network.routes()[1:] == [("192.168.0.0/16", network.gateway, "active")]
    assert ec2.code("CreateRoute", **network.route("192.168.0.0/16")) == "RouteAlreadyExists"
    ec2.call("ReplaceRoute", **network.route("192.168.0.0/16"))
    assert ec2.code("ReplaceRoute", **network.route("10.9.0.0/16")) == "InvalidRoute.NotFound"
    given = {"RouteTableId": network.table, "DestinationCidrBlock": "192.168.0.0/16"}
    ec2.call("DeleteRoute", **given)
    assert ec2.code("DeleteRoute", **given) == "InvalidRoute.NotFound"
    local = {**given, "DestinationCidrBlock": "10.0.0.0/16"}
    assert ec2.code("DeleteRoute", **local) == "InvalidParameterValue"


def test_a_route_to_a_detached_gateway_is_a_black_hole(network: Network) -> None:
    network.ec2.call("CreateRoute", **network.route())
    named = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    network.ec2.call("DetachInternetGateway", **named)
    assert network.routes()[1] == ("0.0.0.0/0", network.gateway, "blackhole")
    network.ec2.call("DeleteInternetGateway", InternetGatewayId=network.gateway)
    assert network.routes()[1] == ("0.0.0.0/0", network.gateway, "blackhole")
    assert network.ec2.call("DescribeRouteTables", Filters=[where("route.state", "blackhole")])[
        "RouteTables"
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"DestinationCidrBlock": "10.0.0.0/16"}, "RouteAlreadyExists"),
        ({"DestinationCidrBlock": "10.0.1.0/24"}, "UnsupportedOperation"),
        ({"DestinationCidrBlock": "everywhere"}, "InvalidParameterValue"),
        ({"GatewayId": "igw-" + GONE}, "InvalidInternetGatewayID.NotFound"),
        ({"GatewayId": "vgw-" + GONE}, "InvalidInternetGatewayId.Malformed"),
        ({"RouteTableId": "rtb-" + GONE}, "InvalidRouteTableID.NotFound"),
        ({"NatGatewayId": "nat-" + GONE}, "UnsupportedOperation"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_other_routes_are_refused(network: Network, given: dict[str, Any], code: str) -> None:
    assert network.ec2.code("CreateRoute", **network.route(**given)) == code


def test_a_route_names_a_destination_and_its_own_vpcs_gateway(network: Network) -> None:
    elsewhere = network.ec2.gateway(network.ec2.vpc("10.1.0.0/16"))
    assert network.ec2.code("CreateRoute", **network.route(GatewayId=elsewhere)) == (
        "InvalidParameterValue"
    )
    assert network.ec2.code("CreateRoute", RouteTableId=network.table) == "MissingParameter"


def test_a_subnet_has_the_main_table_or_its_own(network: Network) -> None:
    ec2 = network.ec2
    named = {"RouteTableId": network.table, "SubnetId": network.subnet}
    association = ec2.call("AssociateRouteTable", **named)["AssociationId"]
    assert ec2.call("AssociateRouteTable", **named)["AssociationId"] == association
    second = network.another_table()
    assert ec2.code("AssociateRouteTable", RouteTableId=second, SubnetId=network.subnet) == (
        "Resource.AlreadyAssociated"
    )
    (found,) = ec2.call(
        "DescribeRouteTables", Filters=[where("association.subnet-id", network.subnet)]
    )["RouteTables"]
    assert found["RouteTableId"] == network.table
    assert ec2.code("DeleteRouteTable", RouteTableId=network.table) == "DependencyViolation"
    assert ec2.code("DeleteVpc", VpcId=network.vpc) == "DependencyViolation"
    ec2.call("DisassociateRouteTable", AssociationId=association)
    assert ec2.code("DisassociateRouteTable", AssociationId=association) == (
        "InvalidAssociationID.NotFound"
    )
    ec2.call("DeleteRouteTable", RouteTableId=network.table)
    assert ec2.code("DescribeRouteTables", RouteTableIds=[network.table]) == (
        "InvalidRouteTableID.NotFound"
    )


def test_associations_are_replaced_for_subnets_and_for_the_main_table(network: Network) -> None:
    ec2 = network.ec2
    second = network.another_table()
    named = {"RouteTableId": network.table, "SubnetId": network.subnet}
    association = ec2.call("AssociateRouteTable", **named)["AssociationId"]
    answer = ec2.call(
        "ReplaceRouteTableAssociation", AssociationId=association, RouteTableId=second
    )
    assert answer["NewAssociationId"] != association
    assert network.found()["Associations"] == []
    assert network.found(second)["Associations"][0]["SubnetId"] == network.subnet
    main = network.main()
    (of_main,) = main["Associations"]
    assert ec2.code("DisassociateRouteTable", AssociationId=of_main["RouteTableAssociationId"]) == (
        "InvalidParameterValue"
    )
    ec2.call(
        "ReplaceRouteTableAssociation",
        AssociationId=of_main["RouteTableAssociationId"],
        RouteTableId=network.table,
    )
    assert network.main()["RouteTableId"] == network.table
    ec2.call("DeleteRouteTable", RouteTableId=main["RouteTableId"])
    assert ec2.code(
        "ReplaceRouteTableAssociation", AssociationId=association, RouteTableId=second
    ) == ("InvalidAssociationID.NotFound")


def test_tables_and_subnets_of_different_vpcs_do_not_meet(network: Network) -> None:
    other = network.ec2.subnet_of(network.ec2.vpc("10.1.0.0/16"), "10.1.1.0/24")
    assert network.ec2.code("AssociateRouteTable", RouteTableId=network.table, SubnetId=other) == (
        "InvalidParameterValue"
    )
    assert network.ec2.code("AssociateRouteTable", RouteTableId=network.table) == (
        "MissingParameter"
    )
