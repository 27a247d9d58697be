"""Streams and events: the SQL behind CloudWatch Logs. Flat cost, whatever a group holds.

Times are milliseconds since 1970. A position is ``(time, number)``: events are given in the order
of their times, those of one time in the order of their arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from demitasse.api import Scope
from demitasse.services.logs.records import LOG_GROUPS, LOG_REMAINS, LogGroup, Remains, Tags
from demitasse.store import Item, Transaction
from demitasse.store.kinds import Nothing

OVERHEAD = 26
"""Bytes that AWS counts for an event beyond its message."""
END_OF_TIME = 2**62
Position = tuple[int, int]
GroupItem = Item[LogGroup, Nothing]

_EVERYWHERE = Scope("", "")
_CHUNK = 200


class Stream(NamedTuple):
    """A log stream."""

    id: int
    group: int
    name: str
    created: int
    first_time: int
    last_time: int
    ingested: int


class Event(NamedTuple):
    """A log event as it was kept."""

    number: int
    time: int
    ingested: int
    bytes: int
    message: str
    stream: str

    @property
    def position(self) -> Position:
        return self.time, self.number


class NewEvent(NamedTuple):
    """A log event to keep."""

    time: int
    message: str
    bytes: int  # with the overhead


def new_event(time: int, message: str) -> NewEvent:
    """An event of a text; what is no character (half of a surrogate pair) becomes a ``?``."""
    data = message.encode("utf-8", "replace")
    return NewEvent(time, data.decode(), len(data) + OVERHEAD)


# groups


def create_group(
    tx: Transaction,
    scope: Scope,
    name: str,
    now: int,
    *,
    tags: Tags | None = None,
    deletion_protection: bool = False,
) -> GroupItem:
    """Keep a new log group; ``AlreadyStored``."""
    number = tx.next(_EVERYWHERE, "logs.group")
    group = LogGroup(number, now, deletion_protection=deletion_protection, tags=tags or {})
    item = tx.create(LOG_GROUPS, scope, name, group)
    tx.execute("INSERT INTO log_group (id) VALUES (?)", (number,))
    return item


def delete_group(tx: Transaction, item: GroupItem) -> None:
    """Forget a group at once; its events are removed in batches, by the controller."""
    number = item.desired.number
    tx.delete(LOG_GROUPS, item.ref)
    tx.create(LOG_REMAINS, item.scope, f"group/{number}", Remains(number))


def stored_bytes(tx: Transaction, group: int) -> int:
    """How much a group holds."""
    rows = tx.execute("SELECT bytes FROM log_group WHERE id = ?", (group,))
    return int(rows[0][0]) if rows else 0


# streams

_STREAM = "SELECT id, grp, name, created, first_time, last_time, ingested FROM log_stream"


def stream(tx: Transaction, group: int, name: str) -> Stream | None:
    """A stream by its name."""
    rows = tx.execute(f"{_STREAM} WHERE grp = ? AND name = ?", (group, name))
    return Stream(*rows[0]) if rows else None


def create_stream(tx: Transaction, group: int, name: str, now: int) -> Stream:
    """Keep a new stream; there must be none of that name."""
    number = tx.next(_EVERYWHERE, "logs.stream")
    tx.execute(
        "INSERT INTO log_stream (id, grp, name, created) VALUES (?, ?, ?, ?)",
        (number, group, name, now),
    )
    return Stream(number, group, name, now, 0, 0, 0)


def delete_stream(tx: Transaction, scope: Scope, found: Stream) -> None:
    """Forget a stream at once; its events are removed in batches, by the controller."""
    tx.execute("UPDATE log_stream SET name = NULL WHERE id = ?", (found.id,))
    tx.create(LOG_REMAINS, scope, f"stream/{found.id}", Remains(found.group, found.id))


def streams_by_name(
    tx: Transaction, group: int, *, prefix: str, after: str, descending: bool, limit: int
) -> list[Stream]:
    """Streams whose names begin so, in the order of names, beyond ``after`` ("": from the start)."""
    last = prefix + "\U0010ffff"
    if descending:
        order, low, high = "DESC", prefix, after or last
        bound = "name >= ? AND name < ?"
    else:
        order, low, high = "ASC", max(prefix, after), last
        bound = "name > ? AND name <= ?" if after >= prefix else "name >= ? AND name <= ?"
    rows = tx.execute(
        f"{_STREAM} WHERE grp = ? AND {bound} ORDER BY name {order} LIMIT ?",
        (group, low, high, limit),
    )
    return [Stream(*row) for row in rows]


def streams_by_time(
    tx: Transaction, group: int, *, after: Position | None, descending: bool, limit: int
) -> list[Stream]:
    """Streams in the order of their last events; a position here is ``(time, stream's id)``."""
    sign, order = ("<", "DESC") if descending else (">", "ASC")
    beyond = after or ((END_OF_TIME, 0) if descending else (-1, 0))
    rows = tx.execute(
        f"{_STREAM} WHERE grp = ? AND name IS NOT NULL AND (last_time, id) {sign} (?, ?)"
        f" ORDER BY last_time {order}, id {order} LIMIT ?",
        (group, *beyond, limit),
    )
    return [Stream(*row) for row in rows]


# events


def append(tx: Transaction, to: Stream, events: Sequence[NewEvent], now: int) -> None:
    """Keep events at the end of a stream, in the order given."""
    if not events:
        return
    for event in events:
        tx.execute(
            "INSERT INTO log_event (grp, stream, time, ingested, bytes, message)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (to.group, to.id, event.time, now, event.bytes, event.message),
        )
    first, last = min(event.time for event in events), max(event.time for event in events)
    tx.execute(
        "UPDATE log_stream SET ingested = ?2, last_time = max(last_time, ?4),"
        " first_time = CASE first_time WHEN 0 THEN ?3 ELSE min(first_time, ?3) END WHERE id = ?1",
        (to.id, now, first, last),
    )
    tx.execute(
        "UPDATE log_group SET bytes = bytes + ? WHERE id = ?",
        (sum(event.bytes for event in events), to.group),
    )


def walk(
    tx: Transaction,
    *,
    group: int,
    stream: int | None = None,
    beyond: Position,
    until: int,
    descending: bool = False,
) -> Iterator[Event]:
    """Events of a group, or of one of its streams, beyond a position, in the order of times.

    Ascending: those before the time ``until``. Descending: those from the time ``until`` on.
    Read in chunks: stop whenever there is enough.
    """
    place, number = ("grp", group) if stream is None else ("stream", stream)
    sign, order, bound = ("<", "DESC", ">=") if descending else (">", "ASC", "<")
    query = (
        "SELECT e.number, e.time, e.ingested, e.bytes, e.message, s.name"  # noqa: S608 - constants
        " FROM log_event e CROSS JOIN log_stream s ON s.id = e.stream"
        f" WHERE e.{place} = ? AND (e.time, e.number) {sign} (?, ?) AND e.time {bound} ?"
        f" AND s.name IS NOT NULL ORDER BY e.time {order}, e.number {order} LIMIT {_CHUNK}"
    )
    while True:
        rows = tx.execute(query, (number, *beyond, until))
        for row in rows:
            yield Event(*row)
        if len(rows) < _CHUNK:
            return
        beyond = (rows[-1][1], rows[-1][0])


# removing


def remove_older(tx: Transaction, group: int, before: int, limit: int) -> int:
    """Remove a group's oldest events, ``limit`` at most, of times before ``before``; how many."""
    rows = tx.execute(
        "DELETE FROM log_event WHERE number IN (SELECT number FROM log_event"
        " WHERE grp = ? AND time < ? ORDER BY time LIMIT ?) RETURNING stream, bytes",
        (group, before, limit),
    )
    _take_off(tx, group, rows)
    for number in {row[0] for row in rows}:
        tx.execute(
            "UPDATE log_stream SET first_time = coalesce((SELECT time FROM log_event"
            " WHERE stream = ?1 ORDER BY time LIMIT 1), 0) WHERE id = ?1",
            (number,),
        )
    return len(rows)


def remove_of_stream(tx: Transaction, group: int, stream: int, limit: int) -> int:
    """Remove events of a deleted stream, ``limit`` at most, and with the last the stream."""
    rows = tx.execute(
        "DELETE FROM log_event WHERE number IN (SELECT number FROM log_event"
        " WHERE stream = ? ORDER BY time LIMIT ?) RETURNING stream, bytes",
        (stream, limit),
    )
    _take_off(tx, group, rows)
    if len(rows) < limit:
        tx.execute("DELETE FROM log_stream WHERE id = ?", (stream,))
    return len(rows)


def remove_of_group(tx: Transaction, group: int, limit: int) -> int:
    """Remove events and streams of a deleted group, ``limit`` at most of each."""
    for table, key in (("log_event", "number"), ("log_stream", "id")):
        rows = tx.execute(
            f"DELETE FROM {table} WHERE {key} IN"  # noqa: S608 - constants
            f" (SELECT {key} FROM {table} WHERE grp = ? LIMIT ?) RETURNING {key}",
            (group, limit),
        )
        if len(rows) == limit:
            return limit
    tx.execute("DELETE FROM log_group WHERE id = ?", (group,))
    return 0


def oldest(tx: Transaction, group: int) -> int | None:
    """The time of a group's oldest event."""
    rows = tx.execute("SELECT time FROM log_event WHERE grp = ? ORDER BY time LIMIT 1", (group,))
    return int(rows[0][0]) if rows else None


def _take_off(tx: Transaction, group: int, rows: Iterable[tuple[int, int]]) -> None:
    tx.execute(
        "UPDATE log_group SET bytes = bytes - ? WHERE id = ?",
        (sum(bytes_ for _, bytes_ in rows), group),
    )
