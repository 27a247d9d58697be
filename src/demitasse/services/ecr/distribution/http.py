"""Requests and answers of the registry, over ASGI."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import msgspec

from demitasse.services.ecr.distribution.errors import RegistryError, size_invalid

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NUMBER = re.compile(r"[0-9]{1,18}")


class Disconnected(Exception):
    """The client went away before its request was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names in lower case, its body still on the way."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    receive: Receive

    @classmethod
    def of(cls, scope: MutableMapping[str, Any], receive: Receive) -> Request:
        """The request of an ASGI scope; of a parameter or header given twice, the last."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return cls(
            scope["method"],
            scope["path"],
            {name: values[-1] for name, values in query.items()},
            headers,
            receive,
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. ``Disconnected``."""
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            if message.get("body"):
                yield message["body"]
            more = message.get("more_body", False)

    async def body(self, limit: int) -> bytes:
        """The whole body. ``RegistryError`` when it is larger than ``limit``; ``Disconnected``."""
        held = bytearray()
        async for piece in self.pieces():
            held += piece
            if len(held) > limit:
                raise size_invalid(f"the body is larger than {limit} bytes", status=413)
        return bytes(held)

    @property
    def content_length(self) -> int | None:
        """How long the body is said to be."""
        value = self.headers.get("content-length", "")
        return int(value) if _NUMBER.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. A body that is not bytes comes in pieces, and Content-Length is in ``headers``."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncGenerator[bytes, None] = b""

    @classmethod
    def json(cls, content: Any, headers: dict[str, str] | None = None) -> Answer:
        """200 with JSON."""
        named = {"Content-Type": "application/json"}
        return cls(200, {**named, **(headers or {})}, msgspec.json.encode(content))

    @classmethod
    def error(cls, error: RegistryError) -> Answer:
        """An error in the registry's form."""
        return cls(
            error.status,
            {"Content-Type": "application/json", **error.headers},
            msgspec.json.encode({"errors": [error.shown()]}),
        )

    async def send(self, send: Send, *, without_body: bool) -> None:
        """Answer over ASGI; ``without_body`` for HEAD."""
        headers = {"Docker-Distribution-Api-Version": "registry/2.0", **self.headers}
        if isinstance(self.body, bytes) and self.status != 204:
            headers.setdefault("Content-Length", str(len(self.body)))
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [
                    (name.lower().encode("latin-1"), value.encode("latin-1"))
                    for name, value in headers.items()
                ],
            }
        )
        if without_body:
            await send({"type": "http.response.body"})
        elif isinstance(self.body, bytes):
            await send({"type": "http.response.body", "body": self.body})
        else:
            async with aclosing(self.body) as pieces:  # also when the client goes away
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})
