"""What happened to DB instances, as RDS tells it for fourteen days.

Messages and categories are those of "Amazon RDS event categories and event messages" in the RDS
User Guide.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

import msgspec

from demitasse.api import Scope
from demitasse.store import Kind, Transaction
from demitasse.store.kinds import Nothing

_KEPT = timedelta(days=14)
_FORGOTTEN_AT_ONCE = 10


class Happened(Enum):
    """Message and category of what can happen here."""

    CREATED = "DB instance created", "creation"
    DELETED = "DB instance deleted", "deletion"
    SHUT_DOWN = "DB instance shutdown", "availability"
    RESTARTED = "DB instance restarted", "availability"
    STOPPED = "DB instance stopped", "notification"
    STARTED = "DB instance started", "notification"
    NEW_PASSWORD = "Reset master credentials", "configuration change"
    NEW_CLASS = "Finished applying modification to DB instance class", "configuration change"
    NEW_STORAGE = "Finished applying modification to allocated storage", "configuration change"


class DbEvent(msgspec.Struct, frozen=True):
    """One event; the record's key begins with ``key_at`` its time."""

    source: str
    message: str
    category: str
    at: datetime


EVENTS: Kind[DbEvent, Nothing] = Kind(
    "rds.event", DbEvent, Nothing, {"source": lambda item: item.desired.source}
)


def key_at(moment: datetime) -> str:
    """Where the keys of events at a moment begin."""
    return f"{int(moment.timestamp() * 1000):015d}"


def tell(tx: Transaction, scope: Scope, source: str, what: Happened, now: datetime) -> None:
    """Keep an event of a DB instance, and forget some that are too old."""
    beginning = f"{key_at(now)}/{source}/"
    number = len(tx.page(EVENTS, scope, prefix=beginning))
    message, category = what.value
    tx.create(EVENTS, scope, f"{beginning}{number:06d}", DbEvent(source, message, category, now))
    for old in tx.page(EVENTS, scope, limit=_FORGOTTEN_AT_ONCE):
        if old.desired.at < now - _KEPT:
            tx.delete(EVENTS, old.ref)
