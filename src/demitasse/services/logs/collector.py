"""Keeps what containers write, each line once and in order, in their log streams.

Every source has a reader that follows its container's output. What the readers have read is
written by all together, in one transaction per moment, with how far each has come: so a line is
kept once, wherever the platform is killed, and hundreds of containers cost no more commits than
one. A reader that waits for its container to say something costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from demitasse.clock import Clock
from demitasse.control import Controller, Enqueue, Interest
from demitasse.engines.containers.observation import LogLine, Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.errors import EngineError, NotFoundInEngine, StoreError
from demitasse.services.logs import cursor, events
from demitasse.services.logs.cursor import Cursor, Resumption
from demitasse.services.logs.lines import events_of
from demitasse.services.logs.records import (
    LOG_GROUPS,
    LOG_SOURCES,
    NO_GROUP,
    Source,
    SourceObserved,
)
from demitasse.store import Change, Item, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

_TOGETHER = 0.2  # seconds in which lines are gathered
_AT_ONCE = 500  # lines that are written without waiting
_NO_CONTAINER_YET = 5.0  # seconds; its events tell before
_AGAIN = 1.0  # seconds after the engine or the disk failed
_LAST_LOOK = 0.05  # seconds after a container ended
_ENDED = frozenset({"exited", "dead", "removing"})
_replace = msgspec.structs.replace


@dataclass(slots=True, eq=False)
class _Reader:
    """Follows one container. ``lines`` are to be kept: those between ``kept`` and ``at``."""

    ref: Ref
    kept: Cursor
    at: Cursor
    lines: list[LogLine] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class LogCollector(Controller):
    """One source at a time, by its container's name."""

    name = "logs.collector"

    def __init__(self, *, store: Store, containers: ContainerEngine, clock: Clock) -> None:
        self._store, self._containers, self._clock = store, containers, clock
        self._readers: dict[Ref, _Reader] = {}
        self._awaited: dict[str, set[Ref]] = {}  # containers' names → sources without a reader
        self._full: dict[Ref, _Reader] = {}  # readers with lines to be kept
        self._something = asyncio.Event()
        self._enqueue: Enqueue = lambda _ref: None

    # what to look at, when

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {LOG_SOURCES: _asked, LOG_GROUPS: self._of_group}

    def _of_group(self, change: Change) -> Iterable[Ref]:
        """The sources that wait for a group that was created."""
        if change.before is not None:
            return ()
        with self._store.transaction() as tx:
            where = ("group", change.ref.key)
            found = tx.page(LOG_SOURCES, change.ref.scope, where=where)
            return [item.ref for item in found if item.observed.error]

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        cursor.forget_others(tx)
        return tx.refs(LOG_SOURCES)

    async def listen(self, enqueue: Enqueue) -> None:
        self._enqueue = enqueue
        writing = asyncio.create_task(self._write_forever())
        try:
            await self._hear(enqueue)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self._stop_reading()

    async def _hear(self, enqueue: Enqueue) -> None:
        async with contextlib.aclosing(self._containers.events()) as heard:
            async for event in heard:
                if isinstance(event, Resync):
                    with self._store.transaction() as tx:
                        refs = tx.refs(LOG_SOURCES)
                else:
                    refs = list(self._awaited.get(event.name, ()))
                for ref in refs:
                    enqueue(ref)

    async def _stop_reading(self) -> None:
        tasks = [reader.task for reader in self._readers.values() if reader.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._readers.clear()
        self._full.clear()

    # one source

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            item = tx.get(LOG_SOURCES, *ref)
            if item is None:
                cursor.forget(tx, ref)
                observed = SourceObserved(finished=True)
            else:
                observed = self._prepare(tx, item, first=cursor.read(tx, ref) is None)
            at = cursor.read(tx, ref)
        if observed.finished:
            await self._dismiss(ref)
            return None
        if ref in self._readers:
            return None
        return await self._begin(ref, at, observed)

    def _prepare(
        self, tx: Transaction, item: Item[Source, SourceObserved], *, first: bool
    ) -> SourceObserved:
        """Make group and stream, as far as that is asked for, before there is a container."""
        observed = item.observed
        if not observed.ready and not observed.finished:
            stream = self._stream(tx, item, first=first)
            observed = SourceObserved(ready=True) if stream else SourceObserved(error=NO_GROUP)
            tx.observe(LOG_SOURCES, item.ref, observed)
        return observed

    async def _begin(self, ref: Ref, at: Cursor | None, observed: SourceObserved) -> float | None:
        """Start to read the container, once there is one."""
        try:
            state = (await self._containers.inspect(ref.key)).state
        except NotFoundInEngine:
            if at is None:
                self._awaited.setdefault(ref.key, set()).add(ref)
                return _NO_CONTAINER_YET
            state = "dead"  # it was there, and vanished
        if observed.error:
            return self._begin_in_vain(ref, state)
        if state == "created":
            self._awaited.setdefault(ref.key, set()).add(ref)
            return _NO_CONTAINER_YET
        if at is None:
            with self._store.transaction() as tx:
                cursor.write(tx, ref, Cursor())
        self._no_longer_awaited(ref)
        if ref not in self._readers:
            self._follow(ref, at or Cursor())
        return None

    def _follow(self, ref: Ref, at: Cursor, after: float = 0) -> None:
        reader = self._readers[ref] = _Reader(ref, at, at)
        reader.task = asyncio.create_task(self._read(reader, after), name=f"output of {ref.key}")

    def _begin_in_vain(self, ref: Ref, state: str) -> float | None:
        """Without a group: wait for it, or for the container's end."""
        if state not in _ENDED:
            self._awaited.setdefault(ref.key, set()).add(ref)
            return _NO_CONTAINER_YET
        with self._store.transaction() as tx:
            self._observe(tx, ref, finished=True)
        return None

    async def _dismiss(self, ref: Ref) -> None:
        self._no_longer_awaited(ref)
        reader = self._readers.pop(ref, None)
        self._full.pop(ref, None)
        if reader is not None and reader.task is not None:
            reader.task.cancel()
            await asyncio.gather(reader.task, return_exceptions=True)

    def _no_longer_awaited(self, ref: Ref) -> None:
        refs = self._awaited.get(ref.key)
        if refs is not None:
            refs.discard(ref)
            if not refs:
                del self._awaited[ref.key]

    # reading

    async def _read(self, reader: _Reader, after: float) -> None:
        """Read a container's output to its end, however often the engine goes away meanwhile."""
        wait: float | None = after
        while self._readers.get(reader.ref) is reader:
            if wait is None:
                if self._write([reader], finished=True):
                    del self._readers[reader.ref]
                return
            if wait:
                await self._clock.sleep(wait)
            try:
                wait = await self._read_once(reader)
            except NotFoundInEngine:
                wait = None
            except EngineError as error:
                log.info("output of %s: %s; again soon", reader.ref.key, error)
                wait = _AGAIN
            except Exception:
                # A bug in reading one container's output must not end that of the others.
                log.exception("output of %s: unexpected; again soon", reader.ref.key)
                wait = _AGAIN

    async def _read_once(self, reader: _Reader) -> float | None:
        """Read from the cursor on, for as long as it goes; after how long to look again.

        ``None`` when the container has ended and all was read. What ended while it was followed
        is looked at once more: a follow may end before the last line.
        """
        name = reader.ref.key
        state = (await self._containers.inspect(name)).state
        if state == "created":
            return _AGAIN
        ended = state in _ENDED
        resumption = Resumption(reader.at)
        lines = self._containers.logs(name, since=reader.at.since, follow=not ended)
        async with contextlib.aclosing(lines) as following:
            async for line in following:
                if not resumption.is_new(line):
                    continue
                reader.lines.append(line)
                reader.at = reader.at.beyond(line)
                self._full[reader.ref] = reader
                self._something.set()
                if len(reader.lines) >= _AT_ONCE and not self._write([reader]):
                    return _AGAIN
        return None if ended else _LAST_LOOK

    # writing

    async def _write_forever(self) -> None:
        while True:
            await self._something.wait()
            await self._clock.sleep(_TOGETHER)
            self._something.clear()
            self._write(list(self._full.values()))

    def _write(self, readers: list[_Reader], *, finished: bool = False) -> bool:
        """Keep what was read, and how far that is; whether that was possible.

        What cannot be kept (no disk space) is read again, from where it was kept last.
        """
        for reader in readers:
            self._full.pop(reader.ref, None)
        try:
            with self._store.transaction() as tx:
                kept = [self._keep(tx, reader, finished=finished) for reader in readers]
        except Exception as error:
            # Whatever it is with one container's lines, those of the others are to be kept.
            if len(readers) > 1:
                each = [self._write([reader], finished=finished) for reader in readers]
                return all(each)
            known = isinstance(error, StoreError)
            log.warning("%s: %s; reading again", self.name, error, exc_info=not known)
            for reader in readers:
                self._leave(reader)
                self._follow(reader.ref, reader.kept, _AGAIN)
            return False
        for reader, was_kept in zip(readers, kept, strict=True):
            reader.lines, reader.kept = [], reader.at
            if not was_kept:
                self._leave(reader)
                self._enqueue(reader.ref)
        return all(kept)

    def _keep(self, tx: Transaction, reader: _Reader, *, finished: bool) -> bool:
        item = tx.get(LOG_SOURCES, *reader.ref)
        if item is None:
            return False
        if reader.lines:
            stream = self._stream(tx, item, first=False)
            if stream is None:
                self._observe(tx, reader.ref, ready=False, error=NO_GROUP, finished=finished)
                return False
            now = int(self._clock.now().timestamp() * 1000)
            events.append(tx, stream, events_of(reader.lines), now)
            cursor.write(tx, reader.ref, reader.at)
        if finished:
            self._observe(tx, reader.ref, finished=True)
        return True

    def _leave(self, reader: _Reader) -> None:
        """Stop a reader whose lines cannot be kept; none is kept that it read since."""
        if self._readers.get(reader.ref) is reader:
            del self._readers[reader.ref]
        if reader.task is not None and reader.task is not asyncio.current_task():
            reader.task.cancel()

    def _stream(
        self, tx: Transaction, item: Item[Source, SourceObserved], *, first: bool
    ) -> events.Stream | None:
        """The source's log stream; ``None`` without its group, which is made the first time only.

        As the awslogs driver does: a group that is deleted while its containers run stays so.
        """
        now = int(self._clock.now().timestamp() * 1000)
        wanted = item.desired
        group = tx.get(LOG_GROUPS, item.scope, wanted.group)
        if group is None:
            if not (wanted.create_group and first):
                return None
            group = events.create_group(tx, item.scope, wanted.group, now)
        number = group.desired.number
        return events.stream(tx, number, wanted.stream) or events.create_stream(
            tx, number, wanted.stream, now
        )

    def _observe(self, tx: Transaction, ref: Ref, **what: Any) -> None:
        item = tx.get(LOG_SOURCES, *ref)
        if item is not None:
            tx.observe(LOG_SOURCES, ref, _replace(item.observed, **what))


def _asked(change: Change) -> Iterable[Ref]:
    """Sources that are new, changed or gone; what the collector observes is no news to it."""
    before, after = change.before, change.after
    if before is None or after is None or before.desired != after.desired:
        return (change.ref,)
    return ()
