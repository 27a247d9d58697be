"""Load on a web server, from this process: a few connections, each asking again and again.

Every request is one that a careful client would count: a status of 500 or more, a broken answer,
a refused or broken connection and an answer that takes longer than ``PATIENCE`` are failures.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE = 10.0  # seconds
IN_TIME = 120.0  # seconds for what is not itself measured, on a busy machine
_SERVED_BY = "x-served-by"


@dataclass
class Figures:
    """What the visitors met. Times are seconds since the load began."""

    requests: int = 0
    answered: int = 0  # how many got a good answer
    statuses: Counter[int] = field(default_factory=Counter)
    served_by: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[float, str]] = field(default_factory=list)
    longest_gap: float = 0.0  # seconds without one good answer
    slowest: float = 0.0  # seconds, of the good answers
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return len(self.failures)

    def __str__(self) -> str:
        kinds = Counter(why for _, why in self.failures)
        return (
            f"{self.requests} requests in {self.seconds:.1f} s, {self.failed} failed"
            f" {dict(kinds) or ''}, statuses {dict(self.statuses)}, by {len(self.served_by)}"
            f" servers, longest gap {self.longest_gap * 1000:.0f} ms,"
            f" slowest answer {self.slowest * 1000:.0f} ms"
        )


class Load:
    """``with Load(host, port, path) as load: …``, then ``load.figures``.

    ``connections`` visitors ask with keep-alive, each pausing ``pause`` seconds between an answer
    and its next request. A visitor whose connection is closed with an answer, or while it is idle,
    opens another, as browsers do.
    """

    def __init__(
        self,
        host: str,
        port: int = 80,
        path: str = "/",
        *,
        host_name: str = "",
        connections: int = 16,
        pause: float = 0.02,
    ) -> None:
        self.figures = Figures()
        self._host, self._port, self._path = host, port, path
        self._host_name = host_name or host
        self._connections, self._pause = connections, pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._begun = self._last_good = 0.0

    def __enter__(self) -> Self:
        self._begun = self._last_good = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        now = time.monotonic()
        self.figures.longest_gap = max(self.figures.longest_gap, now - self._last_good)
        self.figures.seconds = now - self._begun

    @property
    def now(self) -> float:
        """Seconds since the load began."""
        return time.monotonic() - self._begun

    def answers(self, more: int) -> None:
        """Wait until so many requests that begin from now on have got a good answer.

        Raises ``AssertionError`` with the figures if they have not within ``IN_TIME``.
        """
        # Those under way were begun before; each visitor has one.
        wanted = self.figures.answered + self._connections + more
        deadline = time.monotonic() + IN_TIME
        while self.figures.answered < wanted:
            missing = wanted - self.figures.answered
            self.figures.seconds = self.now
            assert time.monotonic() < deadline, f"{missing} answers too few: {self.figures}"
            time.sleep(0.01)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._visitor())

    async def _visitor(self) -> None:
        connection: _Connection | None = None
        while not self._end.is_set():
            begun = time.monotonic()
            self.figures.requests += 1
            try:
                async with asyncio.timeout(PATIENCE):
                    if connection is not None and connection.was_closed:
                        await connection.close()
                        connection = None
                    if connection is None:
                        connection = await _Connection.open(self._host, self._port)
                    status, headers = await connection.get(self._host_name, self._path)
            except (OSError, EOFError, ValueError) as error:
                self._failed(type(error).__name__)
                if connection is not None:
                    await connection.close()
                connection = None
                await asyncio.sleep(0.05)
                continue
            self._answered(status, headers, begun)
            if headers.get("connection", "").lower() == "close":
                await connection.close()
                connection = None
            await asyncio.sleep(self._pause)
        if connection is not None:
            await connection.close()

    def _answered(self, status: int, headers: dict[str, str], begun: float) -> None:
        self.figures.statuses[status] += 1
        if status >= 500:
            self._failed(f"status {status}")
            return
        now = time.monotonic()
        self.figures.answered += 1
        self.figures.slowest = max(self.figures.slowest, now - begun)
        self.figures.longest_gap = max(self.figures.longest_gap, now - self._last_good)
        self._last_good = now
        self.figures.served_by[headers.get(_SERVED_BY, "")] += 1

    def _failed(self, why: str) -> None:
        self.figures.failures.append((self.now, why))


class _Connection:
    """One connection that is kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        return cls(*await asyncio.open_connection(host, port))

    @property
    def was_closed(self) -> bool:
        """Whether the server has closed it meanwhile."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def close(self) -> None:
        """Close it whole, so that nothing of it is left to the collector."""
        self._writer.close()
        with contextlib.suppress(OSError):  # however it ended, it has
            await self._writer.wait_closed()

    async def get(self, host: str, path: str) -> tuple[int, dict[str, str]]:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readuntil(b"\r\n")
        else:
            await self._reader.readexactly(int(headers["content-length"]))
        return status, headers
