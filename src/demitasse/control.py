"""The loop that every controller runs in: level-triggered, one record at a time.

A change, an engine's event, a restart or a timer only queues a record's name; ``reconcile`` then
looks at what is desired and at the world as they are *now*, and does what its plan says.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from demitasse.clock import Clock
from demitasse.errors import EngineError, StoreError
from demitasse.store import Change, Kind, Ref, Store, Transaction, WorkQueue

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 1.0

Enqueue = Callable[[Ref], None]
Interest = Callable[[Change], Iterable[Ref]]


class Controller(ABC):
    """Keeps the records of one kind true."""

    name: str
    workers: int = 4

    @abstractmethod
    def interests(self) -> dict[Kind[Any, Any], Interest]:
        """Which changes matter: kind → the records to look at when one of that kind changes."""

    @abstractmethod
    def everything(self, tx: Transaction) -> Iterable[Ref]:
        """The records to look at when the platform starts."""

    @abstractmethod
    async def reconcile(self, ref: Ref) -> float | None:
        """Make the world agree with one record, as far as that goes now.

        Returns the seconds after which to look again at the latest, or ``None`` for "when
        something changes". An error is logged and tried again with growing waits.
        """

    async def listen(self, enqueue: Enqueue) -> None:
        """Follow an engine's events for as long as the platform runs (by default: none)."""


def own(change: Change) -> Iterable[Ref]:
    """The interest of a controller in its own kind."""
    return (change.ref,)


class ControlLoop:
    """Runs one controller."""

    def __init__(self, controller: Controller, store: Store, clock: Clock) -> None:
        self.controller = controller
        self.queue = WorkQueue(clock)
        self._store, self._clock = store, clock
        self._interests = {kind.name: interest for kind, interest in controller.interests().items()}

    def changed(self, changes: Sequence[Change]) -> None:
        """Queue whom the changes of a transaction concern."""
        for change in changes:
            interest = self._interests.get(change.kind.name)
            if interest is None:
                continue
            try:
                for ref in interest(change):
                    self.queue.add(ref)
            except Exception:
                # The change is made and durable: a bug here must not fail the call that made it.
                log.exception("%s: who is concerned by %s?", self.controller.name, change.ref.key)

    async def run(self) -> None:
        """Run until cancelled."""
        unwatch = self._store.watch(self.changed)
        try:
            await self._queue_everything()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                for _ in range(self.controller.workers):
                    group.create_task(self._work())
        finally:
            unwatch()
            await self.queue.close()

    async def _queue_everything(self) -> None:
        while True:
            try:
                with self._store.transaction() as tx:
                    for ref in self.controller.everything(tx):
                        self.queue.add(ref)
            except StoreError as error:
                log.warning("%s: %s; reading again", self.controller.name, error)
                await self._clock.sleep(_AGAIN_SECONDS)
            else:
                return

    async def _listen(self) -> None:
        while True:
            try:
                await self.controller.listen(self.queue.add)
            except EngineError as error:
                log.warning("%s: %s; listening again", self.controller.name, error)
            except Exception:
                # A bug in one controller's ear must not stop its hands, nor the others.
                log.exception("%s: unexpected; listening again", self.controller.name)
            else:
                return
            await self._clock.sleep(_AGAIN_SECONDS)

    async def _work(self) -> None:
        while True:
            ref = await self.queue.get()
            try:
                await self.step(ref)
            finally:
                self.queue.done(ref)

    async def step(self, ref: Ref) -> None:
        """Look at one record once."""
        try:
            again = await self.controller.reconcile(ref)
        except (EngineError, StoreError) as error:
            wait = self.queue.retry(ref)
            log.warning("%s %s: %s; again in %.1f s", self.controller.name, ref.key, error, wait)
        except Exception:
            # A bug in one controller must not stop the others, nor this one's other records.
            wait = self.queue.retry(ref)
            log.exception("%s %s: unexpected; again in %.1f s", self.controller.name, ref.key, wait)
        else:
            self.queue.succeeded(ref)
            if again is not None:
                self.queue.add_after(ref, again)
