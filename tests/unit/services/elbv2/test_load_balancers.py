from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.services.elbv2.stand import SCOPE, Stand

from demitasse.services.ec2.records import INTERNET_GATEWAYS, NETWORK_INTERFACES


@pytest.fixture
def stand() -> Stand:
    return Stand()


def interfaces(stand: Stand) -> list[Any]:
    with stand.store.transaction() as tx:
        return [item.desired for item in tx.page(NETWORK_INTERFACES, SCOPE)]


def test_a_new_load_balancer_has_awss_shape_and_its_own_address(stand: Stand) -> None:
    made = stand.balancer(Tags=[{"Key": "course", "Value": "devops"}])
    arn = made["LoadBalancerArn"]
    assert re.fullmatch(
        r"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/microservicesLB/"
        r"[0-9a-f]{16}",
        arn,
    )
    assert made["Type"] == "application"
    assert made["Scheme"] == "internet-facing"
    assert made["IpAddressType"] == "ipv4"
    assert made["State"] == {"Code": "provisioning"}
    assert made["CanonicalHostedZoneId"] == "Z35SXDOTRQ7X7K"
    assert made["VpcId"] == stand.vpc
    assert made["SecurityGroups"] == [stand.default_group]
    assert [zone["SubnetId"] for zone in made["AvailabilityZones"]] == stand.subnets[:2]
    assert made["CreatedTime"] == stand.clock.now()
    [interface] = interfaces(stand)
    assert interface.owner == arn
    assert interface.private_ip == made["DNSName"]
    assert interface.interface_type == "load_balancer"
    assert interface.description == "ELB " + arn.partition("loadbalancer/")[2]


def test_the_same_again_is_the_same_and_another_of_its_name_is_refused(stand: Stand) -> None:
    first = stand.balancer()
    assert stand.balancer() == first
    assert len(interfaces(stand)) == 1
    code, message = stand.refusal(
        "CreateLoadBalancer", Name="microservicesLB", Subnets=stand.subnets[:3]
    )
    assert code == "DuplicateLoadBalancerName"
    assert "exists, but with different settings" in message


def test_nothing_is_seen_from_another_region(stand: Stand) -> None:
    stand.balancer()
    assert stand.elsewhere("DescribeLoadBalancers")["LoadBalancers"] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a" * 33, "cannot be longer than '32' characters"),
        ("-front", "cannot begin or end with '-'"),
        ("front-", "cannot begin or end with '-'"),
        ("internal-front", "cannot begin with 'internal-'"),
        ("front_end", "can only contain"),
        ("", "cannot be empty"),
    ],
)
def test_names_that_aws_does_not_allow(stand: Stand, name: str, words: str) -> None:
    code, message = stand.refusal("CreateLoadBalancer", Name=name, Subnets=stand.subnets[:2])
    assert code == "ValidationError"
    assert words in message


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"Type": "network"}, "Load balancer type 'network'"),
        ({"Type": "gateway"}, "Load balancer type 'gateway'"),
        ({"IpAddressType": "dualstack"}, "IP address type 'dualstack'"),
        ({"CustomerOwnedIpv4Pool": "ipv4pool-coip-1"}, "CustomerOwnedIpv4Pool"),
        ({"IpamPools": {"Ipv4IpamPoolId": "ipam-pool-1"}}, "IpamPools"),
        ({"EnablePrefixForIpv6SourceNat": "on"}, "EnablePrefixForIpv6SourceNat"),
    ],
)
def test_what_is_not_here_is_refused_by_name(
    stand: Stand, given: dict[str, Any], what: str
) -> None:
    _, message = stand.refusal(
        "CreateLoadBalancer", Name="front", Subnets=stand.subnets[:2], **given
    )
    assert what in message
    assert interfaces(stand) == []


def test_subnets_are_checked(stand: Stand) -> None:
    def refused(**given: Any) -> tuple[str, str]:
        return stand.refusal("CreateLoadBalancer", Name="front", **given)

    few = "At least two subnets in two different Availability Zones must be specified"
    assert refused(Subnets=stand.subnets[:1]) == ("ValidationError", few)
    assert refused() == ("ValidationError", few)
    assert refused(Subnets=[stand.subnets[0], "subnet-1"]) == (
        "SubnetNotFound",
        "The subnet ID 'subnet-1' does not exist",
    )
    assert refused(Subnets=[stand.subnets[0]] * 2)[0] == "ValidationError"
    mappings = [{"SubnetId": each} for each in stand.subnets[:2]]
    assert refused(Subnets=stand.subnets[:2], SubnetMappings=mappings)[0] == "ValidationError"
    mappings[0]["AllocationId"] = "eipalloc-1"
    assert "AllocationId" in refused(SubnetMappings=mappings)[1]


