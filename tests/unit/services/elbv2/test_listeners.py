from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.services.elbv2.stand import Stand, fixed, forward


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_a_new_listener_and_its_default_rule(stand: Stand) -> None:
    balancer, group = stand.balancer()["LoadBalancerArn"], stand.group()
    arn = stand.listener(balancer, group)
    number = balancer.rpartition("/")[2]
    assert re.fullmatch(rf"arn:aws:.*:listener/app/microservicesLB/{number}/[0-9a-f]{{16}}", arn)
    action = {
        "Type": "forward",
        "TargetGroupArn": group,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
    [found] = stand.elb("DescribeListeners", LoadBalancerArn=balancer)["Listeners"]
    assert found == {
        "ListenerArn": arn,
        "LoadBalancerArn": balancer,
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [action],
    }
    [rule] = stand.elb("DescribeRules", ListenerArn=arn)["Rules"]
    assert re.fullmatch(
        rf"arn:aws:.*:listener-rule/app/.*/{number}/.*/[0-9a-f]{{16}}", rule["RuleArn"]
    )
    assert rule == {
        "RuleArn": rule["RuleArn"],
        "Priority": "default",
        "Conditions": [],
        "Actions": [action],
        "IsDefault": True,
    }
    assert stand.elb("DescribeRules", RuleArns=[rule["RuleArn"]])["Rules"] == [rule]


def test_the_same_again_is_the_same_and_another_on_its_port_is_refused(stand: Stand) -> None:
    balancer, group = stand.balancer()["LoadBalancerArn"], stand.group()
    arn = stand.listener(balancer, group)
    assert stand.listener(balancer, group) == arn
    code, message = stand.refusal(
        "CreateListener",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[fixed(404)],
    )
    assert code == "DuplicateListener"
    assert message == (
        f"A listener already exists on this port for this load balancer '{balancer}'"
    )


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"Protocol": "HTTPS"}, None, "protocol 'HTTPS'"),
        ({"Protocol": "TCP"}, "ValidationError", "protocol 'TCP'"),
        ({"Protocol": None}, "ValidationError", "protocol must be specified"),
        ({"Port": None}, "ValidationError", "port must be specified"),
        ({"Port": 65536}, "ValidationError", None),
        ({"SslPolicy": "x"}, "ValidationError", "SslPolicy"),
        ({"Certificates": [{"CertificateArn": "x"}]}, "ValidationError", "Certificates"),
        ({"DefaultActions": []}, "ValidationError", "At least one action"),
        ({"DefaultActions": [fixed(404), fixed(404)]}, "TooManyActions", None),
        ({"LoadBalancerArn": "x"}, "ValidationError", "not a valid load balancer ARN"),
    ],
)
def test_what_cannot_be_is_refused(
    stand: Stand, given: dict[str, Any], code: str | None, words: str | None
) -> None:
    usual = {
        "LoadBalancerArn": stand.balancer()["LoadBalancerArn"],
        "Protocol": "HTTP",
        "Port": 80,
        "DefaultActions": [fixed(404)],
        **given,
    }
    usual = {key: value for key, value in usual.items() if value is not None}
    found, message = stand.refusal("CreateListener", **usual)
    assert code in {None, found}
    assert words is None or words in message


GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gone/0123456789abcdef"


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        ({"Type": "authenticate-cognito"}, None, "'authenticate-cognito'"),
        ({"Type": "authenticate-oidc"}, None, "'authenticate-oidc'"),
        ({"Type": "jwt-validation"}, None, "'jwt-validation'"),
        ({"Type": "nothing"}, "ValidationError", None),
        ({"Type": "forward"}, "ValidationError", "target group ARN must be specified"),
        ({"Type": "forward", "TargetGroupArn": "tg"}, "ValidationError", "not a valid"),
        ({"Type": "forward", "TargetGroupArn": GROUP}, "TargetGroupNotFound", GROUP),
        (
            {
                "Type": "forward",
                "TargetGroupArn": GROUP,
                "RedirectConfig": {"StatusCode": "HTTP_301"},
            },
            "InvalidLoadBalancerAction",
            "RedirectConfig",
        ),
        ({"Type": "redirect"}, "ValidationError", "'RedirectConfig' must be specified"),
        ({"Type": "fixed-response"}, "ValidationError", "'FixedResponseConfig' must be"),
        (fixed(302), "ValidationError", None),
        (fixed(99), "ValidationError", None),
        (fixed(404, "x" * 1025), "ValidationError", None),
        (
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "404", "ContentType": "image/png"},
            },
            "ValidationError",
            "image/png",
        ),
    ],
)
def test_actions_that_cannot_be(
    stand: Stand, action: dict[str, Any], code: str | None, words: str | None
) -> None:
    found, message = stand.refusal(
        "CreateListener",
        LoadBalancerArn=stand.balancer()["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[action],
    )
    assert code in {None, found}
    assert words is None or words in message


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "creates a loop"),
        ({"Protocol": "HTTP"}, "creates a loop"),
        ({"Port": "0"}, "from 1 to 65535"),
        ({"Port": "70000"}, "from 1 to 65535"),
        ({"Path": "x"}, "must start with '/'"),
        ({"Path": "/#{query}"}, "'#{query}' cannot be used"),
        ({"Host": "#{path}"}, "'#{path}' cannot be used"),
        ({"Path": "/a b"}, "cannot stand in a URL"),
        ({"Path": "/a\nb"}, "cannot stand in a URL"),
        ({"StatusCode": "HTTP_307"}, "HTTP_302"),
        ({"Protocol": "FTP"}, ""),
    ],
)
def test_redirects_that_cannot_be(stand: Stand, config: dict[str, Any], words: str) -> None:
    action = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **config}}
    _, message = stand.refusal(
        "CreateListener",
        LoadBalancerArn=stand.balancer()["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[action],
    )
    assert words in message


def test_redirects_and_fixed_responses_come_back_whole(stand: Stand) -> None:
    balancer = stand.balancer()["LoadBalancerArn"]
    redirect = {
        "Type": "redirect",
        "Order": 1,
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    stand.listener(balancer, DefaultActions=[redirect])
    stand.listener(balancer, port=81, DefaultActions=[fixed(503, "Back soon")])
    first, second = stand.elb("DescribeListeners", LoadBalancerArn=balancer)["Listeners"]
    assert first["DefaultActions"] == [
        {
            "Type": "redirect",
            "Order": 1,
            "RedirectConfig": {
                "Protocol": "HTTPS",
                "Port": "443",
                "Host": "#{host}",
                "Path": "/#{path}",
                "Query": "#{query}",
                "StatusCode": "HTTP_301",
            },
        }
    ]
    assert second["DefaultActions"] == [fixed(503, "Back soon")]


def weighted(*pairs: tuple[str, int], **stickiness: Any) -> dict[str, Any]:
    config: dict[str, Any] = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in pairs]
    }
    if stickiness:
        config["TargetGroupStickinessConfig"] = stickiness
    return {"Type": "forward", "ForwardConfig": config}


def test_weighted_forwards(stand: Stand) -> None:
    balancer = stand.balancer()["LoadBalancerArn"]
    groups = [stand.group(f"tg-{number}") for number in range(6)]

    def refused(action: dict[str, Any]) -> tuple[str, str]:
        return stand.refusal(
            "CreateListener",
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[action],
        )

    assert refused(weighted(*((group, 1) for group in groups)))[0] == "TooManyTargetGroups"
    assert "between 0 and 999" in refused(weighted((groups[0], 1000)))[1]
    assert "between 0 and 999" in refused(weighted((groups[0], -1)))[1]
    assert "more than once" in refused(weighted((groups[0], 1), (groups[0], 2)))[1]
    assert "duration" in refused(weighted((groups[0], 1), Enabled=True))[1]
    assert "duration" in refused(weighted((groups[0], 1), Enabled=True, DurationSeconds=604801))[1]
    both = {**weighted((groups[0], 1), (groups[1], 1)), "TargetGroupArn": groups[0]}
    assert refused(both)[0] == "ValidationError"
    good = weighted((groups[0], 90), (groups[1], 10), Enabled=True, DurationSeconds=60)
    stand.listener(balancer, DefaultActions=[good])
    [found] = stand.elb("DescribeListeners", LoadBalancerArn=balancer)["Listeners"]
    assert found["DefaultActions"] == [good]
    same = {**weighted((groups[2], 1)), "TargetGroupArn": groups[2]}
    stand.listener(balancer, port=81, DefaultActions=[same])


