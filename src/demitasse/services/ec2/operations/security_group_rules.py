"""The rules of security groups: who and what is let in and out."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import (
    api,
    refuse,
    refuse_dry_run,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.operations.security_groups import GROUP, by_id_or_name
from demitasse.services.ec2.records import SECURITY_GROUPS, Permission, SecurityGroup
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
_KNOWN = {"tcp", "udp", "icmp", "icmpv6", "-1"}
_MOST_RULES = 60
_PAGE = 1000

GroupItem = Item[SecurityGroup, Nothing]


@api.operation("AuthorizeSecurityGroupIngress")
def authorize_ingress(ctx: Context, given: Input) -> Output:
    """Let something in."""
    return _authorize(ctx, given, egress=False)


@api.operation("AuthorizeSecurityGroupEgress")
def authorize_egress(ctx: Context, given: Input) -> Output:
    """Let something out."""
    return _authorize(ctx, given, egress=True)


@api.operation("RevokeSecurityGroupIngress")
def revoke_ingress(ctx: Context, given: Input) -> Output:
    """No longer let something in."""
    return _revoke(ctx, given, egress=False)


@api.operation("RevokeSecurityGroupEgress")
def revoke_egress(ctx: Context, given: Input) -> Output:
    """No longer let something out."""
    return _revoke(ctx, given, egress=True)


@api.operation("UpdateSecurityGroupRuleDescriptionsIngress")
def describe_ingress_anew(ctx: Context, given: Input) -> Output:
    """Change the descriptions of ingress rules."""
    return _describe_anew(ctx, given, egress=False)


@api.operation("UpdateSecurityGroupRuleDescriptionsEgress")
def describe_egress_anew(ctx: Context, given: Input) -> Output:
    """Change the descriptions of egress rules."""
    return _describe_anew(ctx, given, egress=True)


@api.operation("DescribeSecurityGroupRules")
def describe_rules(ctx: Context, given: Input) -> Output:
    """List rules: those of a group (filter ``group-id``), or those named."""
    refuse_dry_run(given)
    wanted = given.get("SecurityGroupRuleIds") or []
    groups: list[GroupItem] = list(ctx.tx.page(SECURITY_GROUPS, ctx.scope))
    tests: list[Callable[[GroupItem, Permission], bool]] = []
    for one in given.get("Filters") or []:
        name, values = one.get("Name"), one.get("Values") or []
        if name == "group-id":
            groups = [group for group in groups if group.key in values]
        elif name == "security-group-rule-id":
            tests.append(lambda _group, rule, values=values: rule.rule_id in values)  # type: ignore[misc]
        else:
            raise ServiceError("InvalidParameterValue", f"The filter '{name}' is invalid")
    rules = [
        (group, rule)
        for group in groups
        for rule in group.desired.permissions
        if (not wanted or rule.rule_id in wanted) and all(test(group, rule) for test in tests)
    ]
    missing = set(wanted) - {rule.rule_id for _, rule in rules}
    if missing:
        raise ServiceError(
            "InvalidSecurityGroupRuleId.NotFound",
            f"The security group rule ID '{min(missing)}' does not exist",
        )
    rules.sort(key=lambda pair: pair[1].rule_id)
    after = paging.start(given.get("NextToken"), code="InvalidNextToken")
    limit = given.get("MaxResults", _PAGE)
    page, more = paging.cut([pair for pair in rules if pair[1].rule_id > after], limit)
    answer: Output = {
        "SecurityGroupRules": [_show_rule(ctx, group.key, rule) for group, rule in page]
    }
    if more:
        answer["NextToken"] = paging.token(page[-1][1].rule_id)
    return answer


def _authorize(ctx: Context, given: Input, *, egress: bool) -> Output:
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    tags = tags_of(given, "security-group-rule")
    new = [
        msgspec.structs.replace(one, rule_id=f"sgr-{ctx.ids.hex(17)}", tags=tags)
        for one in _permissions(ctx, given, egress=egress)
    ]
    present = {_identity(one) for one in group.desired.permissions}
    for one in new:
        if _identity(one) in present:
            raise ServiceError(
                "InvalidPermission.Duplicate",
                f'the specified rule "peer: {one.cidr or one.cidr6 or one.group_id},'
                f' {_said(one)}, ALLOW" already exists',
            )
        present.add(_identity(one))
    same_way = [one for one in group.desired.permissions if one.egress == egress]
    if len(same_way) + len(new) > _MOST_RULES:
        raise ServiceError(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )
    _write(ctx, group, (*group.desired.permissions, *new))
    return {
        "Return": True,
        "SecurityGroupRules": [_show_rule(ctx, group.key, one) for one in new],
    }


def _revoke(ctx: Context, given: Input, *, egress: bool) -> Output:
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    rules = group.desired.permissions
    if ids := given.get("SecurityGroupRuleIds"):
        gone = [one for one in rules if one.rule_id in ids and one.egress == egress]
        missing = set(ids) - {one.rule_id for one in gone}
        if missing:
            raise ServiceError(
                "InvalidSecurityGroupRuleId.NotFound",
                f"The security group rule ID '{min(missing)}' does not exist",
            )
    else:
        wanted = {_identity(one) for one in _permissions(ctx, given, egress=egress)}
        gone = [one for one in rules if _identity(one) in wanted]
        if len(gone) < len(wanted):
            raise ServiceError(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            )
    _write(ctx, group, tuple(one for one in rules if one not in gone))
    return {
        "Return": True,
        "UnknownIpPermissions": [],
        "RevokedSecurityGroupRules": [_show_revoked(group.key, one) for one in gone],
    }


def _describe_anew(ctx: Context, given: Input, *, egress: bool) -> Output:
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    rules = group.desired.permissions
    if by_id := given.get("SecurityGroupRuleDescriptions"):
        said = {one["SecurityGroupRuleId"]: one.get("Description", "") for one in by_id}
        matched = {one.rule_id: said[one.rule_id] for one in rules if one.rule_id in said}
        count = len(said)
    else:
        asked = {_identity(one): one.description for one in _permissions(ctx, given, egress=egress)}
        matched = {one.rule_id: asked[_identity(one)] for one in rules if _identity(one) in asked}
        count = len(asked)
    if len(matched) < count:
        raise ServiceError(
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.",
        )
    _write(
        ctx,
        group,
        tuple(
            msgspec.structs.replace(one, description=matched.get(one.rule_id, one.description))
            for one in rules
        ),
    )
    return {"Return": True}


def _permissions(ctx: Context, given: Input, *, egress: bool) -> list[Permission]:
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
    protocol, first, last = _ports(asked)
    peers: list[tuple[str, str, str, str]] = [
        (_cidr(one.get("CidrIp", "")), "", "", one.get("Description", ""))
        for one in asked.get("IpRanges") or []
    ]
    peers += [
        ("", _cidr(one.get("CidrIpv6", "")), "", one.get("Description", ""))
        for one in asked.get("Ipv6Ranges") or []
    ]
    for one in asked.get("UserIdGroupPairs") or []:
        if one.get("UserId") not in {None, "", ctx.scope.account}:
            refuse(
                "a security group rule",
                {"another account's group": True},
                "another account's group",
            )
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
            cidr=cidr,
            cidr6=cidr6,
            group_id=group,
            description=said,
        )
        for cidr, cidr6, group, said in peers
    ]


def _ports(asked: Input) -> tuple[str, int, int]:
    protocol = str(asked.get("IpProtocol", "")).lower()
    protocol = _PROTOCOLS.get(protocol, protocol)
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


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise ServiceError("InvalidParameterValue", f"CIDR block {text} is malformed") from error


def _identity(one: Permission) -> tuple[object, ...]:
    """Two rules with the same identity are the same rule, whatever their descriptions."""
    return (
        one.egress, one.protocol, one.from_port, one.to_port, one.cidr, one.cidr6, one.group_id,
    )  # fmt: skip


def _said(one: Permission) -> str:
    ports = f"from port: {one.from_port}, to port: {one.to_port}"
    return "ALL" if one.protocol == "-1" else f"{one.protocol.upper()}, {ports}"


def _show_rule(ctx: Context, group_id: str, one: Permission) -> Output:
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


def _show_revoked(group_id: str, one: Permission) -> Output:
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


def _write(ctx: Context, group: GroupItem, rules: tuple[Permission, ...]) -> None:
    current = GROUP.get(ctx, group.key)
    ctx.tx.desire(
        SECURITY_GROUPS, group.ref, msgspec.structs.replace(current.desired, permissions=rules)
    )
