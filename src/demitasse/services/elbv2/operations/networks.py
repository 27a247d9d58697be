"""Where a load balancer stands: its subnets and security groups, checked as AWS does."""

from __future__ import annotations

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import INTERNET_GATEWAYS, SECURITY_GROUPS, SUBNETS
from demitasse.services.elbv2.records import Zone

_TOO_FEW = "At least two subnets in two different Availability Zones must be specified"
_ADDRESS_CHOICES = ("AllocationId", "PrivateIPv4Address", "IPv6Address", "SourceNatIpv6Prefix")


def zones(context: Context, given: Input) -> tuple[str, tuple[Zone, ...]]:
    """The VPC and the zones of ``Subnets`` or ``SubnetMappings``.

    ``ServiceError``: ``ValidationError``, ``SubnetNotFound``, ``InvalidConfigurationRequest``.
    """
    ids = _subnet_ids(given)
    found: list[Zone] = []
    vpc_id = ""
    for subnet_id in ids:
        subnet = context.tx.get(SUBNETS, context.scope, subnet_id)
        if subnet is None:
            raise ServiceError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")
        if vpc_id not in {"", subnet.desired.vpc_id}:
            raise ServiceError(
                "InvalidConfigurationRequest",
                f"All subnets must belong to the same VPC: '{vpc_id}'",
            )
        vpc_id = subnet.desired.vpc_id
        zone = Zone(subnet_id, subnet.desired.availability_zone)
        if any(zone.name == other.name for other in found):
            raise ServiceError(
                "InvalidConfigurationRequest",
                "A load balancer cannot be attached to multiple subnets in the same Availability"
                " Zone",
            )
        found.append(zone)
    if len(found) < 2:
        raise ServiceError("ValidationError", _TOO_FEW)
    return vpc_id, tuple(sorted(found, key=lambda zone: zone.name))


def _subnet_ids(given: Input) -> list[str]:
    subnets: list[str] = given.get("Subnets") or []
    mappings: list[Input] = given.get("SubnetMappings") or []
    if subnets and mappings:
        raise ServiceError(
            "ValidationError", "Only one of subnets and subnet mappings can be specified"
        )
    for mapping in mappings:
        for member in _ADDRESS_CHOICES:
            if mapping.get(member):
                raise NotSupported(f"SubnetMappings with '{member}'")
    ids = subnets or [str(mapping.get("SubnetId", "")) for mapping in mappings]
    if not ids:
        raise ServiceError("ValidationError", _TOO_FEW)
    if len(set(ids)) != len(ids):
        raise ServiceError("ValidationError", "The same subnet is specified more than once")
    return ids


def check_gateway(context: Context, vpc_id: str, scheme: str) -> None:
    """``InvalidSubnet`` for an internet-facing load balancer in a VPC without internet gateway."""
    gateway = context.tx.one(INTERNET_GATEWAYS, context.scope, "vpc", vpc_id)
    if scheme == "internet-facing" and gateway is None:
        raise ServiceError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def security_groups(context: Context, vpc_id: str, given: list[str] | None) -> tuple[str, ...]:
    """The security groups asked for, or the VPC's default one.

    ``ServiceError``: ``InvalidSecurityGroup``, ``InvalidConfigurationRequest``.
    """
    if not given:
        default = context.tx.one(SECURITY_GROUPS, context.scope, "name", f"{vpc_id}/default")
        return () if default is None else (default.key,)
    for group_id in given:
        group = context.tx.get(SECURITY_GROUPS, context.scope, group_id)
        if group is None:
            raise ServiceError(
                "InvalidSecurityGroup", f"The security group '{group_id}' does not exist"
            )
        if group.desired.vpc_id != vpc_id:
            raise ServiceError(
                "InvalidConfigurationRequest",
                f"Security group '{group_id}' does not belong to VPC '{vpc_id}'",
            )
    return tuple(dict.fromkeys(given))
