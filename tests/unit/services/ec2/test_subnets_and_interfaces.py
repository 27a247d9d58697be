from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.stand import SCOPE
from tests.unit.services.ec2.stand import Ec2, where

from demitasse.errors import ServiceError
from demitasse.ids import CountingIds
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    SUBNETS,
    Subnet,
    free_addresses,
    give_back,
    take_address,
)
from demitasse.store import Ref, Store

GONE = "0123456789abcdef0"


def test_a_subnet_lies_in_its_vpc_beside_the_others(ec2: Ec2) -> None:
    vpc = ec2.vpc()
    made = ec2.call(
        "CreateSubnet",
        VpcId=vpc,
        CidrBlock="10.0.1.9/24",
        AvailabilityZone="us-east-1c",
        TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "a", "Value": ""}]}],
    )["Subnet"]
    assert made["CidrBlock"] == "10.0.1.0/24"
    assert made["AvailabilityZone"] == "us-east-1c"
    assert made["AvailableIpAddressCount"] == 251
    assert made["Tags"] == [{"Key": "a", "Value": ""}]
    assert not made["DefaultForAz"]
    by_id = ec2.call(
        "CreateSubnet",
        VpcId=vpc,
        CidrBlock="10.0.2.0/24",
        AvailabilityZoneId=made["AvailabilityZoneId"],
    )["Subnet"]
    assert by_id["AvailabilityZone"] == "us-east-1c"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"CidrBlock": "10.0.1.0/24"}, "InvalidSubnet.Conflict"),
        ({"CidrBlock": "10.0.0.0/20"}, "InvalidSubnet.Conflict"),
        ({"CidrBlock": "10.1.1.0/24"}, "InvalidSubnet.Range"),
        ({"CidrBlock": "10.0.1.0/30"}, "InvalidSubnet.Range"),
        ({"CidrBlock": "tea"}, "InvalidParameterValue"),
        ({}, "MissingParameter"),
        ({"CidrBlock": "10.0.2.0/24", "AvailabilityZone": "eu-west-3a"}, "InvalidParameterValue"),
        ({"CidrBlock": "10.0.2.0/24", "Ipv6Native": True}, "UnsupportedOperation"),
        ({"CidrBlock": "10.0.2.0/24", "VpcId": "vpc-" + GONE}, "InvalidVpcID.NotFound"),
        ({"CidrBlock": "10.0.2.0/24", "DryRun": True}, "DryRunOperation"),
    ],
)
def test_other_subnets_are_refused(ec2: Ec2, given: dict[str, object], code: str) -> None:
    vpc = ec2.vpc()
    ec2.subnet_of(vpc, "10.0.1.0/24")
    assert ec2.code("CreateSubnet", **{"VpcId": vpc, **given}) == code


