"""From a verified call to the operation that answers it, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from demitasse.api import Call, Input, Output, Scope
from demitasse.clock import Clock
from demitasse.ids import Ids
from demitasse.services.base import (
    Api,
    Context,
    Operation,
    Site,
    WaitingContext,
    WaitingOperation,
)
from demitasse.store import Kind, Store, Transaction
from demitasse.store.kinds import Nothing

SEEDED: Kind[Nothing, Nothing] = Kind("platform.seeded", Nothing, Nothing)
"""Which service's beginnings (the key) an account and region has had, once and for all: what a
caller deleted of them does not come back with the next start.
"""


class Dispatcher:
    """Carries out calls: one transaction each, in an account and region that has its beginnings.

    An operation that waits has as many transactions as it opens; ``parts`` are what it waits for.
    """

    def __init__(
        self,
        apis: tuple[Api, ...],
        store: Store,
        clock: Clock,
        ids: Ids,
        site: Site,
        *,
        parts: tuple[Any, ...] = (),
    ) -> None:
        self._operations: dict[tuple[str, str], Operation] = {}
        self._waiting: dict[tuple[str, str], WaitingOperation] = {}
        for api in apis:
            for name, operation in api.operations.items():
                kept: dict[tuple[str, str], Any] = (
                    self._waiting if name in api.waiting else self._operations
                )
                kept[api.service, name] = operation
        self._parts = {type(part): part for part in parts}
        self._seeds = {api.service: api.seeds for api in apis if api.seeds}
        self._seeded: set[Scope] = set()
        self._store, self._clock, self._ids, self._site = store, clock, ids, site

    def __call__(self, call: Call, given: Input) -> Output | Awaitable[Output]:
        if call.scope not in self._seeded:
            self._seed(call)
        operation = self._operations.get((call.service, call.operation))
        if operation is None:
            return self._waiting[call.service, call.operation](self._waiting_context(call), given)
        with self._store.transaction() as tx:
            return operation(self._context(tx, call), given)

    def forget(self) -> None:
        """Seed accounts and regions again at their next call (after a reset)."""
        self._seeded.clear()

    def _seed(self, call: Call) -> None:
        with self._store.transaction() as tx:
            context = self._context(tx, call)
            for service, seeds in self._seeds.items():
                if tx.get(SEEDED, call.scope, service) is not None:
                    continue
                for seed in seeds:
                    seed(context)
                tx.create(SEEDED, call.scope, service, Nothing())
        self._seeded.add(call.scope)

    def _waiting_context(self, call: Call) -> WaitingContext:
        return WaitingContext(
            self._store.transaction,
            call.scope,
            call.caller,
            self._clock.now(),
            self._ids,
            call.request_id,
            self._site,
            self._parts,
        )

    def _context(self, tx: Transaction, call: Call) -> Context:
        return Context(
            tx, call.scope, call.caller, self._clock.now(), self._ids, call.request_id, self._site
        )
