from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.ec2.stand import Ec2, where

GONE = "0123456789abcdef0"


def tcp(port: int, **peer: Any) -> dict[str, Any]:
    """An ``IpPermissions`` of one port."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}


EVERYBODY: dict[str, Any] = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def described(ec2: Ec2, group: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.call("DescribeSecurityGroups", GroupIds=[group])["SecurityGroups"][
        0
    ]
    return found


def rules(ec2: Ec2, group: str) -> list[dict[str, Any]]:
    answer = ec2.call("DescribeSecurityGroupRules", Filters=[where("group-id", group)])
    found: list[dict[str, Any]] = answer["SecurityGroupRules"]
    return found


def test_a_group_lets_everything_out_and_nothing_in(ec2: Ec2) -> None:
    answer = ec2.call(
        "CreateSecurityGroup",
        GroupName="microservices-sg",
        Description="Microservices SG",
        TagSpecifications=[
            {"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "web"}]}
        ],
    )
    found = described(ec2, answer["GroupId"])
    assert found["SecurityGroupArn"] == answer["SecurityGroupArn"]
    assert found["VpcId"] == ec2.default_vpc
    assert found["IpPermissions"] == []
    (out,) = found["IpPermissionsEgress"]
    assert (out["IpProtocol"], out["IpRanges"]) == ("-1", [{"CidrIp": "0.0.0.0/0"}])
    assert "FromPort" not in out
    assert found["Tags"] == [{"Key": "Name", "Value": "web"}]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"GroupName": "web"}, "InvalidGroup.Duplicate"),
        ({"GroupName": "default"}, "InvalidParameterValue"),
        ({"GroupName": "sg-web"}, "InvalidParameterValue"),
        ({"GroupName": "café"}, "InvalidParameterValue"),
        ({"GroupName": "x" * 256}, "InvalidParameterValue"),
        ({"Description": "é"}, "InvalidParameterValue"),
        ({"VpcId": "vpc-" + GONE}, "InvalidVpcID.NotFound"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_other_groups_are_refused(ec2: Ec2, given: dict[str, Any], code: str) -> None:
    ec2.group("web")
    wanted = {"GroupName": "other", "Description": "d", **given}
    assert ec2.code("CreateSecurityGroup", **wanted) == code


def test_the_same_name_is_free_in_another_vpc(ec2: Ec2) -> None:
    ec2.group("web")
    ec2.group("web", VpcId=ec2.vpc())


def test_groups_are_found_by_name_in_the_default_vpc(ec2: Ec2) -> None:
    group = ec2.group("web")
    ec2.group("hidden", VpcId=ec2.vpc())
    found = ec2.call("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"]
    assert [one["GroupId"] for one in found] == [group]
    assert ec2.code("DescribeSecurityGroups", GroupNames=["hidden"]) == "InvalidGroup.NotFound"
    assert ec2.refusal("DescribeSecurityGroups", GroupIds=["sg-" + GONE]) == (
        "InvalidGroup.NotFound",
        f"The security group 'sg-{GONE}' does not exist",
    )
    assert ec2.code("DescribeSecurityGroups", GroupIds=["web"]) == "InvalidGroupId.Malformed"
    ec2.call("DeleteSecurityGroup", GroupName="web")
    assert ec2.code("DeleteSecurityGroup", GroupId=group) == "InvalidGroup.NotFound"
    assert ec2.code("DeleteSecurityGroup") == "MissingParameter"


def test_a_group_in_use_is_not_deleted(ec2: Ec2) -> None:
    web, database = ec2.group("web"), ec2.group("database")
    pair = tcp(3306, UserIdGroupPairs=[{"GroupId": web}])
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=database, IpPermissions=[pair])
    itself = tcp(80, UserIdGroupPairs=[{"GroupId": web}])
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=web, IpPermissions=[itself])
    assert ec2.code("DeleteSecurityGroup", GroupId=web) == "DependencyViolation"
    ec2.call("RevokeSecurityGroupIngress", GroupId=database, IpPermissions=[pair])
    ec2.call("DeleteSecurityGroup", GroupId=web)  # that it names itself hinders nobody
    default = ec2.call("DescribeSecurityGroups", GroupNames=["default"])["SecurityGroups"][0]
    assert ec2.code("DeleteSecurityGroup", GroupId=default["GroupId"]) == "CannotDelete"


def test_rules_are_grouped_by_protocol_and_ports(ec2: Ec2) -> None:
    group = ec2.group()
    ec2.call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[
            tcp(80, IpRanges=[{"CidrIp": "10.1.2.3/8", "Description": "inside"}]),
            tcp(80, Ipv6Ranges=[{"CidrIpv6": "2001:DB8::1/32"}]),
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
        ],
    )
    http, everything = described(ec2, group)["IpPermissions"]
    assert http["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "inside"}]
    assert http["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}]
    assert everything["UserIdGroupPairs"][0]["GroupId"] == group


def test_the_short_form_of_a_rule(ec2: Ec2) -> None:
    group = ec2.group()
    answer = ec2.call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=8080, CidrIp="0.0.0.0/0",
    )  # fmt: skip
    (rule,) = answer["SecurityGroupRules"]
    assert (rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == (80, 8080, "0.0.0.0/0")
    ec2.call("AuthorizeSecurityGroupIngress", GroupName="web", SourceSecurityGroupName="default")
    ec2.call(
        "RevokeSecurityGroupIngress",
        GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=8080, CidrIp="0.0.0.0/0",
    )  # fmt: skip
    assert len(described(ec2, group)["IpPermissions"]) == 1


@pytest.mark.parametrize(
    ("permission", "code"),
    [
        (tcp(80), "MissingParameter"),
        (tcp(80, IpRanges=[{"CidrIp": "10.0.0.1"}]), "InvalidParameterValue"),
        (tcp(80, IpRanges=[{"CidrIp": "::/0"}]), "InvalidParameterValue"),
        (tcp(80, Ipv6Ranges=[{"CidrIpv6": "10.0.0.0/8"}]), "InvalidParameterValue"),
        (tcp(80, IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "é"}]), "InvalidParameterValue"),
        (tcp(70000, **EVERYBODY), "InvalidParameterValue"),
        ({"IpProtocol": "tcp", **EVERYBODY}, "InvalidParameterValue"),
        ({**tcp(80, **EVERYBODY), "ToPort": 79}, "InvalidParameterValue"),
        ({"IpProtocol": "coffee", **EVERYBODY}, "InvalidParameterValue"),
        ({"IpProtocol": "50", **EVERYBODY}, "UnsupportedOperation"),
        (tcp(80, PrefixListIds=[{"PrefixListId": "pl-1"}]), "UnsupportedOperation"),
        (tcp(80, UserIdGroupPairs=[{"GroupId": "sg-" + GONE}]), "InvalidGroup.NotFound"),
        (
            tcp(80, UserIdGroupPairs=[{"GroupId": "sg-" + GONE, "UserId": "210987654321"}]),
            "UnsupportedOperation",
        ),
    ],
)
def test_other_rules_are_refused(ec2: Ec2, permission: dict[str, Any], code: str) -> None:
    group = ec2.group()
    given = {"GroupId": group, "IpPermissions": [permission]}
    assert ec2.code("AuthorizeSecurityGroupIngress", **given) == code
    assert described(ec2, group)["IpPermissions"] == []


@pytest.mark.parametrize("protocol", ["6", "tcp", "TCP"])
def test_a_rule_is_there_once(ec2: Ec2, protocol: str) -> None:
    group = ec2.group()
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(80, **EVERYBODY)])
    again = {**tcp(80, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "other words"}]),
             "IpProtocol": protocol}  # fmt: skip
    assert ec2.refusal("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[again]) == (
        "InvalidPermission.Duplicate",
        (
            'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW"'
            " already exists"
        ),
    )


def test_nothing_of_a_refused_call_is_kept(ec2: Ec2) -> None:
    group = ec2.group()
    both = [tcp(80, **EVERYBODY), tcp(80, **EVERYBODY)]
    assert ec2.code("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=both) == (
        "InvalidPermission.Duplicate"
    )
    assert described(ec2, group)["IpPermissions"] == []


def test_a_group_has_sixty_rules_each_way_at_most(ec2: Ec2) -> None:
    group = ec2.group()
    many = [tcp(port, **EVERYBODY) for port in range(1, 61)]
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=many)
    assert ec2.code(
        "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(61, **EVERYBODY)]
    ) == ("RulesPerSecurityGroupLimitExceeded")
    ec2.call("AuthorizeSecurityGroupEgress", GroupId=group, IpPermissions=[tcp(61, **EVERYBODY)])


def test_egress_is_a_matter_of_its_own(ec2: Ec2) -> None:
    group = ec2.group()
    (out,) = [rule for rule in rules(ec2, group) if rule["IsEgress"]]
    everything = {"IpProtocol": "-1", **EVERYBODY}
    assert ec2.code("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=[everything]) == (
        "InvalidPermission.NotFound"
    )
    revoked = ec2.call("RevokeSecurityGroupEgress", GroupId=group, IpPermissions=[everything])
    (told,) = revoked["RevokedSecurityGroupRules"]
    assert told["SecurityGroupRuleId"] == out["SecurityGroupRuleId"]
    assert rules(ec2, group) == []


def test_rules_are_revoked_and_described_by_their_ids(ec2: Ec2) -> None:
    group = ec2.group()
    made = ec2.call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[tcp(80, **EVERYBODY), tcp(443, **EVERYBODY)],
        TagSpecifications=[
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "for", "Value": "web"}]}
        ],
    )["SecurityGroupRules"]
    first, second = (rule["SecurityGroupRuleId"] for rule in made)
    (found,) = ec2.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[second])[
        "SecurityGroupRules"
    ]
    assert (found["FromPort"], found["Tags"]) == (443, [{"Key": "for", "Value": "web"}])
    tagged = ec2.call("DescribeSecurityGroupRules", Filters=[where("tag:for", "w*")])
    assert len(tagged["SecurityGroupRules"]) == 2
    ec2.call("RevokeSecurityGroupIngress", GroupId=group, SecurityGroupRuleIds=[first])
    for operation, given in (
        ("RevokeSecurityGroupIngress", {"GroupId": group, "SecurityGroupRuleIds": [first]}),
        ("RevokeSecurityGroupEgress", {"GroupId": group, "SecurityGroupRuleIds": [second]}),
        ("DescribeSecurityGroupRules", {"SecurityGroupRuleIds": [first]}),
    ):
        assert ec2.code(operation, **given) == "InvalidSecurityGroupRuleId.NotFound"
    assert ec2.code("DescribeSecurityGroupRules", SecurityGroupRuleIds=["first"]) == (
        "InvalidSecurityGroupRuleId.Malformed"
    )
    assert ec2.code("DescribeSecurityGroupRules", Filters=[where("colour", "red")]) == (
        "InvalidParameterValue"
    )


def test_rules_come_in_pages(ec2: Ec2) -> None:
    group = ec2.group()
    many = [tcp(port, **EVERYBODY) for port in range(1, 13)]
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=many)
    found, given = list[str](), {"MaxResults": 5, "Filters": [where("group-id", group)]}
    while True:
        answer = ec2.call("DescribeSecurityGroupRules", **given)
        found += [rule["SecurityGroupRuleId"] for rule in answer["SecurityGroupRules"]]
        if "NextToken" not in answer:
            break
        given["NextToken"] = answer["NextToken"]
    assert len(found) == len(set(found)) == 13
    assert ec2.code("DescribeSecurityGroupRules", NextToken="!") == "InvalidNextToken"


@pytest.mark.parametrize("way", ["Ingress", "Egress"])
def test_descriptions_change(ec2: Ec2, way: str) -> None:
    group = ec2.group()
    (made,) = ec2.call(
        f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=[tcp(80, **EVERYBODY)]
    )["SecurityGroupRules"]
    key = made["SecurityGroupRuleId"]

    def description() -> str:
        return str(
            ec2.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[key])[
                "SecurityGroupRules"
            ][0]["Description"]
        )

    operation = f"UpdateSecurityGroupRuleDescriptions{way}"
    said = tcp(80, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "one"}])
    ec2.call(operation, GroupId=group, IpPermissions=[said])
    assert description() == "one"
    by_id = [{"SecurityGroupRuleId": key, "Description": "two"}]
    ec2.call(operation, GroupId=group, SecurityGroupRuleDescriptions=by_id)
    assert description() == "two"
    missing = tcp(81, **EVERYBODY)
    assert ec2.code(operation, GroupId=group, IpPermissions=[missing]) == (
        "InvalidPermission.NotFound"
    )


def test_a_rule_is_changed_and_stays_the_same_rule(ec2: Ec2) -> None:
    group = ec2.group()
    made = ec2.call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[tcp(80, **EVERYBODY), tcp(443, **EVERYBODY)],
    )["SecurityGroupRules"]
    key = made[0]["SecurityGroupRuleId"]

    def modify(**request: Any) -> dict[str, Any]:
        update = {"SecurityGroupRuleId": key, "SecurityGroupRule": request}
        return {"GroupId": group, "SecurityGroupRules": [update]}

    port = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080}
    given = modify(**port, CidrIpv4="10.0.0.0/8", Description="inside")
    assert ec2.call("ModifySecurityGroupRules", **given)["Return"] is True
    (found,) = ec2.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[key])[
        "SecurityGroupRules"
    ]
    assert (found["FromPort"], found["CidrIpv4"], found["Description"]) == (
        8080,
        "10.0.0.0/8",
        "inside",
    )
    twin = modify(IpProtocol="tcp", FromPort=443, ToPort=443, CidrIpv4="0.0.0.0/0")
    assert ec2.code("ModifySecurityGroupRules", **twin) == "InvalidPermission.Duplicate"
    assert ec2.code("ModifySecurityGroupRules", **modify(**port)) == "InvalidParameterValue"
    prefix = modify(**port, PrefixListId="pl-1")
    assert ec2.code("ModifySecurityGroupRules", **prefix) == "UnsupportedOperation"
    key = "sgr-" + GONE
    assert ec2.code("ModifySecurityGroupRules", **modify(**port, CidrIpv4="10.0.0.0/8")) == (
        "InvalidSecurityGroupRuleId.NotFound"
    )
