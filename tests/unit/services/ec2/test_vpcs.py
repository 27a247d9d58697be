from __future__ import annotations

import itertools
import re
from ipaddress import IPv4Network

import pytest
from tests.kit.installation import Installation
from tests.kit.service import Bench
from tests.unit.services.ec2.stand import Ec2, where

from demitasse.services.base import Site
from demitasse.services.ec2 import operations


def test_every_account_and_region_has_a_default_vpc(ec2: Ec2) -> None:
    (vpc,) = ec2.call("DescribeVpcs")["Vpcs"]
    assert vpc["IsDefault"]
    assert vpc["State"] == "available"
    assert vpc["CidrBlock"] == "172.31.0.0/16"
    assert vpc["CidrBlockAssociationSet"][0]["CidrBlockState"]["State"] == "associated"
    here = [where("vpc-id", vpc["VpcId"])]
    subnets = ec2.call("DescribeSubnets", Filters=here)["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == len(subnets) >= 2
    assert all(subnet["DefaultForAz"] and subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    assert {subnet["AvailableIpAddressCount"] for subnet in subnets} == {4091}
    (table,) = ec2.call("DescribeRouteTables", Filters=here)["RouteTables"]
    assert [route["DestinationCidrBlock"] for route in table["Routes"]] == [
        "172.31.0.0/16",
        "0.0.0.0/0",
    ]
    assert {route["State"] for route in table["Routes"]} == {"active"}
    assert [one["Main"] for one in table["Associations"]] == [True]
    (gateway,) = ec2.call("DescribeInternetGateways")["InternetGateways"]
    assert gateway["Attachments"] == [{"VpcId": vpc["VpcId"], "State": "available"}]
    (group,) = ec2.call("DescribeSecurityGroups", Filters=here)["SecurityGroups"]
    assert group["GroupName"] == "default"
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    (acl,) = ec2.call("DescribeNetworkAcls", Filters=here)["NetworkAcls"]
    assert acl["IsDefault"]
    assert len(acl["Associations"]) == len(subnets)


def test_accounts_and_regions_see_only_their_own_and_blocks_never_overlap() -> None:
    installation = Installation(operations.api)
    found = {}
    for account, region in itertools.product(
        ("111111111111", "222222222222"), ("us-east-1", "eu-west-3")
    ):
        (vpc,) = installation.root(account, region).call("ec2", "DescribeVpcs")["Vpcs"]
        assert vpc["OwnerId"] == account
        found[vpc["VpcId"]] = vpc["CidrBlock"]
    assert len(found) == len(set(found.values())) == 4
    assert "172.31.0.0/16" in found.values()


def block(chosen: str = "", *reached: str) -> str:
    """The block of a first default VPC on a machine that reaches some networks."""
    networks = [IPv4Network(each) for each in reached]
    bench = Bench(operations.api, site=Site("", "", chosen, lambda: networks))
    return str(bench.call("ec2", "DescribeVpcs")["Vpcs"][0]["CidrBlock"])


def test_the_first_block_is_awss_where_the_machine_has_it_free_or_the_next() -> None:
    assert block("", "172.17.0.0/16", "192.0.2.0/24") == "172.31.0.0/16"
    assert block("", "172.31.16.0/20") == "10.128.0.0/16"
    assert block("", "172.16.0.0/12", "10.128.0.0/24") == "10.129.0.0/16"


def test_a_block_that_was_chosen_is_taken_whatever_the_machine_reaches() -> None:
    assert block("10.77.0.0/16", "10.0.0.0/8") == "10.77.0.0/16"


def test_a_machine_that_reaches_every_private_network_has_awss_block() -> None:
    assert block("", "172.16.0.0/12", "10.0.0.0/8") == "172.31.0.0/16"


def test_the_default_vpc_can_be_deleted_and_made_anew_once(ec2: Ec2) -> None:
    assert ec2.code("CreateDefaultVpc") == "DefaultVpcAlreadyExists"
    vpc = ec2.default_vpc
    assert ec2.code("DeleteVpc", VpcId=vpc) == "DependencyViolation"
    for subnet in ec2.call("DescribeSubnets")["Subnets"]:
        ec2.call("DeleteSubnet", SubnetId=subnet["SubnetId"])
    gateway = ec2.call("DescribeInternetGateways")["InternetGateways"][0]["InternetGatewayId"]
    assert ec2.code("DeleteVpc", VpcId=vpc) == "DependencyViolation"
    ec2.call("DetachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    ec2.call("DeleteVpc", VpcId=vpc)
    assert ec2.call("DescribeVpcs")["Vpcs"] == []
    for operation in ("DescribeRouteTables", "DescribeSecurityGroups", "DescribeNetworkAcls"):
        answer = ec2.call(operation)
        assert [each for each in answer.values() if isinstance(each, list) and each] == []
    assert ec2.code("CreateSecurityGroup", GroupName="x", Description="x") == "VPCIdNotSpecified"
    made = ec2.call("CreateDefaultVpc")["Vpc"]
    assert made["IsDefault"]
    assert made["CidrBlock"] == "172.31.0.0/16"
    assert ec2.default_vpc == made["VpcId"]


def test_a_vpc_comes_with_what_every_vpc_has(ec2: Ec2) -> None:
    answer = ec2.call(
        "CreateVpc",
        CidrBlock="10.1.2.3/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "lab"}]}],
    )["Vpc"]
    assert answer["State"] == "pending"
    assert answer["CidrBlock"] == "10.1.0.0/16", "host bits are cleared, as on AWS"
    assert answer["Tags"] == [{"Key": "Name", "Value": "lab"}]
    assert not answer["IsDefault"]
    vpc = answer["VpcId"]
    assert re.fullmatch("vpc-[0-9a-f]{17}", vpc)
    here = [where("vpc-id", vpc)]
    assert ec2.call("DescribeSubnets", Filters=here)["Subnets"] == []
    (table,) = ec2.call("DescribeRouteTables", Filters=here)["RouteTables"]
    assert [route["GatewayId"] for route in table["Routes"]] == ["local"]
    assert len(ec2.call("DescribeSecurityGroups", Filters=here)["SecurityGroups"]) == 1
    ec2.call("DeleteVpc", VpcId=vpc)
    assert ec2.code("DescribeVpcs", VpcIds=[vpc]) == "InvalidVpcID.NotFound"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "MissingParameter"),
        ({"CidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
        ({"CidrBlock": "10.0.0.0/29"}, "InvalidVpc.Range"),
        ({"CidrBlock": "10.0.0.0"}, "InvalidParameterValue"),
        ({"CidrBlock": "10.0.0.0/255.255.0.0"}, "InvalidParameterValue"),
        ({"CidrBlock": "coffee/16"}, "InvalidParameterValue"),
        ({"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "dedicated"}, "UnsupportedOperation"),
        ({"CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": True}, "UnsupportedOperation"),
        ({"CidrBlock": "10.0.0.0/16", "DryRun": True}, "DryRunOperation"),
        (
            {
                "CidrBlock": "10.0.0.0/16",
                "TagSpecifications": [{"ResourceType": "subnet", "Tags": []}],
            },
            "InvalidParameterValue",
        ),
    ],
)
def test_what_no_vpc_can_be_is_refused(ec2: Ec2, given: dict[str, object], code: str) -> None:
    before = ec2.call("DescribeVpcs")["Vpcs"]
    assert ec2.code("CreateVpc", **given) == code
    assert ec2.call("DescribeVpcs")["Vpcs"] == before


def test_what_is_not_there_is_told_as_aws_tells_it(ec2: Ec2) -> None:
    gone = "vpc-0123456789abcdef0"
    assert ec2.refusal("DescribeVpcs", VpcIds=[gone]) == (
        "InvalidVpcID.NotFound",
        f"The vpc ID '{gone}' does not exist",
    )
    assert ec2.code("DeleteVpc", VpcId=gone) == "InvalidVpcID.NotFound"
    assert ec2.code("DescribeVpcs", VpcIds=["nonsense"]) == "InvalidVpcID.Malformed"


def test_attributes_are_told_and_changed(ec2: Ec2) -> None:
    vpc = ec2.vpc()

    def told(attribute: str) -> bool:
        answer = ec2.call("DescribeVpcAttribute", VpcId=vpc, Attribute=attribute)
        assert answer["VpcId"] == vpc
        return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])

    assert told("enableDnsSupport")
    assert not told("enableDnsHostnames")
    assert not told("enableNetworkAddressUsageMetrics")
    ec2.call("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert told("enableDnsHostnames")
    ec2.call("ModifyVpcAttribute", VpcId=vpc, EnableDnsSupport={"Value": True})
    for refused in ({"EnableDnsSupport": {"Value": False}},
                    {"EnableNetworkAddressUsageMetrics": {"Value": True}}):  # fmt: skip
        code, message = ec2.refusal("ModifyVpcAttribute", VpcId=vpc, **refused)
        assert (code, next(iter(refused)) in message) == ("UnsupportedOperation", True)
    assert ec2.code("ModifyVpcAttribute", VpcId=vpc) == "InvalidParameterCombination"


def test_zones_have_names_and_ids_of_aws_forms() -> None:
    installation = Installation(operations.api)
    ids = {}
    for region in ("us-east-1", "eu-west-3", "ap-southeast-1", "ca-central-1"):
        answer = installation.root(region=region).call("ec2", "DescribeAvailabilityZones")
        zones = answer["AvailabilityZones"]
        assert [zone["ZoneName"][-1] for zone in zones] == list("abcdef")
        assert {zone["RegionName"] for zone in zones} == {region}
        ids[region] = zones[0]["ZoneId"].split("-")[0]
    assert ids == {
        "us-east-1": "use1",
        "eu-west-3": "euw3",
        "ap-southeast-1": "apse1",
        "ca-central-1": "cac1",
    }


def test_zones_and_regions_are_filtered(ec2: Ec2) -> None:
    def zones(**given: object) -> list[str]:
        answer = ec2.call("DescribeAvailabilityZones", **given)
        return [zone["ZoneName"] for zone in answer["AvailabilityZones"]]

    assert zones(ZoneNames=["us-east-1b"]) == ["us-east-1b"]
    assert zones(Filters=[where("zone-name", "us-east-1[ab]", "*c")]) == ["us-east-1c"]
    assert len(zones(Filters=[where("state", "available")])) == 6
    assert ec2.code("DescribeAvailabilityZones", ZoneNames=["us-east-1z"]) == (
        "InvalidParameterValue"
    )
    assert ec2.code("DescribeAvailabilityZones", Filters=[where("colour", "red")]) == (
        "InvalidParameterValue"
    )
    (region,) = ec2.call("DescribeRegions", RegionNames=["us-east-1"])["Regions"]
    assert region["RegionName"] == "us-east-1"
    assert ec2.call("DescribeRegions", Filters=[where("region-name", "eu-*")])["Regions"] == []
    assert ec2.code("DescribeRegions", RegionNames=["eu-west-3"]) == "InvalidParameterValue"


def test_account_attributes(ec2: Ec2) -> None:
    answer = ec2.call("DescribeAccountAttributes", AttributeNames=["default-vpc"])
    assert answer["AccountAttributes"] == [
        {
            "AttributeName": "default-vpc",
            "AttributeValues": [{"AttributeValue": ec2.default_vpc}],
        }
    ]
    everything = ec2.call("DescribeAccountAttributes")["AccountAttributes"]
    assert "supported-platforms" in {one["AttributeName"] for one in everything}
