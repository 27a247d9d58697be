"""An HTTP request as the wire reads it."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from demitasse.wire.problems import Kind, Malformed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class Disconnected(Exception):
    """The client went away before its request was complete."""


class TooLarge(Exception):
    """The body exceeds the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes.")


@dataclass(slots=True)
class Request:
    """``path`` and ``query`` are raw, as signed; header names are lower case; of repeated headers
    the values are joined by commas, as SigV4 wants them.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    form: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """The head of the request of an ASGI scope."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        raw_path = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope.get("query_string", b"")
        return cls(scope["method"], raw_path.decode("latin-1"), query.decode("latin-1"), headers)


async def read_body(request: Request, receive: Receive, limit: int) -> bytes:
    """The whole body as sent. Raises ``TooLarge`` and ``Disconnected``."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
        raise TooLarge(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit)
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decoded(request: Request, limit: int) -> bytes:
    """The body without its content encoding. Raises ``TooLarge`` and ``Malformed``."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return request.body
    if encoding != "gzip":
        raise Malformed(f"The content encoding {encoding!r} is not understood.", kind=Kind.SYNTAX)
    unpack = zlib.decompressobj(wbits=31)
    try:
        body = unpack.decompress(request.body, limit + 1)
    except zlib.error:
        raise Malformed("The body is not gzip.", kind=Kind.SYNTAX) from None
    if len(body) > limit:
        raise TooLarge(limit)
    if not unpack.eof:
        raise Malformed("The gzip body ends too early.", kind=Kind.SYNTAX)
    return body
