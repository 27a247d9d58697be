"""Listening to what services say of themselves, in tests."""

from __future__ import annotations

from demitasse.api import Scope
from demitasse.services.events.records import DEFAULT_BUS, EVENTS, RULES, Event, Rule, rule_key
from demitasse.store import Store

_NAME = "hear-everything"


def hear_everything(store: Store, scope: Scope) -> None:
    """From now on, keep every event of the default bus: without a rule for it, none is."""
    rule = Rule(DEFAULT_BUS, _NAME, scope.account, pattern='{"version": ["0"]}')
    with store.transaction() as tx:
        tx.create(RULES, scope, rule_key(DEFAULT_BUS, _NAME), rule)


def heard(store: Store, scope: Scope, source: str = "") -> list[Event]:
    """The events so far, in the order of happening; of one source only, if one is given."""
    with store.transaction() as tx:
        events = [item.desired for item in tx.page(EVENTS, scope)]
    return [each for each in events if source in ("", each.source)]
