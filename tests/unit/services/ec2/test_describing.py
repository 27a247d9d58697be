"""What all of EC2's Describe operations share: ids, filters, wildcards, pages, tags, DryRun."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.ec2.stand import Ec2, where

from demitasse.services.ec2.operations.api import pattern

DESCRIBES = {
    "DescribeVpcs": ("Vpcs", "VpcIds", "VpcId"),
    "DescribeSubnets": ("Subnets", "SubnetIds", "SubnetId"),
    "DescribeInternetGateways": ("InternetGateways", "InternetGatewayIds", "InternetGatewayId"),
    "DescribeRouteTables": ("RouteTables", "RouteTableIds", "RouteTableId"),
    "DescribeNetworkAcls": ("NetworkAcls", "NetworkAclIds", "NetworkAclId"),
    "DescribeSecurityGroups": ("SecurityGroups", "GroupIds", "GroupId"),
    "DescribeNetworkInterfaces": (
        "NetworkInterfaces",
        "NetworkInterfaceIds",
        "NetworkInterfaceId",
    ),
}


@pytest.fixture
def populated(ec2: Ec2) -> Ec2:
    """Twelve VPCs, gateways and groups, and an interface in each of twelve subnets."""
    for number in range(12):
        vpc = ec2.vpc(f"10.{number}.0.0/16")
        ec2.interface(ec2.subnet_of(vpc, f"10.{number}.1.0/24"))
        ec2.gateway()
    return ec2


@pytest.mark.parametrize("operation", DESCRIBES)
def test_all_come_in_pages_each_once(populated: Ec2, operation: str) -> None:
    listed, ids, key = DESCRIBES[operation]
    everything = [each[key] for each in populated.call(operation)[listed]]
    assert len(everything) >= 12
    found, token = list[str](), dict[str, str]()
    while True:
        answer = populated.call(operation, MaxResults=5, **token)
        found += [each[key] for each in answer[listed]]
        assert 0 < len(answer[listed]) <= 5
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert found == everything
    named = populated.call(operation, **{ids: everything[3:5]})[listed]
    assert [each[key] for each in named] == everything[3:5]


@pytest.mark.parametrize("operation", DESCRIBES)
def test_what_no_describe_call_may_say(ec2: Ec2, operation: str) -> None:
    listed, ids, key = DESCRIBES[operation]
    assert ec2.code(operation, DryRun=True) == "DryRunOperation"
    assert ec2.refusal(operation, Filters=[where("colour", "red")]) == (
        "InvalidParameterValue",
        "The filter 'colour' is invalid",
    )
    assert ec2.code(operation, NextToken="nonsense") == "InvalidNextToken"
    assert ec2.code(operation, **{ids: ["nonsense"]}).endswith("Malformed")
    found = ec2.call(operation)[listed]
    if found:
        both = {ids: [found[0][key]], "MaxResults": 5}
        code, message = ec2.refusal(operation, **both)
        assert code == "InvalidParameterCombination"
        assert ids[0].lower() + ids[1:] in message


@pytest.mark.parametrize("operation", DESCRIBES)
def test_filters_by_id_vpc_and_tag(populated: Ec2, operation: str) -> None:
    listed, _ids, key = DESCRIBES[operation]
    first, second, *_ = (each[key] for each in populated.call(operation)[listed])
    tags = [{"Key": "Name", "Value": "coffee"}, {"Key": "empty", "Value": ""}]
    populated.call("CreateTags", Resources=[first], Tags=tags)
    populated.call("CreateTags", Resources=[second], Tags=[{"Key": "Name", "Value": "tea"}])

    def found(*filters: dict[str, Any]) -> list[str]:
        answer = populated.call(operation, Filters=list(filters))
        return [each[key] for each in answer[listed]]

    assert found(where("tag:Name", "coffee")) == [first]
    assert found(where("tag:Name", "coffee", "tea")) == [first, second]
    assert found(where("tag:Name", "?e?")) == [second]
    assert found(where("tag-key", "Name"), where("tag-key", "empty")) == [first]
    assert found(where("tag:Name", "c*"), where("tag:empty", "")) == [first]
    assert found(where("tag:Name", "Coffee")) == []
    own = "group-id" if operation == "DescribeSecurityGroups" else _dashed(key)
    assert found(where(own, first)) == [first]
    assert found(where(own, first[:-1] + "?", second)) == sorted(
        each for each in found() if re.fullmatch(f"{first[:-1]}.|{second}", each)
    )
    if operation != "DescribeInternetGateways":
        vpc = populated.default_vpc
        of_vpc = found(where("vpc-id", vpc))
        assert set(of_vpc) | set(found(where("vpc-id", *_others(populated, vpc)))) == set(found())
        assert found(where("vpc-id", vpc[:-1] + "*"), where("vpc-id", vpc)) == of_vpc


def _dashed(key: str) -> str:
    return re.sub("(?<!^)(?=[A-Z])", "-", key).lower()


def _others(ec2: Ec2, vpc: str) -> list[str]:
    return [each["VpcId"] for each in ec2.call("DescribeVpcs")["Vpcs"] if each["VpcId"] != vpc]


@given(st.text("ab*?[]!-", max_size=8), st.text("ab[]!-", max_size=8))
def test_wildcards_are_stars_and_question_marks_alone(wanted: str, text: str) -> None:
    simple = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in wanted)
    assert bool(pattern([wanted]).fullmatch(text)) == bool(re.fullmatch(simple, text))


@given(st.text("ab*?[\\", max_size=8))
def test_a_backslash_makes_a_wildcard_mean_itself(text: str) -> None:
    escaped = "".join(f"\\{one}" for one in text)
    assert pattern([escaped]).fullmatch(text)
    assert [one for one in ("", "a", "ab", "*x") if pattern([escaped]).fullmatch(one)] in (
        [],
        [text],
    )


def test_many_stars_cost_nothing_much() -> None:
    assert not pattern(["*a" * 40 + "b"]).fullmatch("a" * 200)
    assert fnmatch.fnmatchcase("a" * 20, "*a*a*")


def test_tags_are_made_changed_and_deleted(ec2: Ec2) -> None:
    vpc, subnet = ec2.default_vpc, ec2.subnet
    rule = ec2.call("DescribeSecurityGroupRules")["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    three = [vpc, subnet, rule]
    ec2.call("CreateTags", Resources=three, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    ec2.call("CreateTags", Resources=[vpc], Tags=[{"Key": "a", "Value": "2"}])

    def told(*filters: dict[str, Any]) -> list[tuple[str, str, str, str]]:
        return sorted(
            (one["ResourceType"], one["ResourceId"], one["Key"], one["Value"])
            for one in ec2.call("DescribeTags", Filters=list(filters))["Tags"]
        )

    assert told(where("key", "a")) == [
        ("security-group-rule", rule, "a", "1"),
        ("subnet", subnet, "a", "1"),
        ("vpc", vpc, "a", "2"),
    ]
    assert told(where("resource-id", vpc), where("value", "?")) == [("vpc", vpc, "a", "2")]
    assert told(where("resource-type", "sub*"), where("key", "b")) == [("subnet", subnet, "b", "")]
    assert told(where("tag:a", "2")) == [("vpc", vpc, "a", "2")]
    ec2.call("DeleteTags", Resources=[vpc, subnet], Tags=[{"Key": "a", "Value": "1"}])
    assert [one[0] for one in told(where("key", "a"))] == ["security-group-rule", "vpc"]
    ec2.call("DeleteTags", Resources=[vpc], Tags=[{"Key": "a"}])
    ec2.call("DeleteTags", Resources=[subnet, rule])
    assert told() == [("vpc", vpc, "b", "")]


def test_tags_come_in_pages(ec2: Ec2) -> None:
    subnets = [one["SubnetId"] for one in ec2.call("DescribeSubnets")["Subnets"]]
    ec2.call("CreateTags", Resources=subnets, Tags=[{"Key": "a"}, {"Key": "b"}])
    first = ec2.call("DescribeTags", MaxResults=7)
    rest = ec2.call("DescribeTags", MaxResults=7, NextToken=first["NextToken"])
    assert len(first["Tags"]) + len(rest["Tags"]) == 2 * len(subnets) == 12
    assert "NextToken" not in rest
    for size in (-1, 0, 4, 1001):
        assert ec2.code("DescribeTags", MaxResults=size) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("resource", "tag", "code"),
    [
        ("vpc-0123456789abcdef0", {"Key": "a"}, "InvalidVpcID.NotFound"),
        ("sgr-0123456789abcdef0", {"Key": "a"}, "InvalidSecurityGroupRuleId.NotFound"),
        ("i-0123456789abcdef0", {"Key": "a"}, "InvalidID"),
        (None, {"Key": "aws:a"}, "InvalidParameterValue"),
        (None, {"Key": ""}, "InvalidParameterValue"),
        (None, {"Key": "x" * 129}, "InvalidParameterValue"),
        (None, {"Key": "x", "Value": "y" * 257}, "InvalidParameterValue"),
    ],
)
def test_other_tags_are_refused_and_none_is_kept(
    ec2: Ec2, resource: str | None, tag: dict[str, str], code: str
) -> None:
    resources = [ec2.default_vpc, *([resource] if resource else [])]
    given = {"Resources": resources, "Tags": [{"Key": "fine"}, tag]}
    assert ec2.code("CreateTags", **given) == code
    assert ec2.call("DescribeTags")["Tags"] == []


def test_a_resource_has_fifty_tags_at_most(ec2: Ec2) -> None:
    vpc = ec2.default_vpc
    ec2.call("CreateTags", Resources=[vpc], Tags=[{"Key": f"k{n}"} for n in range(50)])
    assert ec2.code("CreateTags", Resources=[vpc], Tags=[{"Key": "more"}]) == "TagLimitExceeded"
    ec2.call("CreateTags", Resources=[vpc], Tags=[{"Key": "k1", "Value": "new"}])


def test_a_tag_is_given_once_when_something_is_made(ec2: Ec2) -> None:
    twice = [{"ResourceType": "internet-gateway", "Tags": [{"Key": "a"}, {"Key": "a"}]}]
    assert ec2.code("CreateInternetGateway", TagSpecifications=twice) == "InvalidParameterValue"
    assert len(ec2.call("DescribeInternetGateways")["InternetGateways"]) == 1
