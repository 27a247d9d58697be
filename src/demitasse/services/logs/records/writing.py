"""How another service writes log events of its own, in its own transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.logs import events
from demitasse.services.logs.records import LOG_GROUPS
from demitasse.store import Transaction

OLDEST, NEWEST = timedelta(days=14), timedelta(hours=2)
"""How far from now the time of an event may be."""


def write(
    tx: Transaction,
    scope: Scope,
    group: str,
    stream: str,
    message: str,
    *,
    at: datetime,
    now: datetime,
) -> None:
    """Keep an event at the end of a stream, which is made when there is none.

    A time that CloudWatch Logs would refuse becomes ``now``. ``ServiceError``
    ``ResourceNotFoundException`` when there is no such group.
    """
    item = tx.get(LOG_GROUPS, scope, group)
    if item is None:
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    number, ingested = item.desired.number, _milliseconds(now)
    found = events.stream(tx, number, stream)
    if found is None:
        found = events.create_stream(tx, number, stream, ingested)
    time = at if -NEWEST <= now - at <= OLDEST else now
    events.append(tx, found, [events.new_event(_milliseconds(time), message)], ingested)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
