from __future__ import annotations

import asyncio

from demitasse.api import Scope
from demitasse.clock import ManualClock
from demitasse.store import Ref, WorkQueue

A, B = Ref(Scope("1", "r"), "a"), Ref(Scope("1", "r"), "b")


def test_a_name_is_queued_once() -> None:
    async def scenario() -> None:
        queue = WorkQueue(ManualClock())
        queue.add(A)
        queue.add(A)
        queue.add(B)
        assert [await queue.get(), await queue.get()] == [A, B]
        assert not queue.idle

    asyncio.run(scenario())


def test_a_change_during_the_work_is_not_missed() -> None:
    async def scenario() -> None:
        queue = WorkQueue(ManualClock())
        queue.add(A)
        ref = await queue.get()
        queue.add(A)
        waiting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        assert not waiting.done(), "the same name is never worked on twice at once"
        queue.done(ref)
        assert await waiting == A

    asyncio.run(scenario())


def test_a_timer_queues_later_and_the_earliest_counts() -> None:
    async def scenario() -> None:
        clock = ManualClock()
        queue = WorkQueue(clock)
        queue.add_after(A, 10)
        queue.add_after(A, 60)
        await asyncio.sleep(0)
        clock.advance(9)
        await asyncio.sleep(0)
        assert queue.idle
        clock.advance(1)
        await asyncio.sleep(0)
        assert await queue.get() == A
        await queue.close()

    asyncio.run(scenario())


def test_failures_wait_longer_each_time_until_success() -> None:
    async def scenario() -> None:
        queue = WorkQueue(ManualClock())
        waits = [queue.retry(A) for _ in range(9)]
        assert waits == sorted(waits)
        assert waits[0] < 1 < waits[-1] == 30
        queue.succeeded(A)
        assert queue.retry(A) == waits[0]
        await queue.close()

    asyncio.run(scenario())