def test_subnet_mappings_do_as_well(stand: Stand) -> None:
    made = stand.elb(
        "CreateLoadBalancer",
        Name="front",
        SubnetMappings=[{"SubnetId": each} for each in stand.subnets[:2]],
    )["LoadBalancers"][0]
    assert [zone["SubnetId"] for zone in made["AvailabilityZones"]] == stand.subnets[:2]


def test_the_internet_needs_a_gateway(stand: Stand) -> None:
    with stand.store.transaction() as tx:
        for gateway in tx.page(INTERNET_GATEWAYS, SCOPE):
            tx.delete(INTERNET_GATEWAYS, gateway.ref)
    assert stand.refusal("CreateLoadBalancer", Name="front", Subnets=stand.subnets[:2]) == (
        "InvalidSubnet",
        f"VPC {stand.vpc} has no internet gateway",
    )
    assert stand.balancer(Scheme="internal")["Scheme"] == "internal"


def test_security_groups_are_checked(stand: Stand) -> None:
    code, _ = stand.refusal(
        "CreateLoadBalancer", Name="front", Subnets=stand.subnets[:2], SecurityGroups=["sg-1"]
    )
    assert code == "InvalidSecurityGroup"
    arn = stand.balancer()["LoadBalancerArn"]
    given = {"LoadBalancerArn": arn}
    assert stand.refusal("SetSecurityGroups", **given, SecurityGroups=["sg-1"])[0] == (
        "InvalidSecurityGroup"
    )
    assert stand.refusal("SetSecurityGroups", **given, SecurityGroups=[])[0] == "ValidationError"
    output = stand.elb("SetSecurityGroups", **given, SecurityGroups=[stand.default_group])
    assert output["SecurityGroupIds"] == [stand.default_group]


def test_describe_by_name_by_arn_and_what_is_missing(stand: Stand) -> None:
    one, two = stand.balancer("one"), stand.balancer("two")
    names = stand.elb("DescribeLoadBalancers", Names=["two", "one"])["LoadBalancers"]
    assert [each["LoadBalancerName"] for each in names] == ["two", "one"]
    by_arn = stand.elb("DescribeLoadBalancers", LoadBalancerArns=[one["LoadBalancerArn"]])
    assert by_arn["LoadBalancers"] == [one]
    assert stand.refusal("DescribeLoadBalancers", Names=["three"]) == (
        "LoadBalancerNotFound",
        "Load balancers '[three]' not found",
    )
    gone = two["LoadBalancerArn"][:-1] + "f"
    assert stand.refusal("DescribeLoadBalancers", LoadBalancerArns=[gone])[0] == (
        "LoadBalancerNotFound"
    )
    assert stand.refusal("DescribeLoadBalancers", LoadBalancerArns=["front"]) == (
        "ValidationError",
        "'front' is not a valid load balancer ARN",
    )
    both = {"Names": ["one"], "LoadBalancerArns": [gone]}
    assert stand.refusal("DescribeLoadBalancers", **both)[0] == "ValidationError"


def test_pages(stand: Stand) -> None:
    for number in range(5):
        stand.balancer(f"lb-{number}")
    names, marker = [], None
    while True:
        more = {"Marker": marker} if marker else {}
        output = stand.elb("DescribeLoadBalancers", PageSize=2, **more)
        names += [each["LoadBalancerName"] for each in output["LoadBalancers"]]
        marker = output.get("NextMarker")
        if marker is None:
            break
    assert names == [f"lb-{number}" for number in range(5)]
    assert stand.refusal("DescribeLoadBalancers", Marker="nonsense")[0] == "ValidationError"


def test_deleting_takes_listeners_rules_and_address_along(stand: Stand) -> None:
    arn, group = stand.balancer()["LoadBalancerArn"], stand.group()
    listener = stand.listener(arn, group)
    stand.rule(listener, group)
    stand.elb("DeleteLoadBalancer", LoadBalancerArn=arn)
    assert stand.elb("DescribeLoadBalancers")["LoadBalancers"] == []
    assert stand.refusal("DescribeRules", ListenerArn=listener)[0] == "ListenerNotFound"
    assert interfaces(stand) == []
    stand.elb("DeleteTargetGroup", TargetGroupArn=group)
    stand.elb("DeleteLoadBalancer", LoadBalancerArn=arn)  # gone already: fine


