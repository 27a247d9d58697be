from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.services.elbv2.stand import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_a_new_target_group_has_awss_defaults(stand: Stand) -> None:
    arn = stand.group()
    assert re.fullmatch(
        r"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/customer-tg-one/"
        r"[0-9a-f]{16}",
        arn,
    )
    [group] = stand.elb("DescribeTargetGroups")["TargetGroups"]
    assert group == {
        "TargetGroupArn": arn,
        "TargetGroupName": "customer-tg-one",
        "Protocol": "HTTP",
        "Port": 8080,
        "VpcId": stand.vpc,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [],
        "TargetType": "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }


def test_the_same_again_is_the_same_and_another_of_its_name_is_refused(stand: Stand) -> None:
    arn = stand.group()
    assert stand.group() == arn
    code, _ = stand.refusal(
        "CreateTargetGroup",
        Name="customer-tg-one",
        Protocol="HTTP",
        Port=8081,
        VpcId=stand.vpc,
        TargetType="ip",
    )
    assert code == "DuplicateTargetGroupName"


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"TargetType": "instance"}, None, "Target type 'instance'"),
        ({"TargetType": "lambda"}, None, "Target type 'lambda'"),
        ({"TargetType": "alb"}, None, "Target type 'alb'"),
        ({"Protocol": "HTTPS"}, None, "protocol 'HTTPS'"),
        ({"Protocol": "TCP"}, None, "protocol 'TCP'"),
        ({"ProtocolVersion": "GRPC"}, None, "version 'GRPC'"),
        ({"ProtocolVersion": "HTTP2"}, None, "version 'HTTP2'"),
        ({"ProtocolVersion": "HTTP9"}, "ValidationError", "must be one of"),
        ({"IpAddressType": "ipv6"}, None, "type 'ipv6'"),
        ({"TargetControlPort": 1}, None, "TargetControlPort"),
        ({"VpcId": "vpc-1"}, "ValidationError", "'vpc-1' is not found"),
        ({"Name": "x" * 33}, "ValidationError", "longer than '32'"),
        ({"HealthCheckProtocol": "HTTPS"}, None, "protocol 'HTTPS'"),
        ({"HealthCheckProtocol": "TCP"}, "ValidationError", "protocol 'TCP'"),
        ({"HealthCheckEnabled": False}, "ValidationError", "must be true"),
        ({"HealthCheckPort": "0"}, "ValidationError", "'traffic-port' or within [1..65535]"),
        ({"HealthCheckPort": "x"}, "ValidationError", "'traffic-port' or within [1..65535]"),
        ({"HealthCheckPath": "admin"}, "ValidationError", "must begin with a '/'"),
        ({"HealthCheckPath": "/a b"}, "ValidationError", "characters not allowed"),
        ({"HealthCheckPath": "/a\r\nb"}, "ValidationError", "characters not allowed"),
        ({"HealthCheckIntervalSeconds": 5}, "ValidationError", "greater than the timeout"),
        ({"HealthCheckIntervalSeconds": 4}, "ValidationError", None),
        ({"HealthCheckIntervalSeconds": 301}, "ValidationError", None),
        ({"HealthCheckTimeoutSeconds": 1}, "ValidationError", None),
        ({"HealthyThresholdCount": 1}, "ValidationError", None),
        ({"UnhealthyThresholdCount": 11}, "ValidationError", None),
        ({"Port": 0}, "ValidationError", None),
        ({"Port": 65536}, "ValidationError", None),
        ({"Matcher": {"HttpCode": "600"}}, "ValidationError", "200-499"),
        ({"Matcher": {"HttpCode": "500"}}, "ValidationError", "200-499"),
        ({"Matcher": {"HttpCode": "299-200"}}, "ValidationError", "200-499"),
        ({"Matcher": {"HttpCode": "ok"}}, "ValidationError", "200-499"),
        ({"Matcher": {"GrpcCode": "0"}}, None, "GrpcCode"),
    ],
)
def test_what_cannot_be_is_refused(
    stand: Stand, given: dict[str, Any], code: str | None, words: str | None
) -> None:
    usual = {
        "Name": "tg",
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": stand.vpc,
        "TargetType": "ip",
    }
    found, message = stand.refusal("CreateTargetGroup", **{**usual, **given})
    assert code in {None, found}
    assert words is None or words in message
    assert stand.elb("DescribeTargetGroups")["TargetGroups"] == []


@pytest.mark.parametrize("missing", ["Protocol", "Port", "VpcId", "TargetType"])
def test_what_must_be_given(stand: Stand, missing: str) -> None:
    usual = {
        "Name": "tg",
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": stand.vpc,
        "TargetType": "ip",
    }
    usual.pop(missing)
    _, message = stand.refusal("CreateTargetGroup", **usual)
    expected = "give 'ip'" if missing == "TargetType" else "must be specified"
    assert expected in message


def test_health_checks_can_be_changed(stand: Stand) -> None:
    arn = stand.group()
    changed = {
        "HealthCheckPath": "/admin/suppliers",
        "HealthCheckPort": "9000",
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 2,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 3,
        "Matcher": {"HttpCode": "200,301-302"},
    }
    [after] = stand.elb("ModifyTargetGroup", TargetGroupArn=arn, **changed)["TargetGroups"]
    assert {key: after[key] for key in changed} == changed
    assert stand.elb("DescribeTargetGroups")["TargetGroups"] == [after]
    code, _ = stand.refusal("ModifyTargetGroup", TargetGroupArn=arn, HealthCheckTimeoutSeconds=10)
    assert code == "ValidationError"


