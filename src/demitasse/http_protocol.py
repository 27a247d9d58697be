"""HTTP as uvicorn speaks it, with answers that leave in as few packets as possible."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST = 64 * 1024
"""Bytes that are held back at most: of more, the transport's own flow control must know."""


class JoinedWrites:
    """A transport that sends at once what is written in one turn of the event loop.

    uvicorn writes an answer's head and its body one after the other, and uvloop sends each write
    by itself: two system calls, two packets, and a client that wakes up for a head without a body.
    That costs as much as answering a call of the API.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.set_protocol = transport.set_protocol

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if not self._held:
            return
        data = b"".join(self._held)
        self._held.clear()
        self._size = 0
        if not self._transport.is_closing():
            self._transport.write(data)


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP over joined writes."""

    def connection_made(self, transport: Any) -> None:
        joined: Any = JoinedWrites(transport, self.loop)
        super().connection_made(joined)
