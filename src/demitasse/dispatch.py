"""From a verified call to the operation that answers it, in one transaction."""

from __future__ import annotations

from demitasse.api import Call, Input, Output, Scope
from demitasse.clock import Clock
from demitasse.ids import Ids
from demitasse.services.base import Api, Context, Operation, Site
from demitasse.store import Store, Transaction


class Dispatcher:
    """Carries out calls: one transaction each, in an account and region that has its beginnings."""

    def __init__(
        self, apis: tuple[Api, ...], store: Store, clock: Clock, ids: Ids, site: Site
    ) -> None:
        self._operations: dict[tuple[str, str], Operation] = {
            (api.service, name): operation
            for api in apis
            for name, operation in api.operations.items()
        }
        self._seeds = [seed for api in apis for seed in api.seeds]
        self._seeded: set[Scope] = set()
        self._store, self._clock, self._ids, self._site = store, clock, ids, site

    def __call__(self, call: Call, given: Input) -> Output:
        if call.scope not in self._seeded:
            self._seed(call)
        with self._store.transaction() as tx:
            return self._operations[call.service, call.operation](self._context(tx, call), given)

    def forget(self) -> None:
        """Seed accounts and regions again at their next call (after a reset)."""
        self._seeded.clear()

    def _seed(self, call: Call) -> None:
        with self._store.transaction() as tx:
            context = self._context(tx, call)
            for seed in self._seeds:
                seed(context)
        self._seeded.add(call.scope)

    def _context(self, tx: Transaction, call: Call) -> Context:
        return Context(
            tx, call.scope, call.caller, self._clock.now(), self._ids, call.request_id, self._site
        )
