from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.clock import ManualClock, SystemClock, Waits

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock(START)
    assert (clock.now(), clock.monotonic()) == (START, 0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=1.5), 1.5)


def test_sleepers_wake_when_their_time_has_come() -> None:
    async def scenario() -> None:
        clock = ManualClock()
        woken: list[int] = []

        async def sleeper(seconds: int) -> None:
            await clock.sleep(seconds)
            woken.append(seconds)

        tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3, 1, 2)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.sleep(0)
        clock.advance(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert woken == [1]
        clock.advance(2)
        await tasks[0]
        assert woken == [1, 3]

    asyncio.run(scenario())


def test_no_time_is_no_wait() -> None:
    asyncio.run(ManualClock().sleep(0))
    asyncio.run(SystemClock().sleep(0))


def test_the_system_clock_is_aware_and_steady() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


def test_a_compressed_wait_is_that_many_times_shorter() -> None:
    waits = Waits(10)
    assert waits.seconds(300) == 30
    assert waits.over(START, 300, START + timedelta(seconds=30))
    assert not waits.over(START, 300, START + timedelta(seconds=29))


@given(st.floats(1, 1000), st.floats(0, 86_400))
def test_waits_get_shorter_and_never_longer(compression: float, seconds: float) -> None:
    waits = Waits(compression)
    here = waits.seconds(seconds)
    assert 0 <= here <= seconds
    assert waits.over(START, seconds, START + timedelta(seconds=here + 0.001))
    assert here < 0.01 or not waits.over(START, seconds, START + timedelta(seconds=here - 0.005))


@pytest.mark.parametrize("compression", [0, -1, 0.5])
def test_time_cannot_be_stretched(compression: float) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Waits(compression)
