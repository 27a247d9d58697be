"""Clearing away what tasks leave: ended containers, volumes, forgotten tasks, orphans."""

from __future__ import annotations

import asyncio
import contextlib

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.control import Enqueue
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.errors import EngineError
from demitasse.services.ecs import specs
from demitasse.services.ecs.records import (
    TASKS,
    Task,
    TaskDefinition,
    TaskObserved,
    task_arn,
    task_ref,
)
from demitasse.services.logs.records import LOG_SOURCES
from demitasse.store import Item, Ref, Store

COLLECT_SECONDS = 30.0
LOGS_SECONDS = 60.0
"""How long an ended container waits for its output to be read."""
LOGS_POLL_SECONDS = 0.5
VISIBLE_SECONDS = 3600.0
"""How long a stopped task can still be described."""


class Garbage:
    """Removes what is not needed any more; knows nothing of how tasks run."""

    def __init__(self, *, store: Store, engine: ContainerEngine, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._now = asyncio.Event()

    def look_now(self) -> None:
        """Look at everything soon: events may have been missed."""
        self._now.set()

    async def collect_regularly(self, enqueue: Enqueue) -> None:
        """Queue every task whose containers are not what its record says."""
        while True:
            asked = asyncio.ensure_future(self._now.wait())
            later = asyncio.ensure_future(self._clock.sleep(COLLECT_SECONDS))
            try:
                await asyncio.wait((asked, later), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in (asked, later):
                    each.cancel()
                await asyncio.gather(asked, later, return_exceptions=True)
            self._now.clear()
            # The engine is away: its coming back is an event of its own.
            with contextlib.suppress(EngineError):
                await self._collect(enqueue)

    async def _collect(self, enqueue: Enqueue) -> None:
        seen: dict[Ref, bool] = {}
        for box in await self._engine.list({specs.TASK_LABEL: None}):
            ref = task_ref(box.labels[specs.TASK_LABEL])
            if ref is not None:
                seen[ref] = seen.get(ref, True) and box.running
        for volume in await self._engine.volumes():
            ref = task_ref(volume.labels.get(specs.TASK_LABEL, ""))
            if ref is not None:
                seen.setdefault(ref, False)
        with self._store.transaction() as tx:
            live = {
                item.ref: item.observed.status
                for item in tx.everywhere(TASKS)
                if item.observed.status != "STOPPED"
            }
        for ref in {*seen, *live}:
            if not (seen.get(ref) and live.get(ref) == "RUNNING"):
                enqueue(ref)

    async def sweep(self, ref: Ref) -> None:
        """Remove everything of a task that has no record any more."""
        cluster, _, task_id = ref.key.partition("/")
        await self._remove(task_arn(ref.scope, cluster, task_id), everything=True)

    async def clear(
        self, item: Item[Task, TaskObserved], definition: TaskDefinition | None
    ) -> float | None:
        """Remove a stopped task's containers, as far as their logs are read.

        Gives the seconds after which to look again, ``None`` when nothing is left.
        """
        own = item.desired
        arn = task_arn(item.scope, own.cluster, own.id)
        stopped = item.observed.stopped_at or self._clock.now()
        late = (self._clock.now() - stopped).total_seconds() >= LOGS_SECONDS
        if not await self._remove(arn, everything=late):
            return LOGS_POLL_SECONDS
        with self._store.transaction() as tx:
            for container in definition.containers if definition else ():
                # Also of containers that never came to be.
                name = specs.container_name(own.id, container.name)
                scope = Scope(item.scope.account, specs.log_region(item, container))
                tx.delete(LOG_SOURCES, Ref(scope, name))
        return None

    def forget(self, ref: Ref) -> float | None:
        """Delete the record of a task that stopped an hour ago; else when that will be."""
        with self._store.transaction() as tx:
            item = tx.get(TASKS, ref.scope, ref.key)
            if item is None or item.observed.stopped_at is None:
                return None
            age = (self._clock.now() - item.observed.stopped_at).total_seconds()
            if age < VISIBLE_SECONDS:
                return VISIBLE_SECONDS - age
            tx.delete(TASKS, ref)
        return None

    async def _remove(self, arn: str, *, everything: bool) -> bool:
        """Remove what carries a task's label; whether all of it is gone."""
        whole = True
        for box in await self._engine.list({specs.TASK_LABEL: arn}):
            scope = self._log_scope(box.labels)
            if scope is not None and not everything and not self._is_read(scope, box.name):
                whole = False
                continue
            await self._engine.remove(box.id, force=True)
            if scope is not None:
                with self._store.transaction() as tx:
                    tx.delete(LOG_SOURCES, Ref(scope, box.name))
        if whole:
            for volume in await self._engine.volumes():
                if volume.labels.get(specs.TASK_LABEL) == arn:
                    await self._engine.remove_volume(volume.name)
        return whole

    def _log_scope(self, labels: object) -> Scope | None:
        """Where the output goes, by the container's labels; ``None`` when nowhere."""
        found = dict(labels) if isinstance(labels, dict) else {}
        account = found.get(f"{specs.LOG_LABELS}account")
        region = found.get(f"{specs.LOG_LABELS}region")
        return Scope(account, region) if account and region else None

    def _is_read(self, scope: Scope, name: str) -> bool:
        with self._store.transaction() as tx:
            source = tx.get(LOG_SOURCES, scope, name)
        return source is None or source.observed.finished
