"""Running git: to its end, or streaming; a process never outlives the one who waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from demitasse.errors import EngineError, EngineUnavailable

PIECE = 64 * 1024
"""Bytes of a stream that are held at a time."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    output: bytes
    said: str


@asynccontextmanager
async def running(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    source: int = PIPE,
    errors: int = DEVNULL,
    inherited: Sequence[int] = (),
) -> AsyncGenerator[Process, None]:
    """A process with pipes; killed at the end of the block if it still runs.

    ``EngineUnavailable`` when the program is missing.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=source,
            stdout=PIPE,
            stderr=errors,
            env=dict(environment),
            pass_fds=tuple(inherited),
            cwd="/",
            start_new_session=True,  # a Ctrl-C at the platform's terminal is not meant for it
        )
    except FileNotFoundError as error:
        raise EngineUnavailable(f"{argv[0]} is not installed on this machine") from error
    except OSError as error:
        raise EngineError(f"{argv[0]} cannot be run: {error}") from error
    try:
        yield process
    finally:
        await asyncio.shield(_end(process))


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it has started itself
    if process.stdin is not None:
        process.stdin.close()
    if process.stdout is not None:
        with contextlib.suppress(ConnectionError):
            while await process.stdout.read(PIECE):
                pass  # what was still on its way
    await process.wait()


async def run(argv: Sequence[str], environment: Mapping[str, str], stdin: bytes = b"") -> Done:
    """Run to the end, all input and output in memory."""
    source = PIPE if stdin else DEVNULL
    async with running(argv, environment, source=source, errors=PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - made with pipes
        assert process.stderr is not None  # noqa: S101
        output, said, _ = await asyncio.gather(
            process.stdout.read(), process.stderr.read(), feed(process, _once(stdin))
        )
        status = await process.wait()
        return Done(status, output, said.decode(errors="replace").strip())


async def _once(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


async def feed(process: Process, pieces: AsyncIterator[bytes]) -> None:
    """Give a process its input as it comes. One that ends before taking all is no error."""
    stdin = process.stdin
    if stdin is None:
        return
    async for piece in pieces:  # to the end: the rest is not the next request
        if stdin.is_closing():
            continue
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(piece)
            await stdin.drain()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.close()
        await stdin.wait_closed()


async def exchange(process: Process, request: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Feed a request and yield what is answered meanwhile; what the request raises, is raised."""
    stdout = process.stdout
    assert stdout is not None  # noqa: S101 - made with a pipe
    feeding = asyncio.ensure_future(feed(process, request))
    reading: asyncio.Future[bytes] | None = None
    try:
        while True:
            reading = asyncio.ensure_future(stdout.read(PIECE))
            waited: set[asyncio.Future[Any]] = {reading}
            if not feeding.done():
                waited.add(feeding)
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if feeding.done():
                feeding.result()  # raises what the request raised: git would wait for ever
            piece = await reading
            if not piece:
                break
            yield piece
        await feeding
    finally:
        for task in (feeding, reading):
            if task is not None:
                task.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
