"""Requests to S3, over ASGI."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NUMBER = re.compile(r"[0-9]{1,18}")
_NEVER_HEADERS = re.compile(
    r"x-amz-(algorithm|content-sha256|credential|date|expires|security-token|signature"
    r"|signedheaders|checksum-(?!mode).*|sdk-checksum-algorithm)"
)
"""The parameters of a signature; and checksums: S3 passes over those that stand in a presigned URL.
The JavaScript SDK puts that of an empty body there, for it does not know yet what will be sent.
"""
_LOOPBACK = ".localhost"  # whatever stands before it is this machine (RFC 6761)
_LONGEST_KEY = 1024
_LITTLE = 1024 * 1024


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Request:
    """A request; header names in lower case, its body still on the way.

    ``bucket`` and ``key`` are those of its address, "" where it names none.
    """

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive) -> None:
        self.method: str = scope["method"]
        self.raw_path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        self.raw_query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]},{value}" if name in self.headers else value
        self.bucket = self.key = ""
        self.query: dict[str, str] = {}
        self.body_ended = self.headers.get("content-length", "0") == "0" and (
            "transfer-encoding" not in self.headers
        )
        self._receive = receive

    def read_address(self) -> None:
        """Set ``bucket``, ``key`` and ``query``. ``ServiceError`` when they cannot be read."""
        path = _text(unquote_to_bytes(self.raw_path.encode("latin-1"))).removeprefix("/")
        self.bucket, self.key = self._bucket_of_host(), path
        if not self.bucket:
            self.bucket, _, self.key = path.partition("/")
        check_key(self.key)
        for name, value in _pairs(self.raw_query):
            self.query.setdefault(name, value)
            header = name.lower()
            if header.startswith("x-amz-") and not _NEVER_HEADERS.fullmatch(header):
                self.headers.setdefault(header, value)  # presigned URLs carry headers so

    def _bucket_of_host(self) -> str:
        """The bucket that the host's name begins with (``bucket.localhost:4566``); "" for none.

        So most SDKs write a bucket when the endpoint is a name, not an address.
        """
        name = self.headers.get("host", "").partition(":")[0].lower()
        return name.removesuffix(_LOOPBACK) if name.endswith(_LOOPBACK) else ""

    @property
    def content_length(self) -> int | None:
        """How long the body is said to be."""
        value = self.headers.get("content-length", "")
        return int(value) if _NUMBER.fullmatch(value) else None

    async def drain(self) -> None:
        """Read and forget what is left of the body, if it is little and on its way already."""
        length = self.content_length
        if self.body_ended or length is None or length > _LITTLE or "expect" in self.headers:
            return
        async for _ in self.pieces():
            pass

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. ``Disconnected``."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            more = message.get("more_body", False)
            self.body_ended = not more
            if message.get("body"):
                yield message["body"]


def check_key(key: str) -> None:
    """Whether an object may have this key. ``ServiceError``."""
    size = len(key.encode())
    if size > _LONGEST_KEY:
        raise ServiceError(
            "KeyTooLongError",
            "Your key is too long",
            status=400,
            Size=str(size),
            MaxSizeAllowed=str(_LONGEST_KEY),
        )
    if "\0" in key or "\U0010ffff" in key:  # with which records' keys are made
        raise errors.invalid_argument(
            "Object keys with U+0000 or U+10FFFF are not supported by Demitasse."
        )


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI.", status=400) from error


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI.", status=400) from error
