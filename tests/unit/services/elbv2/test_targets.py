"""Targets as callers register and see them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.elbv2.stand import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_targets_of_a_group_that_is_not_used(stand: Stand) -> None:
    group = stand.group()
    stand.register(group, "172.31.0.9", "172.31.16.9")
    output = stand.elb("DescribeTargetHealth", TargetGroupArn=group)
    assert output["TargetHealthDescriptions"][0] == {
        "Target": {"Id": "172.31.0.9", "Port": 8080, "AvailabilityZone": "us-east-1a"},
        "HealthCheckPort": "8080",
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotInUse",
            "Description": "Target group is not configured to receive traffic from the load"
            " balancer",
        },
        "AdministrativeOverride": {
            "State": "no_override",
            "Reason": "AdministrativeOverride.NoOverride",
            "Description": "No override is currently active on target",
        },
    }
    assert output["TargetHealthDescriptions"][1]["Target"]["AvailabilityZone"] == "us-east-1b"
    stand.deregister(group, "172.31.0.9", "172.31.0.10")
    assert list(stand.health(group)) == ["172.31.16.9"]


def test_targets_asked_for_by_name(stand: Stand) -> None:
    group = stand.group()
    stand.register(group, "172.31.0.9")
    output = stand.elb(
        "DescribeTargetHealth",
        TargetGroupArn=group,
        Targets=[{"Id": "172.31.0.10"}, {"Id": "172.31.0.9"}],
    )
    found = output["TargetHealthDescriptions"]
    assert [each["Target"]["Id"] for each in found] == ["172.31.0.10", "172.31.0.9"]
    assert found[0]["TargetHealth"]["Reason"] == "Target.NotRegistered"
    assert found[1]["TargetHealth"]["Reason"] == "Target.NotInUse"


def test_one_address_may_be_registered_with_several_ports(stand: Stand) -> None:
    group = stand.group()
    targets = [{"Id": "172.31.0.9"}, {"Id": "172.31.0.9", "Port": 9000}]
    stand.elb("RegisterTargets", TargetGroupArn=group, Targets=targets)
    output = stand.elb("DescribeTargetHealth", TargetGroupArn=group)
    ports = [each["Target"]["Port"] for each in output["TargetHealthDescriptions"]]
    assert sorted(ports) == [8080, 9000]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"Id": "i-0123456789"}, "ValidationError"),
        ({"Id": "::1"}, "ValidationError"),
        ({"Id": "8.8.8.8"}, "InvalidTarget"),
        ({"Id": "8.8.8.8", "AvailabilityZone": "all"}, "InvalidTarget"),
        ({"Id": "127.0.0.1", "AvailabilityZone": "all"}, "InvalidTarget"),
        ({"Id": "10.1.2.3"}, "InvalidTarget"),
        ({"Id": "172.31.0.9", "AvailabilityZone": "us-east-1b"}, "ValidationError"),
        ({"Id": "172.31.0.9", "Port": 0}, "ValidationError"),
        ({"Id": "172.31.255.9"}, "InvalidTarget"),
    ],
)
def test_addresses_that_cannot_be_targets(stand: Stand, target: dict[str, Any], code: str) -> None:
    group = stand.group()
    good = {"Id": "172.31.0.8"}
    found = stand.refusal("RegisterTargets", TargetGroupArn=group, Targets=[good, target])
    assert found[0] == code
    assert stand.health(group) == {}


def test_an_address_outside_of_the_vpc_is_named_so(stand: Stand) -> None:
    group = stand.group()
    target = {"Id": "10.1.2.3", "AvailabilityZone": "all"}
    stand.elb("RegisterTargets", TargetGroupArn=group, Targets=[target])
    output = stand.elb("DescribeTargetHealth", TargetGroupArn=group)
    assert output["TargetHealthDescriptions"][0]["Target"]["AvailabilityZone"] == "all"


def test_unknown_groups_and_too_many_targets(stand: Stand) -> None:
    gone = stand.group()[:-1] + "f"
    for operation, more in (
        ("RegisterTargets", {"Targets": [{"Id": "172.31.0.9"}]}),
        ("DeregisterTargets", {"Targets": [{"Id": "172.31.0.9"}]}),
        ("DescribeTargetHealth", {}),
        ("DescribeTargetGroupAttributes", {}),
        ("ModifyTargetGroup", {}),
    ):
        assert stand.refusal(operation, TargetGroupArn=gone, **more)[0] == "TargetGroupNotFound"
    group = stand.group()
    targets = [{"Id": "172.31.0.9", "Port": port} for port in range(1, 1001)]
    for part in range(0, 1000, 100):
        given = targets[part : part + 100]
        stand.elb("RegisterTargets", TargetGroupArn=group, Targets=given)
    one_more = [{"Id": "172.31.0.9", "Port": 1001}]
    assert stand.refusal("RegisterTargets", TargetGroupArn=group, Targets=one_more)[0] == (
        "TooManyTargets"
    )
    stand.elb("RegisterTargets", TargetGroupArn=group, Targets=targets[:1])
