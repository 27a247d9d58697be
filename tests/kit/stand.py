"""Services under test, called as boto3 calls them: botocore serialises, signs and parses."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.kit import asgi
from tests.kit.control import attached, settle

from demitasse.api import Scope
from demitasse.clock import ManualClock, Waits
from demitasse.control import Controller, ControlLoop
from demitasse.dispatch import Dispatcher
from demitasse.ids import CountingIds
from demitasse.services.base import Api, Site
from demitasse.store import Store
from demitasse.wire import Application, Models

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")
SITE = Site("http://127.0.0.1:4566", "127.0.0.1:4566", "172.31.0.0/16")

_models: dict[tuple[str, ...], Models] = {}


class Stand:
    """Services on a state in memory, with a clock that stands still."""

    def __init__(self, *apis: Api) -> None:
        self.store = Store.open(None)
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.waits = Waits(1)
        self.credentials = asgi.Credentials()
        operations = {api.service: api.operations for api in apis}
        names = tuple(operations)
        if names not in _models:
            _models[names] = Models.load(operations)
        self.models = _models[names]
        self.app = Application(
            models=self.models,
            operations=operations,
            dispatch=Dispatcher(apis, self.store, self.clock, self.ids, SITE),
            credentials=self.credentials,
            clock=self.clock,
            ids=self.ids,
        )
        client = asgi.Api(self.app, now=self.clock.now)
        self.call, self.refusal = client.call, client.refusal

    def code(self, service: str, operation: str, **given: Any) -> str:
        """The code of the error that the call must give."""
        return self.refusal(service, operation, **given)[0]

    def settle(self, controller: Controller, *, seconds: float = 0) -> None:
        """Let a controller work until it rests, time going on by ``seconds`` as it asks."""

        async def work() -> None:
            loop = ControlLoop(controller, self.store, self.clock)
            with attached(loop, self.store):
                await settle([loop])
                spent = 0.0
                while spent < seconds:
                    await asyncio.sleep(0)
                    self.clock.advance(0.5)
                    spent += 0.5
                    await asyncio.sleep(0)
                    await settle([loop])
            await loop.queue.close()

        asyncio.run(work())
