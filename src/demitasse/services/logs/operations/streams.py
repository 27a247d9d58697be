"""Log streams: create, list, delete."""

from __future__ import annotations

import re

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.logs import events
from demitasse.services.logs.operations import names
from demitasse.services.logs.operations.api import api
from demitasse.services.logs.records import stream_arn

_MOST = 50


@api.operation("CreateLogStream")
def create_log_stream(ctx: Context, given: Input) -> Output:
    """Keep a new stream of a group."""
    group = names.group(ctx, given["logGroupName"])
    name = given["logStreamName"]
    if events.stream(ctx.tx, group.desired.number, name) is not None:
        raise ServiceError(
            "ResourceAlreadyExistsException", "The specified log stream already exists"
        )
    events.create_stream(ctx.tx, group.desired.number, name, names.milliseconds(ctx.now))
    return {}


@api.operation("DeleteLogStream")
def delete_log_stream(ctx: Context, given: Input) -> Output:
    """Forget a stream with its events."""
    group = names.group(ctx, given["logGroupName"])
    if group.desired.deletion_protection:
        raise ServiceError(
            "ValidationException",
            "The specified log group has deletion protection enabled and its log streams cannot"
            " be deleted.",
        )
    events.delete_stream(ctx.tx, ctx.scope, names.stream(ctx, group, given["logStreamName"]))
    return {}


@api.operation("DescribeLogStreams")
def describe_log_streams(ctx: Context, given: Input) -> Output:
    """Streams of a group in the order of their names, or of their last events."""
    group = names.identified(ctx, given)
    limit, number = given.get("limit", _MOST), group.desired.number
    after, descending = names.start(given), given.get("descending", False)
    prefix = given.get("logStreamNamePrefix", "")
    by_time = given.get("orderBy", "LogStreamName") == "LastEventTime"
    if by_time and prefix:
        raise names.invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    if by_time:
        rows = events.streams_by_time(
            ctx.tx, number, after=_position(after), descending=descending, limit=limit + 1
        )
    else:
        rows = events.streams_by_name(
            ctx.tx, number, prefix=prefix, after=after, descending=descending, limit=limit + 1
        )
    shown, more = paging.cut(rows, limit)
    token = None
    if more:
        last = shown[-1]
        token = paging.token(f"{last.last_time}/{last.id}" if by_time else last.name)
    return {
        "logStreams": [_written(ctx, group.key, found) for found in shown],
        "nextToken": token,
    }


def _position(token: str) -> events.Position | None:
    if not token:
        return None
    match = re.fullmatch(r"([0-9]{1,18})/([0-9]{1,18})", token)
    if match is None:
        raise names.invalid("The specified nextToken is invalid.")
    return int(match[1]), int(match[2])


def _written(ctx: Context, group: str, found: events.Stream) -> Output:
    """A stream in AWS's shape; AWS says of every stream that it holds 0 bytes."""
    return {
        "logStreamName": found.name,
        "creationTime": found.created,
        "firstEventTimestamp": found.first_time or None,
        "lastEventTimestamp": found.last_time or None,
        "lastIngestionTime": found.ingested or None,
        "uploadSequenceToken": sequence_token(found.ingested),
        "arn": stream_arn(ctx.scope, group, found.name),
        "storedBytes": 0,
    }


def sequence_token(ingested: int) -> str:
    """The token that AWS still returns, and no longer looks at."""
    return f"{ingested:056d}"
