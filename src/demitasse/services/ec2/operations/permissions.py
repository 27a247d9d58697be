"""Security group rules: read from a call, and shown."""

from __future__ import annotations

import ipaddress
import re

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import refuse, show_tags
from demitasse.services.ec2.operations.security_groups import by_id_or_name, check_text
from demitasse.services.ec2.operations.vpcs import ipv4
from demitasse.services.ec2.records import Permission

_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
_KNOWN = {"tcp", "udp", "icmp", "icmpv6", "-1"}


def permissions(ctx: Context, given: Input, *, egress: bool) -> list[Permission]:
    """The rules that a call names, in either of the two forms AWS takes."""
    refuse("a security group rule", given, "SourceSecurityGroupOwnerId")
    asked = given.get("IpPermissions") or []
    if not asked and not (given.get("IpProtocol") or given.get("SourceSecurityGroupName")):
        raise ServiceError(
            "MissingParameter", "The request must contain the parameter ipPermissions"
        )
    if not asked:
        one: Input = {"IpProtocol": given.get("IpProtocol", "-1")}
        one |= {name: given[name] for name in ("FromPort", "ToPort") if name in given}
        if given.get("CidrIp"):
            one["IpRanges"] = [{"CidrIp": given["CidrIp"]}]
        if given.get("SourceSecurityGroupName"):
            one["UserIdGroupPairs"] = [{"GroupName": given["SourceSecurityGroupName"]}]
        asked = [one]
    return [rule for one in asked for rule in _rules(ctx, one, egress=egress)]


def _rules(ctx: Context, asked: Input, *, egress: bool) -> list[Permission]:
    refuse("a security group rule", asked, "PrefixListIds")
    protocol, first, last = ports(asked)
    peers: list[tuple[str, str, str, str]] = [
        (cidr4(one.get("CidrIp", "")), "", "", one.get("Description", ""))
        for one in asked.get("IpRanges") or []
    ]
    peers += [
        ("", cidr6(one.get("CidrIpv6", "")), "", one.get("Description", ""))
        for one in asked.get("Ipv6Ranges") or []
    ]
    for one in asked.get("UserIdGroupPairs") or []:
        if one.get("UserId") not in {None, "", ctx.scope.account}:
            raise NotSupported("a security group rule with another account's group")
        peers.append(("", "", by_id_or_name(ctx, one).key, one.get("Description", "")))
    if not peers:
        raise ServiceError(
            "MissingParameter",
            "Source or destination are missing: give IpRanges, Ipv6Ranges or UserIdGroupPairs",
        )
    return [
        Permission(
            rule_id="",
            egress=egress,
            protocol=protocol,
            from_port=first,
            to_port=last,
            cidr=v4,
            cidr6=v6,
            group_id=group,
            description=_text(text),
        )
        for v4, v6, group, text in peers
    ]


def ports(asked: Input) -> tuple[str, int, int]:
    """Protocol and ports, as they are kept."""
    protocol = str(asked.get("IpProtocol", "")).lower()
    protocol = _PROTOCOLS.get(protocol, protocol)
    if protocol.isdigit() and int(protocol) <= 255:
        raise NotSupported(f"a security group rule for the IP protocol {protocol}")
    if protocol not in _KNOWN:
        raise ServiceError(
            "InvalidParameterValue",
            f"Invalid value '{protocol}' for IP protocol. Unknown protocol.",
        )
    if protocol == "-1":
        return protocol, -1, -1
    first, last = asked.get("FromPort", -1), asked.get("ToPort", -1)
    if protocol in {"tcp", "udp"} and not 0 <= first <= last <= 65535:
        raise ServiceError(
            "InvalidParameterValue",
            f"Invalid value for portRange: must specify both from and to ports with {protocol},"
            f" between 0 and 65535 (given {first} to {last}).",
        )
    return protocol, first, last


def cidr4(text: str) -> str:
    """An IPv4 block, host bits cleared as AWS does."""
    try:
        return str(ipv4(text))
    except ValueError as error:
        raise _malformed(text) from error


def cidr6(text: str) -> str:
    """An IPv6 block, host bits cleared as AWS does."""
    try:
        if not re.fullmatch(r"[0-9A-Fa-f:.]+/[0-9]{1,3}", text):
            raise _malformed(text)
        return str(ipaddress.IPv6Network(text, strict=False))
    except ValueError as error:
        raise _malformed(text) from error


def _malformed(text: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", f"CIDR block {text} is malformed")


def _text(description: str) -> str:
    if description:
        check_text(description, "rule")
    return description


def identity(one: Permission) -> tuple[object, ...]:
    """Two rules with the same identity are the same rule, whatever their descriptions."""
    return (
        one.egress, one.protocol, one.from_port, one.to_port, one.cidr, one.cidr6, one.group_id,
    )  # fmt: skip


def said(one: Permission) -> str:
    """A rule as AWS's messages tell it."""
    span = f"from port: {one.from_port}, to port: {one.to_port}"
    return "ALL" if one.protocol == "-1" else f"{one.protocol.upper()}, {span}"


def show_rule(ctx: Context, group_id: str, one: Permission) -> Output:
    """``SecurityGroupRule``."""
    shown: Output = {
        "SecurityGroupRuleId": one.rule_id,
        "SecurityGroupRuleArn": ctx.scope.arn("ec2", f"security-group-rule/{one.rule_id}"),
        "GroupId": group_id,
        "GroupOwnerId": ctx.scope.account,
        "IsEgress": one.egress,
        "IpProtocol": one.protocol,
        "FromPort": one.from_port,
        "ToPort": one.to_port,
        "CidrIpv4": one.cidr or None,
        "CidrIpv6": one.cidr6 or None,
        "Description": one.description or None,
        "Tags": show_tags(one.tags),
    }
    if one.group_id:
        shown["ReferencedGroupInfo"] = {"GroupId": one.group_id, "UserId": ctx.scope.account}
    return shown


def show_revoked(group_id: str, one: Permission) -> Output:
    """``RevokedSecurityGroupRule``."""
    return {
        "SecurityGroupRuleId": one.rule_id,
        "GroupId": group_id,
        "IsEgress": one.egress,
        "IpProtocol": one.protocol,
        "FromPort": one.from_port,
        "ToPort": one.to_port,
        "CidrIpv4": one.cidr or None,
        "CidrIpv6": one.cidr6 or None,
        "ReferencedGroupId": one.group_id or None,
        "Description": one.description or None,
    }
