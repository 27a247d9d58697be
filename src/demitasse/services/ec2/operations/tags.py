"""Tags of everything that EC2 keeps here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import api, checked, filtered, refuse_dry_run
from demitasse.services.ec2.operations.gateways import GATEWAY
from demitasse.services.ec2.operations.interfaces import INTERFACE
from demitasse.services.ec2.operations.network_acls import NETWORK_ACL
from demitasse.services.ec2.operations.route_tables import ROUTE_TABLE
from demitasse.services.ec2.operations.security_group_rules import tag_rule
from demitasse.services.ec2.operations.security_groups import GROUP
from demitasse.services.ec2.operations.subnets import SUBNET
from demitasse.services.ec2.operations.vpcs import VPC
from demitasse.services.ec2.records import SECURITY_GROUPS, Tags

_TYPES = {
    "vpc": VPC,
    "subnet": SUBNET,
    "internet-gateway": GATEWAY,
    "route-table": ROUTE_TABLE,
    "network-acl": NETWORK_ACL,
    "security-group": GROUP,
    "network-interface": INTERFACE,
}
_BY_PREFIX = {resource.prefix: resource for resource in _TYPES.values()}
_RULE = "sgr"
_SMALLEST_PAGE, _PAGE = 5, 1000
_MEMBERS = {
    "resource-id": "ResourceId",
    "resource-type": "ResourceType",
    "key": "Key",
    "value": "Value",
}


@api.operation("CreateTags")
def create_tags(ctx: Context, given: Input) -> Output:
    """Tag resources; a tag that is there gets the new value."""
    refuse_dry_run(given)
    new = {tag.get("Key", ""): tag.get("Value", "") for tag in given["Tags"]}
    _change(ctx, given["Resources"], lambda tags: checked({**tags, **new}))
    return {}


@api.operation("DeleteTags")
def delete_tags(ctx: Context, given: Input) -> Output:
    """Untag resources: those keys (with a value: only if it is that one), or all tags."""
    refuse_dry_run(given)
    wanted = given.get("Tags")

    def kept(tags: Tags) -> Tags:
        if wanted is None:
            return {}
        gone = {
            tag.get("Key", "")
            for tag in wanted
            if tag.get("Value") in (None, tags.get(tag.get("Key", "")))
        }
        return {key: value for key, value in tags.items() if key not in gone}

    _change(ctx, given["Resources"], kept)
    return {}


@api.operation("DescribeTags")
def describe_tags(ctx: Context, given: Input) -> Output:
    """List tags, with the filters ``resource-id``, ``resource-type``, ``key`` and ``value``."""
    refuse_dry_run(given)
    filters = given.get("Filters") or []
    rows = filtered(_tags(ctx, filters), _plain(filters), _MEMBERS)
    rows.sort(key=_place)
    after = paging.start(
        given.get("NextToken"),
        code="InvalidNextToken",
        message="The token is invalid or has expired.",
    )
    limit = given.get("MaxResults", _PAGE)
    if not _SMALLEST_PAGE <= limit <= _PAGE:
        raise ServiceError(
            "InvalidParameterValue",
            f"Value ( {limit} ) for parameter maxResults is invalid."
            f" Expecting a value between {_SMALLEST_PAGE} and {_PAGE}.",
        )
    page, more = paging.cut([row for row in rows if _place(row) > after], limit)
    return {"Tags": list(page), **({"NextToken": paging.token(_place(page[-1]))} if more else {})}


def _plain(filters: list[Input]) -> list[Input]:
    """``tag:<key>`` said with the two filters that it stands for."""
    plain: list[Input] = []
    for one in filters:
        name = one.get("Name", "")
        if name.startswith("tag:"):
            plain.append({"Name": "key", "Values": [name.removeprefix("tag:")]})
            plain.append({"Name": "value", "Values": one.get("Values") or []})
        else:
            plain.append(one)
    return plain


def _tags(ctx: Context, filters: list[Input]) -> Iterator[Output]:
    """The tags of the resources that a filter names, or of all."""
    ids = next((one.get("Values") or [] for one in filters if one.get("Name") == "resource-id"), [])
    for name, resource in _TYPES.items():
        if ids and not any("*" in each or "?" in each for each in ids):
            found = (ctx.tx.get(resource.kind, ctx.scope, each) for each in ids)
            items = [item for item in found if item is not None]
        else:
            items = ctx.tx.page(resource.kind, ctx.scope)
        for item in items:
            yield from _rows(item.key, name, item.desired.tags)
    for group in ctx.tx.page(SECURITY_GROUPS, ctx.scope):
        for rule in group.desired.permissions:
            yield from _rows(rule.rule_id, "security-group-rule", rule.tags)


def _rows(key: str, name: str, tags: Tags) -> Iterator[Output]:
    for tag, value in tags.items():
        yield {"ResourceId": key, "ResourceType": name, "Key": tag, "Value": value}


def _place(row: Output) -> str:
    return f"{row['ResourceId']}/{row['Key']}"


def _change(ctx: Context, ids: list[str], change: Callable[[Tags], Tags]) -> None:
    """Change the tags of all resources named, or of none when one is not there."""
    for key in dict.fromkeys(ids):
        prefix = key.split("-", 1)[0]
        if prefix == _RULE:
            tag_rule(ctx, key, change)
        elif prefix in _BY_PREFIX:
            resource = _BY_PREFIX[prefix]
            item = resource.get(ctx, key)
            new = msgspec.structs.replace(item.desired, tags=change(item.desired.tags))
            ctx.tx.desire(resource.kind, item.ref, new)
        else:
            raise ServiceError("InvalidID", f"The ID '{key}' is not valid")
