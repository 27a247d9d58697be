"""Removes events: those older than their group keeps them, and those of what was deleted.

In batches, so that no call waits for long. Retention counts days by the clock: it is not a wait
that the platform's time compression makes shorter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demitasse.clock import Clock
from demitasse.control import Controller, Interest, own
from demitasse.services.logs import events
from demitasse.services.logs.records import LOG_GROUPS, LOG_REMAINS
from demitasse.store import Kind, Ref, Store, Transaction

BATCH = 1000
_BREATH = 0.02  # seconds between two batches
_DAY = 24 * 3600 * 1000
_SOONEST, _LATEST = 60.0, 3600.0  # seconds until a group with a retention is looked at again


class LogRetentionController(Controller):
    """One log group with a retention policy at a time."""

    name = "logs.retention"
    workers = 1

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {LOG_GROUPS: own}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(LOG_GROUPS)

    async def reconcile(self, ref: Ref) -> float | None:
        now = int(self._clock.now().timestamp() * 1000)
        with self._store.transaction() as tx:
            item = tx.get(LOG_GROUPS, *ref)
            if item is None or not item.desired.retention_days:
                return None
            number, kept = item.desired.number, item.desired.retention_days * _DAY
            oldest = events.oldest(tx, number)
            if oldest is not None and oldest < now - kept:
                events.remove_older(tx, number, now - kept, BATCH)
                return _BREATH
        if oldest is None:
            return _LATEST
        return min(max((oldest + kept - now) / 1000, _SOONEST), _LATEST)


class LogRemovalController(Controller):
    """One deleted group or stream at a time, until none of its events is left."""

    name = "logs.removal"
    workers = 1

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {LOG_REMAINS: own}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(LOG_REMAINS)

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            item = tx.get(LOG_REMAINS, *ref)
            if item is None:
                return None
            left = item.desired
            if left.stream:
                removed = events.remove_of_stream(tx, left.group, left.stream, BATCH)
            else:
                removed = events.remove_of_group(tx, left.group, BATCH)
            if removed == BATCH:
                return _BREATH
            tx.delete(LOG_REMAINS, ref)
        return None