def test_deletion_protection_holds(stand: Stand) -> None:
    arn = stand.balancer()["LoadBalancerArn"]

    def protect(value: str) -> None:
        pair = {"Key": "deletion_protection.enabled", "Value": value}
        stand.elb("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[pair])

    protect("true")
    code, message = stand.refusal("DeleteLoadBalancer", LoadBalancerArn=arn)
    assert (code, message) == (
        "OperationNotPermitted",
        f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
    )
    protect("false")
    stand.elb("DeleteLoadBalancer", LoadBalancerArn=arn)


def test_attributes_have_awss_defaults_and_keep_what_is_set(stand: Stand) -> None:
    arn = stand.balancer()["LoadBalancerArn"]
    output = stand.elb("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
    found = {pair["Key"]: pair["Value"] for pair in output["Attributes"]}
    assert found["idle_timeout.timeout_seconds"] == "60"
    assert found["routing.http2.enabled"] == "true"
    assert found["routing.http.desync_mitigation_mode"] == "defensive"
    assert found["access_logs.s3.bucket"] == ""
    pair = {"Key": "idle_timeout.timeout_seconds", "Value": "120"}
    output = stand.elb("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[pair])
    assert pair in output["Attributes"]
    again = stand.elb("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
    assert again["Attributes"] == output["Attributes"]


def test_every_attribute_may_be_set_to_what_it_is(stand: Stand) -> None:
    for scheme in ("internal", "internet-facing"):
        arn = stand.balancer(f"x-{scheme}", Scheme=scheme)["LoadBalancerArn"]
        given = stand.elb("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)["Attributes"]
        for part in (given[:12], given[12:]):  # at most 20 in one call
            stand.elb("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=part)


@pytest.mark.parametrize(
    ("key", "value", "code", "words"),
    [
        ("idle_timeout.timeout_seconds", "4001", "ValidationError", "between 1 and 4000"),
        ("idle_timeout.timeout_seconds", "0", "ValidationError", "between 1 and 4000"),
        ("idle_timeout.timeout_seconds", "x", "ValidationError", "between 1 and 4000"),
        ("client_keep_alive.seconds", "59", "ValidationError", "between 60 and 604800"),
        ("deletion_protection.enabled", "yes", "ValidationError", "true, false"),
        ("no.such.attribute", "1", "ValidationError", "not recognized"),
        ("routing.http.xff_header_processing.mode", "x", "ValidationError", "append"),
        ("access_logs.s3.enabled", "true", None, "'access_logs.s3.enabled'"),
        ("routing.http.desync_mitigation_mode", "strictest", None, "not supported"),
        ("waf.fail_open.enabled", "true", None, "not supported"),
        ("zonal_shift.config.enabled", "true", None, "not supported"),
        ("load_balancing.cross_zone.enabled", "false", None, "not supported"),
    ],
)
def test_attributes_out_of_bounds_or_not_carried_out(
    stand: Stand, key: str, value: str, code: str | None, words: str
) -> None:
    arn = stand.balancer()["LoadBalancerArn"]
    found, message = stand.refusal(
        "ModifyLoadBalancerAttributes",
        LoadBalancerArn=arn,
        Attributes=[{"Key": key, "Value": value}],
    )
    assert words in message
    assert code in {None, found}


def test_subnets_can_be_replaced_and_the_address_stays(stand: Stand) -> None:
    made = stand.balancer()
    arn = made["LoadBalancerArn"]
    output = stand.elb("SetSubnets", LoadBalancerArn=arn, Subnets=stand.subnets[1:4])
    assert [zone["SubnetId"] for zone in output["AvailabilityZones"]] == stand.subnets[1:4]
    [after] = stand.elb("DescribeLoadBalancers")["LoadBalancers"]
    assert after["AvailabilityZones"] == output["AvailabilityZones"]
    assert after["DNSName"] == made["DNSName"]


def test_small_answers(stand: Stand) -> None:
    arn = stand.balancer()["LoadBalancerArn"]
    given = {"LoadBalancerArn": arn}
    assert stand.elb("SetIpAddressType", **given, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    assert "dualstack" in stand.refusal("SetIpAddressType", **given, IpAddressType="dualstack")[1]
    assert stand.elb("DescribeCapacityReservation", **given)["CapacityReservationState"] == []
    assert stand.elb("DescribeSSLPolicies")["SslPolicies"] == []
    assert stand.refusal("DescribeSSLPolicies", Names=["x"])[0] == "SSLPolicyNotFound"
    limits = {row["Name"]: row["Max"] for row in stand.elb("DescribeAccountLimits")["Limits"]}
    assert limits["rules-per-application-load-balancer"] == "100"
    assert stand.elb("DescribeAccountLimits", PageSize=3)["NextMarker"]


def test_there_are_no_more_than_the_quota(stand: Stand) -> None:
    for number in range(50):
        stand.balancer(f"lb-{number}")
    code, _ = stand.refusal("CreateLoadBalancer", Name="lb-50", Subnets=stand.subnets[:2])
    assert code == "TooManyLoadBalancers"
