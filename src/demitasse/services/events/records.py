"""What is kept of EventBridge, and how a service says that something happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.store import Kind, Transaction
from demitasse.store.kinds import Nothing

DEFAULT_BUS = "default"


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that has not been taken to its targets yet; keys are in the order of happening.

    ``detail`` is the event's detail as AWS documents it for its source.
    """

    event_id: str
    source: str
    detail_type: str
    detail: dict[str, Any]
    time: datetime
    resources: tuple[str, ...] = ()
    bus: str = DEFAULT_BUS


EVENTS: Kind[Event, Nothing] = Kind("events.event", Event, Nothing)


def emit(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    *,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: tuple[str, ...] = (),
    bus: str = DEFAULT_BUS,
) -> str:
    """Say that something happened, in the transaction of the change itself; the event's id.

    So the event is kept if and only if the change is. The events controller takes it to the
    targets of every rule that matches, and forgets it in the transaction that does so.
    """
    event_id = ids.uuid()
    tx.create(
        EVENTS,
        scope,
        f"{tx.next(scope, 'events.event'):020}",
        Event(event_id, source, detail_type, detail, now, resources, bus),
    )
    return event_id
