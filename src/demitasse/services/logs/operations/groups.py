"""Log groups: create, list, delete, and how long they keep events."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.logs import events
from demitasse.services.logs.operations import names, tags
from demitasse.services.logs.operations.api import api
from demitasse.services.logs.records import LOG_GROUPS, LogGroup, group_arn

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
_MOST = 50
_CHUNK = 500
_replace = msgspec.structs.replace


@api.operation("CreateLogGroup")
def create_log_group(ctx: Context, given: Input) -> Output:
    """Keep a new group; it keeps events for ever until told otherwise."""
    name = given["logGroupName"]
    if given.get("kmsKeyId"):
        raise NotSupported("CreateLogGroup with kmsKeyId")
    if given.get("logGroupClass", "STANDARD") != "STANDARD":
        raise NotSupported(f"The log group class {given['logGroupClass']}")
    if name.startswith("aws/"):
        raise names.invalid("Log groups starting with AWS/ are reserved for AWS.")
    if ctx.tx.get(LOG_GROUPS, ctx.scope, name) is not None:
        raise ServiceError(
            "ResourceAlreadyExistsException", "The specified log group already exists"
        )
    given_tags = given.get("tags", {})
    tags.check(given_tags)
    events.create_group(
        ctx.tx,
        ctx.scope,
        name,
        names.milliseconds(ctx.now),
        tags=given_tags,
        deletion_protection=given.get("deletionProtectionEnabled", False),
    )
    return {}


@api.operation("DeleteLogGroup")
def delete_log_group(ctx: Context, given: Input) -> Output:
    """Forget a group with its streams and events."""
    item = names.group(ctx, given["logGroupName"])
    if item.desired.deletion_protection:
        raise ServiceError(
            "ValidationException",
            "The specified log group has deletion protection enabled and cannot be deleted.",
        )
    events.delete_group(ctx.tx, item)
    return {}


@api.operation("PutLogGroupDeletionProtection")
def put_log_group_deletion_protection(ctx: Context, given: Input) -> Output:
    """Protect a group from being deleted, or no longer."""
    item = names.group(ctx, names.of_identifier(ctx, given["logGroupIdentifier"]))
    wanted = given["deletionProtectionEnabled"]
    ctx.tx.desire(LOG_GROUPS, item.ref, _replace(item.desired, deletion_protection=wanted))
    return {}


@api.operation("PutRetentionPolicy")
def put_retention_policy(ctx: Context, given: Input) -> Output:
    """Keep events of the last days only; older ones are removed by a controller."""
    item = names.group(ctx, given["logGroupName"])
    days = given["retentionInDays"]
    if days not in RETENTION_DAYS:
        known = ", ".join(map(str, RETENTION_DAYS))
        raise names.invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy"
            f" constraint: Member must satisfy enum value set: [{known}]"
        )
    ctx.tx.desire(LOG_GROUPS, item.ref, _replace(item.desired, retention_days=days))
    return {}


@api.operation("DeleteRetentionPolicy")
def delete_retention_policy(ctx: Context, given: Input) -> Output:
    """Keep events for ever."""
    item = names.group(ctx, given["logGroupName"])
    ctx.tx.desire(LOG_GROUPS, item.ref, _replace(item.desired, retention_days=0))
    return {}


@api.operation("DescribeLogGroups")
def describe_log_groups(ctx: Context, given: Input) -> Output:
    """Groups in the order of names: all, those of a prefix, those whose names contain a text."""
    _refuse_other_accounts(given)
    prefix, pattern = given.get("logGroupNamePrefix"), given.get("logGroupNamePattern")
    if prefix and pattern:
        raise names.invalid(
            "LogGroupNamePrefix and LogGroupNamePattern are mutually exclusive parameters."
        )
    if given.get("logGroupIdentifiers"):
        if prefix or pattern or given.get("logGroupClass"):
            raise names.invalid("logGroupIdentifiers allows no other filter.")
        wanted = [names.of_identifier(ctx, each) for each in given["logGroupIdentifiers"]]
        found = [ctx.tx.get(LOG_GROUPS, ctx.scope, name) for name in dict.fromkeys(wanted)]
        return {"logGroups": [_written(ctx, item) for item in found if item is not None]}
    if given.get("logGroupClass", "STANDARD") != "STANDARD":
        return {"logGroups": []}
    rows, token = _page(
        ctx, given, lambda name: not pattern or pattern in name, prefix=prefix or ""
    )
    return {"logGroups": [_written(ctx, item) for item in rows], "nextToken": token}


@api.operation("ListLogGroups")
def list_log_groups(ctx: Context, given: Input) -> Output:
    """Groups in the order of names; the pattern is up to five texts, ``^`` for a name's start."""
    _refuse_other_accounts(given)
    for option in ("dataSources", "fieldIndexNames", "logGroupTags"):
        if given.get(option):
            raise NotSupported(f"ListLogGroups with {option}")
    if given.get("logGroupClass", "STANDARD") != "STANDARD":
        return {"logGroups": []}
    parts = given.get("logGroupNamePattern", "").split("|")
    anywhere = re.compile(
        "|".join(
            ("^" if part.startswith("^") else "") + re.escape(part.lstrip("^")) for part in parts
        )
    )
    rows, token = _page(ctx, given, lambda name: anywhere.search(name) is not None)
    return {
        "logGroups": [
            {
                "logGroupName": item.key,
                "logGroupArn": group_arn(ctx.scope, item.key),
                "logGroupClass": "STANDARD",
            }
            for item in rows
        ],
        "nextToken": token,
    }


def _refuse_other_accounts(given: Input) -> None:
    for option in ("accountIdentifiers", "includeLinkedAccounts"):
        if given.get(option):
            raise NotSupported(f"Listing log groups with {option}")


def _page(
    ctx: Context, given: Input, wanted: Callable[[str], bool], prefix: str = ""
) -> tuple[list[events.GroupItem], str | None]:
    """The groups of a page, and the token of the next one."""
    limit = given.get("limit", _MOST)
    after = names.start(given)
    found: list[events.GroupItem] = []
    while len(found) <= limit:
        rows = ctx.tx.page(LOG_GROUPS, ctx.scope, after=after, limit=_CHUNK, prefix=prefix)
        found += [item for item in rows if wanted(item.key)]
        if len(rows) < _CHUNK:
            break
        after = rows[-1].key
    shown, more = paging.cut(found, limit)
    return list(shown), paging.token(shown[-1].key) if more else None


def _written(ctx: Context, item: events.GroupItem) -> Output:
    group: LogGroup = item.desired
    arn = group_arn(ctx.scope, item.key)
    return {
        "logGroupName": item.key,
        "creationTime": group.created,
        "retentionInDays": group.retention_days or None,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": events.stored_bytes(ctx.tx, group.number),
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
        "deletionProtectionEnabled": group.deletion_protection,
    }