def test_describe_by_name_arn_and_load_balancer(stand: Stand) -> None:
    one, two, three = stand.group("one"), stand.group("two"), stand.group("three")
    balancer = stand.balancer()["LoadBalancerArn"]
    stand.rule(stand.listener(balancer, one), two)

    def arns(**given: Any) -> list[str]:
        output = stand.elb("DescribeTargetGroups", **given)
        return [group["TargetGroupArn"] for group in output["TargetGroups"]]

    assert arns(Names=["three", "one"]) == [three, one]
    assert arns(TargetGroupArns=[two]) == [two]
    assert sorted(arns(LoadBalancerArn=balancer)) == sorted([one, two])
    assert arns() == sorted([one, two, three])
    assert len(arns(PageSize=2)) == 2
    [used] = stand.elb("DescribeTargetGroups", Names=["one"])["TargetGroups"]
    assert used["LoadBalancerArns"] == [balancer]
    refused = stand.refusal
    assert refused("DescribeTargetGroups", Names=["four"])[0] == "TargetGroupNotFound"
    assert refused("DescribeTargetGroups", TargetGroupArns=[one[:-1] + "x"])[0] == "ValidationError"
    assert refused("DescribeTargetGroups", Names=["one"], LoadBalancerArn=balancer)[0] == (
        "ValidationError"
    )


def test_one_in_use_is_not_deleted(stand: Stand) -> None:
    group, other = stand.group("one"), stand.group("two")
    listener = stand.listener(stand.balancer()["LoadBalancerArn"], other)
    rule = stand.rule(listener, group)
    for used in (group, other):
        assert stand.refusal("DeleteTargetGroup", TargetGroupArn=used) == (
            "ResourceInUse",
            f"Target group '{used}' is currently in use by a listener or a rule",
        )
    stand.elb("DeleteRule", RuleArn=rule)
    stand.register(group, "172.31.0.9")
    stand.elb("DeleteTargetGroup", TargetGroupArn=group)
    stand.elb("DeleteTargetGroup", TargetGroupArn=group)
    again = stand.group("one")
    assert stand.health(again) == {}


def attributes(stand: Stand, group: str, **pairs: str) -> dict[str, str]:
    given = [{"Key": key.replace("__", "."), "Value": value} for key, value in pairs.items()]
    output = stand.elb("ModifyTargetGroupAttributes", TargetGroupArn=group, Attributes=given)
    return {pair["Key"]: pair["Value"] for pair in output["Attributes"]}


def test_attributes_have_awss_defaults_and_keep_what_is_set(stand: Stand) -> None:
    group = stand.group()
    output = stand.elb("DescribeTargetGroupAttributes", TargetGroupArn=group)
    found = {pair["Key"]: pair["Value"] for pair in output["Attributes"]}
    assert found == {
        "deregistration_delay.timeout_seconds": "300",
        "load_balancing.algorithm.anomaly_mitigation": "off",
        "load_balancing.algorithm.type": "round_robin",
        "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
        "slow_start.duration_seconds": "0",
        "stickiness.enabled": "false",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "86400",
        "stickiness.app_cookie.cookie_name": "",
        "stickiness.app_cookie.duration_seconds": "86400",
        "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
        "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
    }
    stand.elb("ModifyTargetGroupAttributes", TargetGroupArn=group, Attributes=output["Attributes"])
    assert attributes(stand, group, deregistration_delay__timeout_seconds="5") == {
        **found,
        "deregistration_delay.timeout_seconds": "5",
    }


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({"deregistration_delay.timeout_seconds": "3601"}, "between 0 and 3600"),
        ({"slow_start.duration_seconds": "29"}, "between 30 and 900 or 0"),
        ({"stickiness.lb_cookie.duration_seconds": "604801"}, "between 1 and 604800"),
        ({"stickiness.type": "source_ip"}, "lb_cookie, app_cookie"),
        ({"stickiness.app_cookie.cookie_name": "AWSALBx"}, "reserved"),
        ({"stickiness.app_cookie.cookie_name": "a;b"}, "name of a cookie"),
        (
            {"stickiness.enabled": "true", "stickiness.type": "app_cookie"},
            "cookie_name' must be specified",
        ),
        ({"load_balancing.algorithm.type": "random"}, "must be one of"),
        ({"load_balancing.algorithm.type": "weighted_random"}, "not supported"),
        ({"load_balancing.algorithm.anomaly_mitigation": "on"}, "not supported"),
        ({"load_balancing.cross_zone.enabled": "false"}, "not supported"),
        (
            {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "2"},
            "not supported",
        ),
        (
            {
                "slow_start.duration_seconds": "30",
                "load_balancing.algorithm.type": "least_outstanding_requests",
            },
            "Slow start",
        ),
        ({"proxy_protocol_v2.enabled": "true"}, "not recognized"),
    ],
)
def test_attributes_out_of_bounds_or_not_carried_out(
    stand: Stand, pairs: dict[str, str], words: str
) -> None:
    group = stand.group()
    given = [{"Key": key, "Value": value} for key, value in pairs.items()]
    _, message = stand.refusal(
        "ModifyTargetGroupAttributes", TargetGroupArn=group, Attributes=given
    )
    assert words in message


# targets


def test_anomaly_detection_is_refused_by_name(stand: Stand) -> None:
    group = stand.group()
    for option in ("AnomalyDetection", "All"):
        _, message = stand.refusal("DescribeTargetHealth", TargetGroupArn=group, Include=[option])
        assert "Anomaly detection" in message
