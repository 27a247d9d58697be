"""Requests and answers of git's smart HTTP, over ASGI."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    MutableMapping,
)
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from demitasse.errors import DemitasseError
from demitasse.services import headers

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PIECE = 64 * 1024
_NEVER = {
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
}


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Unreadable(Exception):
    """The body is not what its head says."""


class Refusal(DemitasseError):
    """An answer that is no success; git shows the message to the person."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(slots=True)
class Request:
    """A request; header names in lower case, its body still on the way."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    receive: Receive
    received: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, scope: MutableMapping[str, Any], receive: Receive) -> Request:
        """The request of an ASGI scope."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        first = {name: values[0] for name, values in query.items()}
        return cls(scope["method"], scope["path"], first, headers, receive)

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password; ``None`` when there are none."""
        return headers.login(self.headers.get("authorization", ""))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives, unpacked. ``Disconnected``, ``Unreadable``."""
        packed = self.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip")
        unpack = zlib.decompressobj(wbits=31) if packed else None
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            more = message.get("more_body", False)
            if not more:
                self.received.set()
            body = message.get("body", b"")
            if unpack is None:
                if body:
                    yield body
                continue
            for piece in _unpacked(unpack, body):
                yield piece
        if unpack is not None and not unpack.eof:
            raise Unreadable("the gzip body ends too early")

    async def gone(self) -> None:
        """Return when the client has left, after its request was complete."""
        await self.received.wait()
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _unpacked(unpack: Any, body: bytes) -> Any:
    """Pieces of bounded size, however well the body was packed."""
    try:
        while body:
            piece = unpack.decompress(body, _PIECE)
            if piece:
                yield piece
            body = unpack.unconsumed_tail
    except zlib.error as error:
        raise Unreadable("the body is not gzip") from error


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer with a sentence, which git shows behind ``remote:``."""
    content = f"{refusal.message}\n".encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(content)),
        **_NEVER,
        **refusal.headers,
    }
    await send(_start(refusal.status, headers))
    await send({"type": "http.response.body", "body": content})


async def stream(send: Send, content_type: str, pieces: AsyncGenerator[bytes, None]) -> None:
    """Answer 200 with what comes; the head waits for the first piece, which may be an error."""
    begun = False
    head = _start(200, {"Content-Type": content_type, **_NEVER})
    async for piece in pieces:
        if not begun:
            await send(head)
            begun = True
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if not begun:
        await send(head)
    await send({"type": "http.response.body"})


def _start(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ],
    }
