"""Between git's hook and the gate: two pipes, for as long as one push lasts."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from demitasse.engines.git.protocol import Gate, Move

_NONE = "0" * 40
_MOST = 16 * 2**20  # bytes of moves: a hundred thousand references


def read_moves(lines: bytes) -> list[Move]:
    """What git tells its hooks: ``<before> <after> <reference>`` per line."""
    moves = []
    for line in lines.decode(errors="surrogateescape").splitlines():
        before, after, reference = line.split(" ", 2)
        moves.append(
            Move(
                reference,
                None if before == _NONE else before,
                None if after == _NONE else after,
            )
        )
    return moves


class Gatekeeper:
    """Answers git's hook as the gate does. ``answered`` is set before git can go on."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._asking: asyncio.Task[None] | None = None
        self._said = bytearray()
        self.answered = False
        self._ask, self.inherited_ask = os.pipe()
        self.inherited_answer, self._answer = os.pipe()

    @property
    def environment(self) -> dict[str, str]:
        """What the hook must be told."""
        return {
            "DEMITASSE_ASK": str(self.inherited_ask),
            "DEMITASSE_ANSWER": str(self.inherited_answer),
        }

    def start(self) -> None:
        """Listen, once git has its ends of the pipes."""
        os.close(self.inherited_ask)
        os.close(self.inherited_answer)
        self.inherited_ask = self.inherited_answer = -1
        os.set_blocking(self._ask, False)
        asyncio.get_running_loop().add_reader(self._ask, self._readable)

    def _readable(self) -> None:
        try:
            piece = os.read(self._ask, 64 * 1024)
        except BlockingIOError:
            return
        self._said += piece
        length, newline, moves = bytes(self._said).partition(b"\n")
        complete = newline and len(moves) >= int(length)
        if complete or not piece or len(self._said) > _MOST:
            asyncio.get_running_loop().remove_reader(self._ask)
        if complete:
            self._asking = asyncio.ensure_future(self._decide(moves))

    async def _decide(self, moves: bytes) -> None:
        refusal = "The platform could not look at this push; its log says more."
        try:
            refusal = await self._gate(read_moves(moves))
        finally:
            self.answered = not refusal
            os.write(self._answer, refusal.replace("\n", " ").encode()[:4000] + b"\n")

    async def close(self) -> None:
        """Let go of the pipes; a hook that still waits is refused. Raises what the gate raised."""
        asyncio.get_running_loop().remove_reader(self._ask)
        for descriptor in (self.inherited_ask, self.inherited_answer, self._ask):
            if descriptor >= 0:
                os.close(descriptor)
        try:
            if self._asking is not None:
                if not self._asking.done():
                    self._asking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._asking
        finally:
            os.close(self._answer)


@asynccontextmanager
async def gatekeeper(gate: Gate) -> AsyncGenerator[Gatekeeper, None]:
    """A gatekeeper for one push."""
    keeper = Gatekeeper(gate)
    try:
        yield keeper
    finally:
        await keeper.close()
