"""The client of HAProxy's sockets, against a socket that answers as HAProxy does."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from demitasse.engines.traffic.commands import Command
from demitasse.engines.traffic.runtime import Session, master, session
from demitasse.errors import EngineError, EngineUnavailable

ANSWERS = {
    "prompt": "",
    "show info": "Name: HAProxy\nPid: 8\n",
    "set server g/s state maint": "",
    "del server g/s": "Server deleted.\n",
    "del server g/t": "No such server.\n",
}


def against(path: Path, scenario: Callable[[Session], Awaitable[None]]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).decode().strip():
            if line.endswith("<<"):
                while (await reader.readline()).strip():
                    writer.write(b"+ ")
                writer.write(b"+ \n> ")
                continue
            if line not in ANSWERS:
                break
            writer.write(f"{ANSWERS[line]}\n> ".encode())
        writer.close()

    async def main() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        server = await asyncio.start_unix_server(answer, sock=_listening(path))
        async with server, session(path) as opened:
            await scenario(opened)

    asyncio.run(main())


def _listening(path: Path) -> socket.socket:
    """A socket at a path of any length."""
    made = socket.socket(socket.AF_UNIX)
    folder = os.open(path.parent, os.O_PATH)
    made.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
    return made


def test_answers_come_one_by_one(tmp_path: Path) -> None:
    async def scenario(opened: Session) -> None:
        assert await opened.ask("show info") == "Name: HAProxy\nPid: 8"
        assert await opened.do(Command("del server g/s", "Server deleted")) == "."
        await opened.do_all([Command("set server g/s state maint")])

    against(tmp_path / "s", scenario)


def test_a_payload_is_acknowledged_line_by_line(tmp_path: Path) -> None:
    async def scenario(opened: Session) -> None:
        await opened.do(Command("add map @1 m <<\na b\nc d\n"))
        assert await opened.ask("show info") == "Name: HAProxy\nPid: 8"

    against(tmp_path / "s", scenario)


def test_a_refusal_is_told_in_haproxys_words(tmp_path: Path) -> None:
    async def scenario(opened: Session) -> None:
        with pytest.raises(EngineError, match=r"refused 'del server g/t': No such server\."):
            await opened.do(Command("del server g/t", "Server deleted"))
        with pytest.raises(EngineError, match="Name: HAProxy"):
            await opened.do(Command("show info"))

    against(tmp_path / "s", scenario)


def test_a_path_may_be_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    async def scenario(opened: Session) -> None:
        assert await opened.ask("show info")

    against(tmp_path / ("x" * 120) / "s", scenario)


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            async with session(tmp_path / "s"):
                pass
        with pytest.raises(EngineUnavailable, match="master"):
            await master(tmp_path / "m", "reload")

    asyncio.run(main())


def test_silence_is_unavailable(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def main() -> None:
        async with await asyncio.start_unix_server(silent, tmp_path / "s"):
            with pytest.raises(EngineUnavailable, match="does not answer"):
                async with session(tmp_path / "s", limit=0.01):
                    pass

    asyncio.run(main())


def test_a_connection_that_breaks_is_unavailable(tmp_path: Path) -> None:
    async def scenario(opened: Session) -> None:
        await opened.ask("something at which the other side hangs up")

    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        against(tmp_path / "s", scenario)
