"""Putting events of one's own on a bus."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.events.operations import names
from demitasse.services.events.operations.api import api
from demitasse.services.events.records import BUSES, emit

LARGEST = 1024 * 1024
_TIME_BYTES = 14
_DEEPEST = 100


class _Refused(Exception):
    """Why one entry of several cannot be taken: AWS's code and message."""


@api.operation("PutEvents")
def put_events(ctx: Context, given: Input) -> Output:
    """Put up to ten events; each entry is taken or refused by itself.

    The trace header is for X-Ray, which is not here.
    """
    if given.get("EndpointId"):
        raise NotSupported("PutEvents with EndpointId")
    entries = given["Entries"]
    if sum(_size(entry) for entry in entries) > LARGEST:
        raise names.invalid("Total size of the entries in the request is over the limit.")
    answers = [_put(ctx, entry) for entry in entries]
    return {
        "FailedEntryCount": sum("ErrorCode" in each for each in answers),
        "Entries": answers,
    }


def _put(ctx: Context, entry: dict[str, Any]) -> Output:
    try:
        bus, detail = _checked(ctx, entry)
    except _Refused as refused:
        code, message = refused.args
        return {"ErrorCode": code, "ErrorMessage": message}
    event_id = emit(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        ctx.now,
        source=entry["Source"],
        detail_type=entry["DetailType"],
        detail=detail,
        resources=tuple(entry.get("Resources", ())),
        bus=bus,
        time=entry.get("Time"),
    )
    return {"EventId": event_id}


def _checked(ctx: Context, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise _Refused(
                "InvalidArgument",
                f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            )
    if entry["Source"].startswith("aws."):
        raise _Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    bus = names.bus_name(ctx, entry.get("EventBusName"))
    if ctx.tx.get(BUSES, ctx.scope, bus) is None:
        raise _Refused("InvalidArgument", f"Event bus {bus} does not exist.")
    try:
        detail = msgspec.json.decode(entry["Detail"])
    except (msgspec.DecodeError, RecursionError):
        raise _Refused("MalformedDetail", "Detail is malformed.") from None
    if not isinstance(detail, dict) or _is_deep(detail):
        raise _Refused("MalformedDetail", "Detail is malformed.")
    return bus, detail


def _is_deep(value: Any, level: int = 0) -> bool:
    """Whether a value is nested so deeply that walking it would be a risk."""
    if level > _DEEPEST:
        return True
    if isinstance(value, dict):
        return any(_is_deep(each, level + 1) for each in value.values())
    return isinstance(value, list) and any(_is_deep(each, level + 1) for each in value)


def _size(entry: dict[str, Any]) -> int:
    """An entry's size as the user guide counts it."""
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")]
    time = _TIME_BYTES if "Time" in entry else 0
    return time + sum(len(text.encode()) for text in [*texts, *entry.get("Resources", ())])
