"""Load balancers: create, describe, change, delete."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import give_back, put_in_groups, take_address
from demitasse.services.elbv2 import arns, attributes
from demitasse.services.elbv2.limits import LOAD_BALANCERS as MOST
from demitasse.services.elbv2.operations import names, networks, paging, tagging
from demitasse.services.elbv2.operations.api import api
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    Attributes,
    LoadBalancer,
    LoadBalancerObserved,
)
from demitasse.store import Item

HOSTED_ZONE = "Z35SXDOTRQ7X7K"
"""AWS's hosted zone of load balancers in us-east-1."""

_DELETION_PROTECTION = "deletion_protection.enabled"
_replace = msgspec.structs.replace


def written(item: Item[LoadBalancer, LoadBalancerObserved]) -> Output:
    """A load balancer in AWS's shape. Its DNS name is its address, which works everywhere."""
    desired, observed = item.desired, item.observed
    return {
        "LoadBalancerArn": item.key,
        "DNSName": desired.address,
        "CanonicalHostedZoneId": HOSTED_ZONE,
        "CreatedTime": desired.created_at,
        "LoadBalancerName": desired.name,
        "Scheme": desired.scheme,
        "VpcId": desired.vpc_id,
        "State": {"Code": observed.state, "Reason": observed.reason or None},
        "Type": "application",
        "AvailabilityZones": _zones(desired),
        "SecurityGroups": list(desired.security_groups),
        "IpAddressType": "ipv4",
    }


def _zones(desired: LoadBalancer) -> list[Output]:
    return [
        {"ZoneName": zone.name, "SubnetId": zone.subnet_id, "LoadBalancerAddresses": []}
        for zone in desired.zones
    ]


def _refuse_what_is_not_here(given: Input) -> None:
    kind = given.get("Type", "application")
    if kind != "application":
        raise NotSupported(f"Load balancer type '{kind}'")
    _check_ip_address_type(given)
    for member in ("CustomerOwnedIpv4Pool", "IpamPools"):
        if given.get(member):
            raise NotSupported(f"CreateLoadBalancer with '{member}'")
    _refuse_prefix(given)


def _refuse_prefix(given: Input) -> None:
    if given.get("EnablePrefixForIpv6SourceNat", "off") != "off":
        raise NotSupported("EnablePrefixForIpv6SourceNat")


def _check_ip_address_type(given: Input) -> None:
    family = given.get("IpAddressType", "ipv4")
    if family != "ipv4":
        raise NotSupported(f"IP address type '{family}'")


@api.operation("CreateLoadBalancer")
def create_load_balancer(context: Context, given: Input) -> Output:
    """Take an address and keep the load balancer; an equal one that exists is returned."""
    name = given["Name"]
    names.check(name, "Load balancer")
    _refuse_what_is_not_here(given)
    vpc_id, zones = networks.zones(context, given)
    groups = networks.security_groups(context, vpc_id, given.get("SecurityGroups"))
    scheme = given.get("Scheme", "internet-facing")
    networks.check_gateway(context, vpc_id, scheme)
    tags = tagging.read(given.get("Tags"))
    there = context.tx.one(LOAD_BALANCERS, context.scope, "name", name)
    if there is not None:
        same = (there.desired.scheme, there.desired.zones, set(there.desired.security_groups))
        if same == (scheme, zones, set(groups)) and there.desired.tags == tags:
            return {"LoadBalancers": [written(there)]}
        raise ServiceError(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{name}' exists, but with different settings",
        )
    if context.tx.count(LOAD_BALANCERS, context.scope) >= MOST:
        raise ServiceError(
            "TooManyLoadBalancers", f"There cannot be more than {MOST} load balancers"
        )
    number = context.ids.hex(16)
    arn = arns.load_balancer_arn(context.scope, name, number)
    interface = take_address(
        context.tx,
        context.scope,
        context.ids,
        zones[0].subnet_id,
        owner=arn,
        description=f"ELB app/{name}/{number}",
        security_groups=groups,
        interface_type="load_balancer",
        now=context.now,
    )
    item = context.tx.create(
        LOAD_BALANCERS,
        context.scope,
        arn,
        LoadBalancer(
            name=name,
            scheme=scheme,
            vpc_id=vpc_id,
            zones=zones,
            security_groups=groups,
            address=interface.desired.private_ip,
            created_at=context.now,
            tags=tags,
        ),
    )
    return {"LoadBalancers": [written(item)]}


@api.operation("DescribeLoadBalancers")
def describe_load_balancers(context: Context, given: Input) -> Output:
    """By ARNs, by names, or all in pages."""
    wanted, named = given.get("LoadBalancerArns"), given.get("Names")
    if wanted and named:
        raise ServiceError(
            "ValidationError", "Load balancer names and load balancer ARNs cannot both be specified"
        )
    if not wanted and not named:
        return paging.page(context, LOAD_BALANCERS, given, "LoadBalancers", written)
    found, missing = [], []
    for text in dict.fromkeys(wanted or named or ()):
        if wanted:
            item = context.tx.get(LOAD_BALANCERS, context.scope, _any_arn(text))
        else:
            item = context.tx.one(LOAD_BALANCERS, context.scope, "name", text)
        if item is None:
            missing.append(text)
        else:
            found.append(written(item))
    if missing:
        raise ServiceError(
            "LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found"
        )
    return {"LoadBalancers": found}


