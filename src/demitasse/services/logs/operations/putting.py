"""Putting log events."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.logs import events
from demitasse.services.logs.operations import names
from demitasse.services.logs.operations.api import api
from demitasse.services.logs.operations.streams import sequence_token

LARGEST_BATCH = 1_048_576
_DAY = 24 * 3600 * 1000
_OLDEST, _NEWEST = 14 * _DAY, 2 * 3600 * 1000


@api.operation("PutLogEvents")
def put_log_events(ctx: Context, given: Input) -> Output:
    """Keep a batch at the end of a stream; what is too old or too new is told, not kept.

    AWS's rules: in the order of their times, 1 MiB at most with 26 bytes for each event, valid
    ones within 24 hours, none older than 14 days or the group's retention, none more than 2 hours
    ahead. The sequence token is not looked at.
    """
    if given.get("entity"):
        raise NotSupported("PutLogEvents with entity")
    group = names.group(ctx, given["logGroupName"])
    stream = names.stream(ctx, group, given["logStreamName"])
    batch = [events.new_event(each["timestamp"], each["message"]) for each in given["logEvents"]]
    size = sum(event.bytes for event in batch)
    if size > LARGEST_BATCH:
        raise names.invalid(f"Upload too large: {size} bytes exceeds limit of {LARGEST_BATCH}")
    if any(before.time > after.time for before, after in pairwise(batch)):
        raise names.invalid(
            "Log events in a single PutLogEvents request must be in chronological order."
        )
    now = names.milliseconds(ctx.now)
    rejected, valid = _sorted_out(batch, now, group.desired.retention_days)
    if valid and valid[-1].time - valid[0].time > _DAY:
        raise names.invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than"
            " 24 hours."
        )
    events.append(ctx.tx, stream, valid, now)
    return {
        "nextSequenceToken": sequence_token(now),
        "rejectedLogEventsInfo": rejected or None,
    }


def _sorted_out(
    batch: list[events.NewEvent], now: int, retention_days: int
) -> tuple[dict[str, Any], list[events.NewEvent]]:
    """What is rejected, in AWS's shape, and the events that are kept."""
    rejected: dict[str, Any] = {}
    too_old = sum(event.time < now - _OLDEST for event in batch)
    expired = 0
    if retention_days:
        expired = sum(event.time < now - retention_days * _DAY for event in batch)
    too_new = sum(event.time > now + _NEWEST for event in batch)
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(batch) - too_new
    return rejected, batch[max(too_old, expired) : len(batch) - too_new]
