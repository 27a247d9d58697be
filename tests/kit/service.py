"""A service under test: its operations on a state in memory, with a clock that stands still."""

from __future__ import annotations

from typing import Any

from demitasse.api import Caller, Scope
from demitasse.clock import ManualClock, Waits
from demitasse.ids import CountingIds
from demitasse.services.base import Api, Context, Site
from demitasse.store import Store

SCOPE = Scope("000000000000", "us-east-1")
ELSEWHERE = Scope("000000000000", "eu-west-3")
SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")


class Bench:
    """Calls operations as the platform does, less the wire: one transaction each, seeded first."""

    def __init__(self, *apis: Api, site: Site = SITE) -> None:
        self.store = Store.open(None)
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.waits = Waits(1)
        self._site = site
        self._apis = {api.service: api for api in apis}
        self._seeded: set[tuple[str, Scope]] = set()

    def call(
        self, service: str, operation: str, scope: Scope = SCOPE, /, **members: Any
    ) -> dict[str, Any]:
        """Carry out an operation; ``members`` are its (already validated) input."""
        with self.store.transaction() as tx:
            context = Context(
                tx=tx,
                scope=scope,
                caller=Caller(
                    scope.account,
                    scope.global_arn("iam", "root"),
                    scope.account,
                    "AKIATEST",
                ),
                now=self.clock.now(),
                ids=self.ids,
                request_id=self.ids.uuid(),
                site=self._site,
            )
            for api in self._apis.values():
                if (api.service, scope) not in self._seeded:
                    self._seeded.add((api.service, scope))
                    for seed in api.seeds:
                        seed(context)
            return dict(self._apis[service].operations[operation](context, members))
