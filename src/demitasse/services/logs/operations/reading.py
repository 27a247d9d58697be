"""Reading log events: of one stream, page by page in both directions, or filtered, of a group."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from demitasse.api import Input, Output
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.logs import events
from demitasse.services.logs.operations import names
from demitasse.services.logs.operations.api import api
from demitasse.services.logs.patterns import compiled

_MOST = 10_000
_LARGEST = 1_048_576
_SEARCHED = 5000
"""Events that one FilterLogEvents looks at, at most: a rare word costs pages, not a standstill."""
_NEWEST_FIRST_SINCE = 1_704_067_200_000
_DIGITS = 28
_TOKEN = re.compile(rf"([fb])/([0-9]{{{_DIGITS}}})([0-9]{{{_DIGITS}}})/s")


@api.operation("GetLogEvents")
def get_log_events(ctx: Context, given: Input) -> Output:
    """A page of one stream, oldest event first.

    ``nextForwardToken`` leads to what comes after, also to what comes later; at the end of the
    stream it is the one that was given. So does ``nextBackwardToken``, to what was before.
    """
    group = names.identified(ctx, given)
    stream = names.stream(ctx, group, given["logStreamName"])
    start, end = _times(given)
    forward, position = _where(given, start, end)
    beyond, until = max(position, (start, 0)), end
    if not forward:
        beyond, until = min(position, (end, 0)), start
    found, _ = _fill(
        events.walk(
            ctx.tx,
            group=stream.group,
            stream=stream.id,
            beyond=beyond,
            until=until,
            descending=not forward,
        ),
        given.get("limit", _MOST),
    )
    if not forward:
        found.reverse()
    first, last = _edges(found, position, forward=forward)
    return {
        "events": [
            {"timestamp": event.time, "message": event.message, "ingestionTime": event.ingested}
            for event in found
        ],
        "nextForwardToken": _token("f", last),
        "nextBackwardToken": _token("b", first),
    }


def _times(given: Input) -> tuple[int, int]:
    """The bounds of the times asked for, in milliseconds."""
    start, end = given.get("startTime", 0), given.get("endTime", events.END_OF_TIME)
    return min(start, events.END_OF_TIME), min(end, events.END_OF_TIME)


def _where(given: Input, start: int, end: int) -> tuple[bool, events.Position]:
    """The direction to read in, and beyond which position."""
    token = given.get("nextToken")
    if token is None:
        forward = given.get("startFromHead", False)
        return forward, (start, 0) if forward else (end, 0)
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise names.invalid("The specified nextToken is invalid.")
    position = int(match[2]), int(match[3])
    if max(position) > events.END_OF_TIME:
        raise names.invalid("The specified nextToken is invalid.")
    return match[1] == "f", position


def _edges(
    found: list[events.Event], position: events.Position, *, forward: bool
) -> tuple[events.Position, events.Position]:
    """The positions before and after a page. Beyond an empty one there is what led to it."""
    if found:
        return found[0].position, found[-1].position
    time, number = position
    if forward:
        return (time, number + 1), position
    if time >= events.END_OF_TIME:
        return (0, 0), (0, 0)  # a stream without events: whatever comes is after this
    return position, (time, max(number - 1, 0))


def _token(direction: str, position: events.Position) -> str:
    time, number = position
    return f"{direction}/{time:0{_DIGITS}d}{number:0{_DIGITS}d}/s"


@api.operation("FilterLogEvents")
def filter_log_events(ctx: Context, given: Input) -> Output:
    """A page of a group's events that match a pattern, of all streams in the order of times.

    A page may hold fewer events than there are, or none, and yet have a ``nextToken``.
    """
    group = names.identified(ctx, given)
    matches = compiled(given.get("filterPattern", ""))
    start, end = _times(given)
    descending, beyond = _direction(given, start, end)
    stream, wanted = _streams(ctx, group, given)
    walk = events.walk(
        ctx.tx,
        group=group.desired.number,
        stream=stream,
        beyond=beyond,
        until=start if descending else end + 1,  # here the end is included
        descending=descending,
    )
    found, last = _fill(
        walk,
        given.get("limit", _MOST),
        lambda event: wanted(event.stream) and matches(event.message),
        _SEARCHED,
    )
    sign = "d" if descending else "a"
    return {
        "events": [
            {
                "logStreamName": event.stream,
                "timestamp": event.time,
                "message": event.message,
                "ingestionTime": event.ingested,
                "eventId": f"{event.time:0{_DIGITS}d}{event.number:0{_DIGITS}d}",
            }
            for event in found
        ],
        "searchedLogStreams": [],
        "nextToken": None if last is None else paging.token(f"{sign}/{last[0]}/{last[1]}"),
    }


def _direction(given: Input, start: int, end: int) -> tuple[bool, events.Position]:
    """Whether the newest come first, and beyond which position to read."""
    token = names.start(given)
    if token:
        match = re.fullmatch(r"([ad])/([0-9]{1,18})/([0-9]{1,18})", token)
        if match is None:
            raise names.invalid("The specified nextToken is invalid.")
        return match[1] == "d", (int(match[2]), int(match[3]))
    if given.get("startFromHead", True):
        return False, (start, 0)
    if start < _NEWEST_FIRST_SINCE:
        raise names.invalid(
            "startFromHead can be false only with a startTime on or after Jan 1, 2024 00:00:00 UTC."
        )
    return True, (end + 1, 0)


def _streams(
    ctx: Context, group: events.GroupItem, given: Input
) -> tuple[int | None, Callable[[str], bool]]:
    """The one stream asked for, or ``None``; and whether a stream of that name is asked for."""
    listed, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix")
    if listed and prefix:
        raise names.invalid("logStreamNames and logStreamNamePrefix cannot both be specified.")
    if listed:
        ids = {name: names.stream(ctx, group, name).id for name in listed}
        return next(iter(ids.values())) if len(ids) == 1 else None, ids.__contains__
    if prefix:
        found = events.streams_by_name(
            ctx.tx, group.desired.number, prefix=prefix, after="", descending=False, limit=2
        )
        only = found[0].id if len(found) == 1 else None
        return only, lambda name: name.startswith(prefix)
    return None, lambda _name: True


def _fill(
    walk: Iterator[events.Event],
    limit: int,
    wanted: Callable[[events.Event], bool] = lambda _event: True,
    most: int | None = None,
) -> tuple[list[events.Event], events.Position | None]:
    """The wanted events that fit into a page; and where it ends, if others may follow.

    Looks at ``most`` events at most.
    """
    found: list[events.Event] = []
    size = looked = 0
    last: events.Position | None = None
    for event in walk:
        full = len(found) == limit or looked == most
        fits = not found or size + event.bytes <= _LARGEST
        if full or not fits:
            return found, last
        if wanted(event):
            found.append(event)
            size += event.bytes
        last, looked = event.position, looked + 1
    return found, None