def test_a_target_group_belongs_to_one_load_balancer(stand: Stand) -> None:
    group = stand.group()
    stand.listener(stand.balancer("one")["LoadBalancerArn"], group)
    code, message = stand.refusal(
        "CreateListener",
        LoadBalancerArn=stand.balancer("two")["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[forward(group)],
    )
    assert code == "TargetGroupAssociationLimit"
    assert group in message


def test_describe_needs_either_listeners_or_a_load_balancer(stand: Stand) -> None:
    balancer = stand.balancer()["LoadBalancerArn"]
    one, two = stand.listener(balancer), stand.listener(balancer, port=8080)
    output = stand.elb("DescribeListeners", ListenerArns=[two])["Listeners"]
    assert [each["ListenerArn"] for each in output] == [two]
    output = stand.elb("DescribeListeners", LoadBalancerArn=balancer, PageSize=1)
    assert output["NextMarker"]
    assert stand.refusal("DescribeListeners")[0] == "ValidationError"
    both = {"ListenerArns": [one], "LoadBalancerArn": balancer}
    assert stand.refusal("DescribeListeners", **both)[0] == "ValidationError"
    gone = one[:-1] + "f"
    assert stand.refusal("DescribeListeners", ListenerArns=[gone])[0] == "ListenerNotFound"
    gone = balancer[:-1] + "f"
    assert stand.refusal("DescribeListeners", LoadBalancerArn=gone)[0] == "LoadBalancerNotFound"


def test_port_and_actions_can_be_changed(stand: Stand) -> None:
    balancer, group = stand.balancer()["LoadBalancerArn"], stand.group()
    one, _ = stand.listener(balancer), stand.listener(balancer, port=8080)
    assert stand.refusal("ModifyListener", ListenerArn=one, Port=8080)[0] == "DuplicateListener"
    assert "HTTPS" in stand.refusal("ModifyListener", ListenerArn=one, Protocol="HTTPS")[1]
    [after] = stand.elb(
        "ModifyListener", ListenerArn=one, Port=81, DefaultActions=[forward(group)]
    )["Listeners"]
    assert after["Port"] == 81
    assert after["DefaultActions"][0]["TargetGroupArn"] == group
    [same] = stand.elb("ModifyListener", ListenerArn=one)["Listeners"]
    assert same == after


def test_deleting_a_listener_takes_its_rules_along(stand: Stand) -> None:
    balancer, group = stand.balancer()["LoadBalancerArn"], stand.group()
    listener = stand.listener(balancer)
    rule = stand.rule(listener, group)
    stand.elb("DeleteListener", ListenerArn=listener)
    assert stand.refusal("DescribeRules", RuleArns=[rule])[0] == "RuleNotFound"
    assert stand.refusal("DeleteListener", ListenerArn=listener)[0] == "ListenerNotFound"
    stand.elb("DeleteTargetGroup", TargetGroupArn=group)


def test_attributes_and_certificates(stand: Stand) -> None:
    listener = stand.listener(stand.balancer()["LoadBalancerArn"])
    given = {"ListenerArn": listener}
    found = stand.elb("DescribeListenerAttributes", **given)["Attributes"]
    assert {"Key": "routing.http.response.server.enabled", "Value": "true"} in found
    assert stand.elb("ModifyListenerAttributes", **given, Attributes=found)["Attributes"] == found
    for key, value in (
        ("routing.http.response.server.enabled", "false"),
        ("routing.http.response.x_frame_options.header_value", "DENY"),
    ):
        pair = {"Key": key, "Value": value}
        assert key in stand.refusal("ModifyListenerAttributes", **given, Attributes=[pair])[1]
    assert stand.elb("DescribeListenerCertificates", **given)["Certificates"] == []


def test_there_are_no_more_than_the_quota(stand: Stand) -> None:
    balancer = stand.balancer()["LoadBalancerArn"]
    for port in range(1, 51):
        stand.listener(balancer, port=port)
    code, _ = stand.refusal(
        "CreateListener",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=51,
        DefaultActions=[fixed(404)],
    )
    assert code == "TooManyListeners"
