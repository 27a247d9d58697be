"""Delivers events to the targets of the rules that matched, and lets schedules fire.

All that an event starts happens in the one transaction that forgets it: so nothing is lost and
nothing is started twice, wherever the platform is killed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from demitasse.clock import Clock
from demitasse.control import Controller, Interest, own
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.events import schedules
from demitasse.services.events.delivery import deliver
from demitasse.services.events.records import (
    EVENTS,
    RULES,
    Event,
    Rule,
    RuleObserved,
    keep,
    rule_arn,
    rule_key,
)
from demitasse.store import Change, Item, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

SCHEDULED = "Scheduled Event"
_OLDEST = timedelta(hours=24)
"""AWS gives up an event after a day."""
_LATEST = timedelta(seconds=60)
"""What was due longer ago, while nothing ran, is not made up for."""
_LONGEST_WAIT = 30.0  # seconds: the clock may be set, the machine may sleep


class DeliveryController(Controller):
    """One event at a time, in the order of happening."""

    name = "events.delivery"
    workers = 1

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {EVENTS: _new}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return sorted(tx.refs(EVENTS))

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            item = tx.get(EVENTS, ref.scope, ref.key)
            if item is None:
                return None
            tx.delete(EVENTS, ref)
            event, now = item.desired, self._clock.now()
            if now - event.ingested > _OLDEST:
                _not_delivered(event, "it could not be delivered for a day")
                return None
            for name in event.rules:
                rule = tx.get(RULES, ref.scope, rule_key(event.bus, name))
                if rule is not None and rule.desired.enabled:
                    self._deliver(tx, ref, event, rule.desired, now)
        return None

    def _deliver(self, tx: Transaction, ref: Ref, event: Event, rule: Rule, now: datetime) -> None:
        for target in rule.targets:
            try:
                with tx.attempt():
                    deliver(tx, ref.scope, self._ids, now, event=event, rule=rule, target=target)
            except ServiceError as error:
                _not_delivered(event, f"rule {rule.name} to {target.arn}: {error.code}: {error}")


def _not_delivered(event: Event, why: str) -> None:
    log.warning("event %s (%s) is not delivered: %s", event.event_id, event.detail_type, why)


class ScheduleController(Controller):
    """One rule with a schedule at a time. Schedules keep real time, whatever is compressed."""

    name = "events.schedule"
    workers = 1

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {RULES: own}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(RULES)

    async def reconcile(self, ref: Ref) -> float | None:
        now = self._clock.now()
        with self._store.transaction() as tx:
            item = tx.get(RULES, ref.scope, ref.key)
            if item is None:
                return None
            seen = self._seen(tx, item, now)
            tx.observe(RULES, ref, seen)
        if seen.due_at is None:
            return None
        return min((seen.due_at - now).total_seconds(), _LONGEST_WAIT)

    def _seen(self, tx: Transaction, item: Item[Rule, RuleObserved], now: datetime) -> RuleObserved:
        """When it is due next; if it is due now, the event is kept for delivery."""
        rule, seen = item.desired, item.observed
        if not rule.enabled or not rule.schedule:
            return RuleObserved()
        schedule = schedules.schedule(rule.schedule)
        if seen.schedule != rule.schedule:
            return RuleObserved(rule.schedule, schedule.after(now))
        if seen.due_at is None or seen.due_at > now:
            return seen
        if now - seen.due_at > _LATEST:
            return RuleObserved(rule.schedule, schedule.after(now))
        event = Event(
            self._ids.uuid(),
            "aws.events",
            SCHEDULED,
            {},
            seen.due_at,
            now,
            (rule_arn(item.scope, rule.bus, rule.name),),
            rule.bus,
            (rule.name,),
        )
        keep(tx, item.scope, event)
        following = schedule.after(seen.due_at)
        if following is not None and following <= now:
            following = schedule.after(now)
        return RuleObserved(rule.schedule, following)


def _new(change: Change) -> Iterable[Ref]:
    return () if change.after is None else (change.ref,)
