"""Answers leave in one piece, and nothing is lost or held for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from demitasse.http_protocol import JoinedWrites


class Wire:
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> Any: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_protocol(self, protocol: Any) -> None: ...


def try_out(act: Callable[[JoinedWrites], None]) -> tuple[list[bytes], list[bytes]]:
    """What was sent before ``act`` gave control back to the loop, and after."""

    async def scenario() -> tuple[list[bytes], list[bytes]]:
        wire: Any = Wire()
        joined = JoinedWrites(wire, asyncio.get_running_loop())
        act(joined)
        before = list(wire.sent)
        await asyncio.sleep(0)
        return before, wire.sent

    return asyncio.run(scenario())


def test_head_and_body_leave_together() -> None:
    def answer(joined: JoinedWrites) -> None:
        joined.write(b"head ")
        joined.write(b"body")

    assert try_out(answer) == ([], [b"head body"])


def test_what_is_written_before_the_end_is_sent() -> None:
    def answer(joined: JoinedWrites) -> None:
        joined.write(b"last words")
        joined.close()
        assert joined.is_closing()

    assert try_out(answer) == ([b"last words"], [b"last words"])


def test_a_connection_that_broke_meanwhile_is_not_written_to() -> None:
    async def scenario() -> list[bytes]:
        wire: Any = Wire()
        joined = JoinedWrites(wire, asyncio.get_running_loop())
        joined.write(b"too late")
        wire.close()
        await asyncio.sleep(0)
        return list(wire.sent)

    assert asyncio.run(scenario()) == []


def test_a_stream_is_not_gathered_in_memory() -> None:
    chunk = b"x" * 40_000

    def stream(joined: JoinedWrites) -> None:
        for _ in range(5):
            joined.write(chunk)

    before, after = try_out(stream)
    assert before == [2 * chunk, 2 * chunk]
    assert after == [*before, chunk]


def test_each_turn_of_the_loop_sends_what_is_there() -> None:
    async def scenario() -> list[bytes]:
        wire: Any = Wire()
        joined = JoinedWrites(wire, asyncio.get_running_loop())
        for part in (b"one", b"two"):
            joined.write(part)
            await asyncio.sleep(0)
        return list(wire.sent)

    assert asyncio.run(scenario()) == [b"one", b"two"]
