"""Work that outlasts one look at a record: pulls and stops, one of each name per record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from demitasse.store import Ref


class Jobs:
    """Runs coroutines beside the loop and queues their record when they end.

    A job that is lost in a crash is begun again: each must be fit for that.
    """

    def __init__(self) -> None:
        self._tasks: dict[tuple[Ref, str], asyncio.Task[Any]] = {}
        self.wake: Callable[[Ref], None] | None = None

    def ensure(self, ref: Ref, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Begin a job unless it runs or has ended."""
        if (ref, name) in self._tasks:
            return
        task = asyncio.get_running_loop().create_task(work(), name=f"{name} {ref.key}")
        self._tasks[ref, name] = task
        task.add_done_callback(lambda _: self._ended(ref))

    def ended(self, ref: Ref, name: str) -> asyncio.Task[Any] | None:
        """The job, once it has ended: its ``result()`` gives what it gave, or raises."""
        task = self._tasks.get((ref, name))
        return task if task is not None and task.done() else None

    def forget(self, ref: Ref, name: str) -> None:
        """Forget how a job ended: it may be begun again."""
        self._tasks.pop((ref, name), None)

    async def cancel(self, ref: Ref) -> None:
        """End and forget all jobs of a record."""
        mine = [key for key in self._tasks if key[0] == ref]
        await _end([self._tasks.pop(key) for key in mine])

    async def close(self) -> None:
        """End all jobs."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        await _end(tasks)

    def _ended(self, ref: Ref) -> None:
        if self.wake is not None:
            self.wake(ref)


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        # Whatever a job ended with, nobody is interested any more.
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
