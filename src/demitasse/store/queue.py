"""The work queue of a controller: which records to look at, and when again."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict

from demitasse.clock import Clock
from demitasse.store.kinds import Ref

_FIRST_RETRY = 0.25
_LAST_RETRY = 30.0


class WorkQueue:
    """Names of records to look at, each at most once in the queue and once in work.

    A name that is added while it is being worked on is queued again when that work is done, so
    no change is missed. Failures wait longer each time, up to 30 s.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: OrderedDict[Ref, None] = OrderedDict()
        self._working: set[Ref] = set()
        self._again: set[Ref] = set()
        self._timers: dict[Ref, tuple[float, asyncio.Task[None]]] = {}
        self._failures: dict[Ref, int] = {}
        self._wake = asyncio.Event()

    def add(self, ref: Ref) -> None:
        """Look at this record as soon as possible."""
        self._cancel(ref)
        if ref in self._working:
            self._again.add(ref)
        elif ref not in self._ready:
            self._ready[ref] = None
            self._wake.set()

    def add_after(self, ref: Ref, seconds: float) -> None:
        """Look at this record after a while, unless it is looked at before."""
        if seconds <= 0:
            self.add(ref)
            return
        due = self._clock.monotonic() + seconds
        if ref in self._timers and self._timers[ref][0] <= due:
            return
        self._cancel(ref)
        self._timers[ref] = (due, asyncio.get_running_loop().create_task(self._later(ref, seconds)))

    def retry(self, ref: Ref) -> float:
        """Look at this record again after a failure; returns the wait in seconds."""
        count = self._failures.get(ref, 0)
        self._failures[ref] = count + 1
        wait: float = min(_FIRST_RETRY * 2 ** min(count, 16), _LAST_RETRY)
        self.add_after(ref, wait)
        return wait

    def succeeded(self, ref: Ref) -> None:
        """Forget earlier failures."""
        self._failures.pop(ref, None)

    async def get(self) -> Ref:
        """The next record to look at; waits for one. ``done`` must follow."""
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        ref, _ = self._ready.popitem(last=False)
        self._working.add(ref)
        return ref

    def done(self, ref: Ref) -> None:
        """The work on this record has ended."""
        self._working.discard(ref)
        if ref in self._again:
            self._again.discard(ref)
            self.add(ref)

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or in work (timers may be running)."""
        return not self._ready and not self._working

    async def close(self) -> None:
        """Stop the timers."""
        timers = [task for _, task in self._timers.values()]
        self._timers.clear()
        for task in timers:
            task.cancel()
        for task in timers:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _later(self, ref: Ref, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timers.pop(ref, None)
        self.add(ref)

    def _cancel(self, ref: Ref) -> None:
        timer = self._timers.pop(ref, None)
        if timer is not None and timer[1] is not asyncio.current_task():
            timer[1].cancel()