def _any_arn(arn: str) -> str:
    return arns.check(arn, "load balancer")


@api.operation("DeleteLoadBalancer")
def delete_load_balancer(context: Context, given: Input) -> Output:
    """Forget it with its listeners and rules; one that is not there is fine, as on AWS."""
    arn = _any_arn(given["LoadBalancerArn"])
    item = context.tx.get(LOAD_BALANCERS, context.scope, arn)
    if item is None:
        return {}
    protected = attributes.value(
        attributes.LOAD_BALANCER, item.desired.attributes, _DELETION_PROTECTION
    )
    if protected == "true":
        raise ServiceError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for rule in context.tx.page(RULES, context.scope, where=("load-balancer", arn)):
        context.tx.delete(RULES, rule.ref)
    for listener in context.tx.page(LISTENERS, context.scope, where=("load-balancer", arn)):
        context.tx.delete(LISTENERS, listener.ref)
    give_back(context.tx, context.scope, arn)
    context.tx.delete(LOAD_BALANCERS, item.ref)
    return {}


@api.operation("DescribeLoadBalancerAttributes")
def describe_load_balancer_attributes(context: Context, given: Input) -> Output:
    """All attributes, those never set with their defaults."""
    item = arns.find_load_balancer(context, given["LoadBalancerArn"])
    return {"Attributes": _attributes(item.desired, item.desired.attributes)}


def _attributes(desired: LoadBalancer, given: Attributes) -> list[dict[str, str]]:
    # AWS's default depends on the scheme; without IPv6 it has no effect.
    internal = "true" if desired.scheme == "internal" else "false"
    return attributes.effective(
        attributes.LOAD_BALANCER, {"ipv6.deny_all_igw_traffic": internal, **given}
    )


@api.operation("ModifyLoadBalancerAttributes")
def modify_load_balancer_attributes(context: Context, given: Input) -> Output:
    """Set attributes; ``NotSupported`` for what would not be carried out."""
    item = arns.find_load_balancer(context, given["LoadBalancerArn"])
    asked = given["Attributes"]
    if item.desired.scheme == "internal":
        unchanged = {"Key": "ipv6.deny_all_igw_traffic", "Value": "true"}
        asked = [pair for pair in asked if pair != unchanged]
    after = attributes.merge(attributes.LOAD_BALANCER, item.desired.attributes, asked)
    context.tx.desire(LOAD_BALANCERS, item.ref, _replace(item.desired, attributes=after))
    return {"Attributes": _attributes(item.desired, after)}


@api.operation("SetSecurityGroups")
def set_security_groups(context: Context, given: Input) -> Output:
    """Replace the security groups, on its interface too."""
    item = arns.find_load_balancer(context, given["LoadBalancerArn"])
    if "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic" in given:
        raise ServiceError(
            "InvalidConfigurationRequest",
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic applies to Network Load"
            " Balancers only",
        )
    if not given["SecurityGroups"]:
        raise ServiceError("ValidationError", "At least one security group must be specified")
    groups = networks.security_groups(context, item.desired.vpc_id, given["SecurityGroups"])
    context.tx.desire(LOAD_BALANCERS, item.ref, _replace(item.desired, security_groups=groups))
    put_in_groups(context.tx, context.scope, item.key, groups)
    return {"SecurityGroupIds": list(groups)}


@api.operation("SetSubnets")
def set_subnets(context: Context, given: Input) -> Output:
    """Replace the subnets. The address stays, and with it the DNS name."""
    item = arns.find_load_balancer(context, given["LoadBalancerArn"])
    _check_ip_address_type(given)
    _refuse_prefix(given)
    vpc_id, zones = networks.zones(context, given)
    if vpc_id != item.desired.vpc_id:
        raise ServiceError(
            "InvalidConfigurationRequest",
            f"All subnets must belong to the same VPC: '{item.desired.vpc_id}'",
        )
    after = _replace(item.desired, zones=zones)
    context.tx.desire(LOAD_BALANCERS, item.ref, after)
    return {"AvailabilityZones": _zones(after), "IpAddressType": "ipv4"}


@api.operation("SetIpAddressType")
def set_ip_address_type(context: Context, given: Input) -> Output:
    """There is only ``ipv4``."""
    arns.find_load_balancer(context, given["LoadBalancerArn"])
    _check_ip_address_type(given)
    return {"IpAddressType": "ipv4"}


@api.operation("DescribeCapacityReservation")
def describe_capacity_reservation(context: Context, given: Input) -> Output:
    """Nothing is ever reserved."""
    arns.find_load_balancer(context, given["LoadBalancerArn"])
    return {"CapacityReservationState": []}
