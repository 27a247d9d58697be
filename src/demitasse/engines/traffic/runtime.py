"""A small client of HAProxy's two sockets: the runtime interface and the master's."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from demitasse.engines.traffic.commands import Command
from demitasse.errors import EngineError, EngineUnavailable

_PROMPT = b"\n> "
_PAYLOAD_PROMPT = "+ \n"
_LIMIT = 64 * 1024 * 1024
_LONGEST_PATH = 100


class Session:
    """One connection to the runtime interface, kept open for several commands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, line: str) -> str:
        """Send a line, or several with a payload; the answer without surrounding white space."""
        self._writer.write(f"{line}\n".encode())
        answer = await self._reader.readuntil(_PROMPT)
        told = answer[: -len(_PROMPT)].decode(errors="replace")
        return told.lstrip(_PAYLOAD_PROMPT).rstrip() if "\n" in line else told.strip()

    async def do(self, command: Command) -> str:
        """Carry out a command; raises ``EngineError`` when the answer is not the expected one."""
        answer = await self.ask(command.line)
        done = answer.startswith(command.answer) if command.answer else not answer
        if not done:
            first = command.line.partition("\n")[0]
            raise EngineError(f"HAProxy refused {first!r}: {answer or 'no answer'}")
        return answer.removeprefix(command.answer)

    async def do_all(self, commands: Iterable[Command]) -> None:
        """Carry out commands in order, up to the first that fails."""
        for command in commands:
            await self.do(command)


@contextlib.asynccontextmanager
async def session(path: Path, limit: float = 15.0) -> AsyncIterator[Session]:
    """Connect to the runtime interface. ``EngineUnavailable`` when nobody answers there."""
    try:
        async with asyncio.timeout(limit), _connected(path) as (reader, writer):
            opened = Session(reader, writer)
            await opened.ask("prompt")
            yield opened
    except TimeoutError:
        raise EngineUnavailable("HAProxy does not answer") from None
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        raise EngineUnavailable(f"HAProxy cannot be reached: {error}") from error


async def master(path: Path, command: str, limit: float = 15.0) -> str:
    """Ask the master process one thing."""
    try:
        async with asyncio.timeout(limit), _connected(path) as (reader, writer):
            writer.write(f"{command}\n".encode())
            writer.write_eof()
            return (await reader.read(_LIMIT)).decode(errors="replace").strip()
    except TimeoutError:
        raise EngineUnavailable("HAProxy's master process does not answer") from None
    except OSError as error:
        raise EngineUnavailable(f"HAProxy's master cannot be reached: {error}") from error


@contextlib.asynccontextmanager
async def _connected(
    path: Path,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a unix socket, however long its path is (the kernel takes 107 bytes)."""
    folder = None
    reach = str(path)
    if len(os.fsencode(reach)) > _LONGEST_PATH:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        reach = f"/proc/self/fd/{folder}/{path.name}"
    try:
        reader, writer = await asyncio.open_unix_connection(reach, limit=_LIMIT)
    finally:
        if folder is not None:
            os.close(folder)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
