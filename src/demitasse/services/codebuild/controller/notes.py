"""Writing down how far a build is, in transactions of the controller's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from demitasse.clock import Clock
from demitasse.ids import Ids
from demitasse.services.codebuild.records import (
    BUILDS,
    FINAL,
    SUCCEEDED,
    BuildItem,
    Ending,
    Phase,
    progress,
)
from demitasse.store import Ref, Store, Transaction


class Notes:
    """Changes a build's observed half. A build that is over, stopped meanwhile, stays as it is."""

    def __init__(self, store: Store, ids: Ids, clock: Clock) -> None:
        self._store = store
        self._ids = ids
        self._clock = clock

    def read(self, ref: Ref) -> BuildItem | None:
        """The build as it is now."""
        with self._store.transaction() as tx:
            return tx.get(BUILDS, ref.scope, ref.key)

    def see(self, ref: Ref, phases: tuple[Phase, ...] | None = None, **what: Any) -> None:
        """Note phases and what else was seen."""
        self._change(
            ref,
            lambda tx, item, now: progress.note(
                tx, item, self._ids, now, item.observed.phases if phases is None else phases, **what
            ),
        )

    def enter(self, ref: Ref, phase: str, ending: Ending = SUCCEEDED, **what: Any) -> None:
        """End the phase that the build is in, if it has not ended, and begin another."""
        self._change(
            ref,
            lambda tx, item, now: progress.enter(tx, item, self._ids, now, phase, ending, **what),
        )

    def complete(self, ref: Ref, ending: Ending, status: str) -> None:
        """End the build with ``status``, and the phase that it is in."""
        self._change(
            ref,
            lambda tx, item, now: progress.complete(tx, item, self._ids, now, ending, status),
        )

    def cleared(self, ref: Ref) -> None:
        """Nothing is left of a build that is over."""
        with self._store.transaction() as tx:
            item = tx.get(BUILDS, ref.scope, ref.key)
            if item is not None:
                tx.observe(BUILDS, ref, msgspec.structs.replace(item.observed, cleared=True))

    def _change(
        self, ref: Ref, change: Callable[[Transaction, BuildItem, datetime], BuildItem]
    ) -> None:
        with self._store.transaction() as tx:
            item = tx.get(BUILDS, ref.scope, ref.key)
            if item is not None and item.observed.status not in FINAL:
                change(tx, item, self._clock.now())
