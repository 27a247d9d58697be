"""Writing down how far a build is, with the events that say so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from demitasse.clock import Clock
from demitasse.ids import Ids
from demitasse.services.codebuild.plan import Ending
from demitasse.services.codebuild.records import BUILDS, BuildItem, Phase
from demitasse.services.codebuild.records.telling import tell_phase, tell_state
from demitasse.store import Ref, Store, Transaction

_SUCCEEDED = Ending("SUCCEEDED")


class Notes:
    """Changes a build's observed half; a phase that ends is told once, in the same transaction."""

    def __init__(self, store: Store, ids: Ids, clock: Clock) -> None:
        self.store = store
        self._ids = ids
        self._clock = clock

    def read(self, ref: Ref) -> BuildItem | None:
        """The build as it is now."""
        with self.store.transaction() as tx:
            return tx.get(BUILDS, ref.scope, ref.key)

    def see(self, ref: Ref, phases: tuple[Phase, ...] | None = None, **what: Any) -> None:
        """Note phases and what else was seen."""
        with self.store.transaction() as tx:
            item = tx.get(BUILDS, ref.scope, ref.key)
            if item is not None:
                self._save(tx, item, item.observed.phases if phases is None else phases, **what)

    def enter(self, ref: Ref, phase: str, ending: Ending = _SUCCEEDED, **what: Any) -> None:
        """End the phase that the build is in, if it has not ended, and begin another."""
        now = self._clock.now()
        with self.store.transaction() as tx:
            item = tx.get(BUILDS, ref.scope, ref.key)
            if item is not None:
                phases = (*ended(item.observed.phases, ending, now), Phase(phase, now))
                self._save(tx, item, phases, **what)

    def complete(self, ref: Ref) -> None:
        """A build is over: its verdict is its status now."""
        now = self._clock.now()
        with self.store.transaction() as tx:
            item = tx.get(BUILDS, ref.scope, ref.key)
            if item is not None:
                phases = (
                    *ended(item.observed.phases, _SUCCEEDED, now),
                    Phase("COMPLETED", now, status=""),
                )
                verdict = item.observed.verdict
                after = self._save(tx, item, phases, status=verdict, ended_at=now)
                tell_state(tx, after, self._ids, now)

    def _save(
        self, tx: Transaction, item: BuildItem, phases: tuple[Phase, ...], **what: Any
    ) -> BuildItem:
        seen = msgspec.structs.replace(
            item.observed, phases=phases, current_phase=phases[-1].type, **what
        )
        told = {each.type for each in item.observed.phases if each.ended_at is not None}
        after = tx.observe(BUILDS, item.ref, seen)
        for each in phases:
            if each.ended_at is not None and each.type not in told:
                tell_phase(tx, after, each, self._ids, self._clock.now())
        return after


def ended(phases: tuple[Phase, ...], ending: Ending, now: datetime) -> tuple[Phase, ...]:
    """The phases with the last one ended, if it had not."""
    last = phases[-1]
    if last.ended_at is not None:
        return phases
    over = msgspec.structs.replace(
        last, status=ending.status, ended_at=now, code=ending.code, message=ending.message
    )
    return (*phases[:-1], over)
