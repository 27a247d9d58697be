"""Answers of S3, over ASGI."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from demitasse.errors import ServiceError
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.request import Send
from demitasse.services.s3.records import Checksum

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_WITHOUT_BODY = frozenset({204, 304})


@dataclass(slots=True)
class Answer:
    """An answer. A body that is not bytes comes in pieces, and Content-Length is in ``headers``."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncGenerator[bytes, None] = b""

    @classmethod
    def xml(cls, name: str, content: Iterable[xml.Element]) -> Answer:
        """200 with a document."""
        return cls(200, {"Content-Type": "application/xml"}, xml.document(name, content))

    @classmethod
    def error(cls, error: ServiceError, *, resource: str, request_id: str, host_id: str) -> Answer:
        """An error in S3's form."""
        members = {name: value for name, value in error.members.items() if name != "headers"}
        body = xml.error_document(
            [
                ("Code", error.code),
                ("Message", error.message),
                *((name, str(value)) for name, value in members.items()),
                ("Resource", resource),
                ("RequestId", request_id),
                ("HostId", host_id),
            ]
        )
        headers = {"Content-Type": "application/xml", **error.members.get("headers", {})}
        return cls(error.status or 400, headers, body)

    async def send(self, send: Send, *, without_body: bool) -> None:
        """Answer over ASGI; ``without_body`` for HEAD."""
        if isinstance(self.body, bytes) and self.status not in _WITHOUT_BODY:
            self.headers.setdefault("Content-Length", str(len(self.body)))
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [
                    # What came in a query may hold line ends: they must not begin a header.
                    (name.lower().encode("latin-1"), _shown(value).encode("latin-1", "replace"))
                    for name, value in self.headers.items()
                ],
            }
        )
        if isinstance(self.body, bytes):
            left_out = without_body or self.status in _WITHOUT_BODY
            await send({"type": "http.response.body", "body": b"" if left_out else self.body})
            return
        async with aclosing(self.body) as pieces:  # also when the client goes away
            if not without_body:
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})


def _shown(value: str) -> str:
    return _UNPRINTABLE.sub(" ", value)


def checksum_elements(checksum: Checksum | None) -> list[xml.Element]:
    """A checksum as it stands in documents."""
    if checksum is None:
        return []
    return [(f"Checksum{checksum.algorithm}", checksum.value), ("ChecksumType", checksum.type)]


def moment(at: datetime) -> str:
    """``2026-11-23T05:24:00.000Z``, as S3's documents have it."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def http_date(at: datetime) -> str:
    """``Mon, 23 Nov 2026 05:24:00 GMT``, as headers have it."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
