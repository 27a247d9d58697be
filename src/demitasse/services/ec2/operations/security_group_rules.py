"""The rules of security groups: who and what is let in and out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import (
    Values,
    api,
    member,
    pattern,
    refuse,
    refuse_dry_run,
    tag_values,
    tags_of,
    unknown_filter,
)
from demitasse.services.ec2.operations.permissions import (
    identity,
    permissions,
    said,
    show_revoked,
    show_rule,
)
from demitasse.services.ec2.operations.security_groups import GROUP, by_id_or_name, check_text
from demitasse.services.ec2.records import SECURITY_GROUPS, Permission, SecurityGroup, Tags
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_MOST_RULES = 60
_PAGE = 1000
_PEERS = ("CidrIpv4", "CidrIpv6", "ReferencedGroupId")
_PORTS = ("IpProtocol", "FromPort", "ToPort")

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
    """List rules: of a group (filter ``group-id``), those named, those with a tag, or all."""
    refuse_dry_run(given)
    wanted = given.get("SecurityGroupRuleIds") or []
    filters = given.get("Filters") or []
    pairs = [_rule(ctx, each) for each in dict.fromkeys(wanted)] if wanted else _all(ctx, filters)
    shown = [show_rule(ctx, group.key, rule) for group, rule in pairs]
    for one in filters:
        values, texts = _values(one.get("Name", "")), pattern(one.get("Values") or [])
        shown = [each for each in shown if any(map(texts.fullmatch, values(each)))]
    shown.sort(key=_rule_id)
    after = paging.start(
        given.get("NextToken"),
        code="InvalidNextToken",
        message="The token is invalid or has expired.",
    )
    page, more = paging.cut(
        [each for each in shown if _rule_id(each) > after], given.get("MaxResults", _PAGE)
    )
    token = {"NextToken": paging.token(_rule_id(page[-1]))} if more else {}
    return {"SecurityGroupRules": list(page), **token}


@api.operation("ModifySecurityGroupRules")
def modify_rules(ctx: Context, given: Input) -> Output:
    """Change rules of a group: protocol, ports, peer, description; their ids stay."""
    refuse_dry_run(given)
    group = GROUP.get(ctx, given["GroupId"])
    rules = {one.rule_id: one for one in group.desired.permissions}
    for update in given["SecurityGroupRules"]:
        key = update["SecurityGroupRuleId"]
        if key not in rules:
            raise _no_rule(key)
        rules[key] = _changed(ctx, rules[key], update.get("SecurityGroupRule") or {})
    _refuse_twins(rules.values())
    _write(ctx, group, tuple(rules.values()))
    return {"Return": True}


def tag_rule(ctx: Context, rule_id: str, change: Callable[[Tags], Tags]) -> None:
    """Change the tags of a rule."""
    group, rule = _rule(ctx, rule_id)
    new = msgspec.structs.replace(rule, tags=change(rule.tags))
    _write(ctx, group, tuple(new if one is rule else one for one in group.desired.permissions))


def _changed(ctx: Context, rule: Permission, asked: Input) -> Permission:
    """A rule with what a ``SecurityGroupRuleRequest`` says in its place."""
    refuse("a security group rule", asked, "PrefixListId")
    if sum(bool(asked.get(peer)) for peer in _PEERS) != 1:
        raise ServiceError(
            "InvalidParameterValue",
            "Exactly one of CidrIpv4, CidrIpv6 and ReferencedGroupId must be specified for"
            f" {rule.rule_id}.",
        )
    (changed,) = permissions(
        ctx,
        {
            "IpPermissions": [
                {
                    **{name: asked[name] for name in _PORTS if name in asked},
                    "IpRanges": _peer(asked, "CidrIpv4", "CidrIp"),
                    "Ipv6Ranges": _peer(asked, "CidrIpv6", "CidrIpv6"),
                    "UserIdGroupPairs": _peer(asked, "ReferencedGroupId", "GroupId"),
                }
            ]
        },
        egress=rule.egress,
    )
    return msgspec.structs.replace(changed, rule_id=rule.rule_id, tags=rule.tags)


def _peer(asked: Input, name: str, member_name: str) -> list[Input]:
    if not asked.get(name):
        return []
    return [{member_name: asked[name], "Description": asked.get("Description", "")}]


def _all(ctx: Context, filters: list[Input]) -> Iterator[tuple[GroupItem, Permission]]:
    """The rules of the groups that a filter names, or of all."""
    keys = next((f.get("Values") or [] for f in filters if f.get("Name") == "group-id"), None)
    groups: Iterable[GroupItem | None]
    if keys is None or any("*" in key or "?" in key for key in keys):
        groups = ctx.tx.page(SECURITY_GROUPS, ctx.scope)
    else:
        groups = [ctx.tx.get(SECURITY_GROUPS, ctx.scope, key) for key in keys]
    return ((group, rule) for group in groups if group for rule in group.desired.permissions)


def _rule(ctx: Context, key: str) -> tuple[GroupItem, Permission]:
    group = ctx.tx.one(SECURITY_GROUPS, ctx.scope, "rule", key)
    for rule in group.desired.permissions if group is not None else ():
        if group is not None and rule.rule_id == key:
            return group, rule
    if not re.fullmatch("sgr-[0-9a-f]{8,17}", key):
        raise ServiceError(
            "InvalidSecurityGroupRuleId.Malformed", f'Invalid id: "{key}" (expecting "sgr-...")'
        )
    raise _no_rule(key)


def _no_rule(key: str) -> ServiceError:
    return ServiceError(
        "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{key}' does not exist"
    )


def _values(name: str) -> Values:
    if name == "group-id":
        return member("GroupId")
    if name == "security-group-rule-id":
        return member("SecurityGroupRuleId")
    if (values := tag_values(name, "Tags")) is not None:
        return values
    raise unknown_filter(name)


def _rule_id(shown: Output) -> str:
    return str(shown["SecurityGroupRuleId"])


def _refuse_twins(rules: Iterable[Permission]) -> None:
    """Of two rules that say the same, AWS refuses the second."""
    present = set()
    for one in rules:
        if identity(one) in present:
            raise ServiceError(
                "InvalidPermission.Duplicate",
                f'the specified rule "peer: {one.cidr or one.cidr6 or one.group_id},'
                f' {said(one)}, ALLOW" already exists',
            )
        present.add(identity(one))


def _authorize(ctx: Context, given: Input, *, egress: bool) -> Output:
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    tags = tags_of(given, "security-group-rule")
    new = [
        msgspec.structs.replace(one, rule_id=f"sgr-{ctx.ids.hex(17)}", tags=tags)
        for one in permissions(ctx, given, egress=egress)
    ]
    _refuse_twins((*group.desired.permissions, *new))
    same_way = [one for one in group.desired.permissions if one.egress == egress]
    if len(same_way) + len(new) > _MOST_RULES:
        raise ServiceError(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )
    _write(ctx, group, (*group.desired.permissions, *new))
    return {
        "Return": True,
        "SecurityGroupRules": [show_rule(ctx, group.key, one) for one in new],
    }


def _revoke(ctx: Context, given: Input, *, egress: bool) -> Output:
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    rules = group.desired.permissions
    if ids := given.get("SecurityGroupRuleIds"):
        gone = [one for one in rules if one.rule_id in ids and one.egress == egress]
        missing = set(ids) - {one.rule_id for one in gone}
        if missing:
            raise _no_rule(min(missing))
    else:
        wanted = {identity(one) for one in permissions(ctx, given, egress=egress)}
        gone = [one for one in rules if identity(one) in wanted]
        if len(gone) < len(wanted):
            raise ServiceError(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            )
    _write(ctx, group, tuple(one for one in rules if one not in gone))
    return {
        "Return": True,
        "UnknownIpPermissions": [],
        "RevokedSecurityGroupRules": [show_revoked(group.key, one) for one in gone],
    }


def _describe_anew(ctx: Context, given: Input, *, egress: bool) -> Output:
    refuse_dry_run(given)
    group = by_id_or_name(ctx, given)
    rules = group.desired.permissions
    if by_id := given.get("SecurityGroupRuleDescriptions"):
        texts = {one["SecurityGroupRuleId"]: one.get("Description", "") for one in by_id}
        for text in filter(None, texts.values()):
            check_text(text, "rule")
        matched = {one.rule_id: texts[one.rule_id] for one in rules if one.rule_id in texts}
        count = len(texts)
    else:
        asked = {identity(one): one.description for one in permissions(ctx, given, egress=egress)}
        matched = {one.rule_id: asked[identity(one)] for one in rules if identity(one) in asked}
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


def _write(ctx: Context, group: GroupItem, rules: tuple[Permission, ...]) -> None:
    current = GROUP.get(ctx, group.key)
    ctx.tx.desire(
        SECURITY_GROUPS, group.ref, msgspec.structs.replace(current.desired, permissions=rules)
    )
