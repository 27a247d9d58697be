"""Tags of everything that EC2 keeps here."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import Resource, api, refuse_dry_run
from demitasse.services.ec2.operations.gateways import GATEWAY
from demitasse.services.ec2.operations.interfaces import INTERFACE
from demitasse.services.ec2.operations.network_acls import NETWORK_ACL
from demitasse.services.ec2.operations.route_tables import ROUTE_TABLE
from demitasse.services.ec2.operations.security_groups import GROUP
from demitasse.services.ec2.operations.subnets import SUBNET
from demitasse.services.ec2.operations.vpcs import VPC
from demitasse.store import Item

_TYPES = {
    "vpc": VPC,
    "subnet": SUBNET,
    "internet-gateway": GATEWAY,
    "route-table": ROUTE_TABLE,
    "network-acl": NETWORK_ACL,
    "security-group": GROUP,
    "network-interface": INTERFACE,
}
_BY_PREFIX = {resource.prefix: (name, resource) for name, resource in _TYPES.items()}
_MOST_TAGS = 50
_PAGE = 1000


@api.operation("CreateTags")
def create_tags(ctx: Context, given: Input) -> Output:
    """Tag resources; a tag that is there gets the new value."""
    refuse_dry_run(given)
    for tag in given["Tags"]:
        if tag.get("Key", "").startswith("aws:"):
            raise ServiceError(
                "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved"
            )
    new = {tag.get("Key", ""): tag.get("Value", "") for tag in given["Tags"]}
    for resource, item in _named(ctx, given["Resources"]):
        tags = item.desired.tags | new
        if len(tags) > _MOST_TAGS:
            raise ServiceError("TagLimitExceeded", "The maximum number of tags has been reached.")
        _write(ctx, resource, item, tags)
    return {}


@api.operation("DeleteTags")
def delete_tags(ctx: Context, given: Input) -> Output:
    """Untag resources: those keys (with a value: only if it is that one), or all tags."""
    refuse_dry_run(given)
    wanted = given.get("Tags")
    for resource, item in _named(ctx, given["Resources"]):
        tags = dict(item.desired.tags)
        for tag in [{"Key": key} for key in tags] if wanted is None else wanted:
            key, value = tag.get("Key", ""), tag.get("Value")
            if key in tags and value in (None, tags[key]):
                del tags[key]
        _write(ctx, resource, item, tags)
    return {}


@api.operation("DescribeTags")
def describe_tags(ctx: Context, given: Input) -> Output:
    """List tags, with the filters ``resource-id``, ``resource-type``, ``key`` and ``value``."""
    refuse_dry_run(given)
    rows = [
        {"ResourceId": item.key, "ResourceType": name, "Key": key, "Value": value}
        for name, resource in _TYPES.items()
        for item in ctx.tx.page(resource.kind, ctx.scope)
        for key, value in item.desired.tags.items()
    ]
    members = {
        "resource-id": "ResourceId",
        "resource-type": "ResourceType",
        "key": "Key",
        "value": "Value",
    }
    for one in given.get("Filters") or []:
        if one.get("Name") not in members:
            raise ServiceError(
                "InvalidParameterValue", f"The filter '{one.get('Name')}' is invalid"
            )
        rows = [row for row in rows if row[members[one["Name"]]] in (one.get("Values") or [])]

    def place(row: Output) -> str:
        return f"{row['ResourceId']}/{row['Key']}"

    rows.sort(key=place)
    after = paging.start(given.get("NextToken"), code="InvalidNextToken")
    page, more = paging.cut(
        [row for row in rows if place(row) > after], given.get("MaxResults", _PAGE)
    )
    return {"Tags": list(page), **({"NextToken": paging.token(place(page[-1]))} if more else {})}


def _named(ctx: Context, ids: list[str]) -> list[tuple[Resource, Item[Any, Any]]]:
    named = []
    for key in ids:
        known = _BY_PREFIX.get(key.split("-", 1)[0])
        if known is None:
            raise ServiceError("InvalidID", f"The ID '{key}' is not valid")
        named.append((known[1], known[1].get(ctx, key)))
    return named


def _write(ctx: Context, resource: Resource, item: Item[Any, Any], tags: dict[str, str]) -> None:
    ctx.tx.desire(resource.kind, item.ref, msgspec.structs.replace(item.desired, tags=tags))