def test_a_subnets_attribute_is_changed(ec2: Ec2) -> None:
    subnet = ec2.subnet
    ec2.call("ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    (found,) = ec2.call("DescribeSubnets", SubnetIds=[subnet])["Subnets"]
    assert not found["MapPublicIpOnLaunch"]
    ec2.call("ModifySubnetAttribute", SubnetId=subnet, EnableDns64={"Value": False})
    assert (
        ec2.code("ModifySubnetAttribute", SubnetId=subnet, EnableDns64={"Value": True})
        == "UnsupportedOperation"
    )


def test_a_subnet_is_deleted_once_nobody_lives_in_it(ec2: Ec2) -> None:
    vpc = ec2.vpc()
    subnet = ec2.subnet_of(vpc)
    table = ec2.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
    interface = ec2.interface(subnet)["NetworkInterfaceId"]
    assert ec2.code("DeleteSubnet", SubnetId=subnet) == "DependencyViolation"
    ec2.call("DeleteNetworkInterface", NetworkInterfaceId=interface)
    ec2.call("DeleteSubnet", SubnetId=subnet)
    assert ec2.refusal("DescribeSubnets", SubnetIds=[subnet]) == (
        "InvalidSubnetID.NotFound",
        f"The subnet ID '{subnet}' does not exist",
    )
    ec2.call("DeleteRouteTable", RouteTableId=table)  # in force for nothing any more


def test_an_interface_has_an_address_of_its_subnet(ec2: Ec2) -> None:
    subnet = ec2.subnet_of(ec2.vpc())
    made = ec2.interface(
        subnet,
        Description="mine",
        TagSpecifications=[
            {"ResourceType": "network-interface", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    )
    assert IPv4Address(made["PrivateIpAddress"]) in IPv4Network("10.0.1.0/24")
    assert made["Status"] == "available"
    assert made["TagSet"] == [{"Key": "k", "Value": "v"}]
    assert [group["GroupName"] for group in made["Groups"]] == ["default"]
    assert not made["RequesterManaged"]
    by_address = [where("private-ip-address", made["PrivateIpAddress"])]
    (found,) = ec2.call("DescribeNetworkInterfaces", Filters=by_address)["NetworkInterfaces"]
    assert found["NetworkInterfaceId"] == made["NetworkInterfaceId"]
    (told,) = ec2.call("DescribeSubnets", SubnetIds=[subnet])["Subnets"]
    assert told["AvailableIpAddressCount"] == 250


def test_an_interface_takes_groups_of_its_own_vpc_only(ec2: Ec2) -> None:
    vpc = ec2.vpc()
    subnet, elsewhere = ec2.subnet_of(vpc), ec2.group("elsewhere")
    mine = ec2.group("mine", VpcId=vpc)
    made = ec2.interface(subnet, Groups=[mine])
    assert [group["GroupId"] for group in made["Groups"]] == [mine]
    assert ec2.code("DeleteSecurityGroup", GroupId=mine) == "DependencyViolation"
    assert ec2.code("CreateNetworkInterface", SubnetId=subnet, Groups=[elsewhere]) == (
        "InvalidGroup.NotFound"
    )
    assert ec2.code("CreateNetworkInterface", SubnetId=subnet, PrivateIpAddress="10.0.1.9") == (
        "UnsupportedOperation"
    )
    assert ec2.code("CreateNetworkInterface", SubnetId="subnet-" + GONE) == (
        "InvalidSubnetID.NotFound"
    )


def test_what_belongs_to_a_task_is_shown_in_use_and_cannot_be_deleted(ec2: Ec2) -> None:
    subnet = ec2.subnet
    with ec2.store.transaction() as tx:
        item = take_address(
            tx, SCOPE, CountingIds(), subnet, owner="arn:task", description="arn:task"
        )
    (found,) = ec2.call("DescribeNetworkInterfaces", Filters=[where("status", "in-use")])[
        "NetworkInterfaces"
    ]
    assert found["NetworkInterfaceId"] == item.key
    assert found["Attachment"]["Status"] == "attached"
    assert found["RequesterManaged"]
    assert ec2.code("DeleteNetworkInterface", NetworkInterfaceId=item.key) == (
        "InvalidParameterValue"
    )
    with ec2.store.transaction() as tx:
        give_back(tx, SCOPE, "arn:task")
    assert ec2.code("DeleteNetworkInterface", NetworkInterfaceId=item.key) == (
        "InvalidNetworkInterfaceID.NotFound"
    )


class Block:
    """A subnet of 16 addresses, of which AWS leaves 11."""

    usable = tuple(map(str, list(IPv4Network("10.0.0.0/28"))[4:-1]))

    def __init__(self) -> None:
        self.store, self.ids = Store.open(None), CountingIds()
        with self.store.transaction() as tx:
            tx.create(SUBNETS, SCOPE, "subnet-1", Subnet("vpc-1", "10.0.0.0/28", "us-east-1a"))

    def take(self, owner: str) -> str:
        with self.store.transaction() as tx:
            return take_address(
                tx, SCOPE, self.ids, "subnet-1", owner=owner, description=""
            ).desired.private_ip

    def give(self, owner: str) -> None:
        with self.store.transaction() as tx:
            give_back(tx, SCOPE, owner)

    def free(self) -> int:
        with self.store.transaction() as tx:
            subnet = tx.get(SUBNETS, SCOPE, "subnet-1")
            assert subnet is not None
            return free_addresses(tx, SCOPE, subnet)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60))
def test_no_address_is_given_twice_and_none_is_lost(moves: list[tuple[bool, int]]) -> None:
    block, held = Block(), dict[str, str]()
    for number, (takes, pick) in enumerate(moves):
        if takes and len(held) == len(block.usable):
            with pytest.raises(ServiceError, match="free addresses"):
                block.take("one too many")
        elif takes:
            address = block.take(f"owner-{number}")
            assert address in block.usable
            assert address not in held.values()
            held[f"owner-{number}"] = address
        elif held:
            owner = sorted(held)[pick % len(held)]
            block.give(owner)
            del held[owner]
        assert block.free() == len(block.usable) - len(held)


def test_addresses_go_round_so_that_one_given_back_rests() -> None:
    block, seen = Block(), []
    for number in range(len(block.usable)):
        seen.append(block.take(f"owner-{number}"))
        block.give(f"owner-{number}")
    assert sorted(seen) == sorted(block.usable)


def test_an_address_in_use_is_passed_over_each_time_round() -> None:
    block = Block()
    held = block.take("stays")
    for number in range(3 * len(block.usable)):
        assert block.take(f"owner-{number}") != held
        block.give(f"owner-{number}")


def test_the_last_address_is_found_and_then_there_is_none() -> None:
    block = Block()
    taken = [block.take(f"owner-{number}") for number in range(len(block.usable))]
    assert sorted(taken) == sorted(block.usable)
    with pytest.raises(ServiceError, match="free addresses") as told:
        block.take("more")
    assert told.value.code == "InsufficientFreeAddressesInSubnet"
    block.give("owner-3")
    assert block.take("more") == taken[3]


def test_a_failed_call_gives_its_address_back() -> None:
    block = Block()
    with pytest.raises(ZeroDivisionError), block.store.transaction() as tx:
        take_address(tx, SCOPE, block.ids, "subnet-1", owner="x", description="")
        raise ZeroDivisionError
    assert block.free() == len(block.usable)
    with block.store.transaction() as tx:
        assert tx.get(NETWORK_INTERFACES, SCOPE, "eni-1") is None
        tx.delete(SUBNETS, Ref(SCOPE, "subnet-1"))
    with pytest.raises(ServiceError, match="does not exist"):
        block.take("x")
