"""Time, handed in. The one module that reads the machine's clocks."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time of day, a steady count of seconds, and waiting."""

    def now(self) -> datetime:
        """The time, UTC and timezone-aware."""

    def monotonic(self) -> float:
        """Seconds that never go back, since an arbitrary moment."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock for tests: it stands still until it is advanced."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, waiter))
        await waiter

    def advance(self, seconds: float) -> None:
        """Move time on and wake everyone whose wait is over."""
        self._elapsed += seconds
        due = [waiter for at, waiter in self._sleepers if at <= self._elapsed]
        self._sleepers = [(at, waiter) for at, waiter in self._sleepers if at > self._elapsed]
        for waiter in due:
            if not waiter.done():
                waiter.set_result(None)


class Waits:
    """AWS's own waiting times, divided by the one time-compression setting.

    ``Waits(1)`` keeps AWS's times; ``Waits(10)`` makes a five-minute wait last thirty seconds.
    What is *reported* (intervals, delays) always stays AWS's value; only waiting gets shorter.
    """

    def __init__(self, compression: float = 1.0) -> None:
        if compression < 1:
            msg = f"time compression must be at least 1, not {compression}"
            raise ValueError(msg)
        self.compression = compression

    def seconds(self, aws_seconds: float) -> float:
        """How long to wait here, in seconds, for what AWS makes ``aws_seconds``."""
        return aws_seconds / self.compression

    def over(self, since: datetime, aws_seconds: float, now: datetime) -> bool:
        """Whether a wait of ``aws_seconds`` that began at ``since`` has passed."""
        return (now - since).total_seconds() >= self.seconds(aws_seconds)
