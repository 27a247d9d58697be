"""Bodies as they come to S3: plain, or ``aws-chunked`` with or without signatures and trailers.

Follows "Signature Calculations … Transferring Payload in Multiple Chunks" of the S3 API reference.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors
from demitasse.services.s3.http.identity import Signed
from demitasse.services.s3.http.request import Request

_STREAMING = "STREAMING-"
_TRAILER = "-TRAILER"
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_LONGEST_LINE = 16 * 1024
_LARGEST = 5 * 2**30
_NUMBER = re.compile(r"[0-9]{1,18}")


def is_digest(payload: str) -> bool:
    """Whether a request says the digest of its whole body."""
    return len(payload) == 64


class Body:
    """The bytes that a request carries, without their transfer coding.

    Once ``pieces`` has ended, ``trailers`` holds the trailing headers.
    """

    def __init__(self, request: Request, signed: Signed, largest: int = _LARGEST) -> None:
        self._request, self._signed, self.largest = request, signed, largest
        self.trailers: dict[str, str] = {}
        self._chunked = signed.payload.startswith(_STREAMING)

    @property
    def size(self) -> int:
        """How many bytes the request says that it carries. ``ServiceError`` when it does not."""
        headers = self._request.headers
        length = self._request.content_length
        if self._chunked:
            text = headers.get("x-amz-decoded-content-length", "")
            if not _NUMBER.fullmatch(text):
                raise _length_missing()
            length = int(text)
        if length is None:
            if not self._request.body_ended:
                raise _length_missing()
            length = 0
        if length > self.largest:
            raise ServiceError(
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed size",
                status=400,
                ProposedSize=str(length),
                MaxSizeAllowed=str(self.largest),
            )
        return length

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they arrive. ``ServiceError``, ``Disconnected``."""
        promised, size = self.size, 0
        if self._request.body_ended:
            return
        async for piece in self._decoded() if self._chunked else self._request.pieces():
            size += len(piece)
            if size > promised:
                break
            yield piece
        if size != promised:
            raise ServiceError(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP"
                " header.",
                status=400,
            )

    def verify(self, sha256: str) -> None:
        """Check the digest of what arrived against what was signed. ``ServiceError``."""
        payload = self._signed.payload
        if is_digest(payload) and payload != sha256:
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                status=400,
                ClientComputedContentSHA256=payload,
                S3ComputedContentSHA256=sha256,
            )

    async def _decoded(self) -> AsyncIterator[bytes]:
        lines = _Lines(self._request.pieces())
        while True:
            match = _SIZE.fullmatch(await lines.line())
            if match is None:
                raise _malformed()
            left, signature = int(match[1], 16), (match[2] or b"").decode()
            if left > self.largest:
                raise _malformed()
            sha256 = hashlib.sha256()
            last = not left
            while left:
                piece = await lines.some(left)
                sha256.update(piece)
                left -= len(piece)
                yield piece
            if not last and await lines.line():
                raise _malformed()
            if self._signed.chunks is not None and not self._signed.chunks.accepts(
                signature, sha256.hexdigest()
            ):
                raise _wrongly_signed()
            if last:
                break
        await self._read_trailers(lines)

    async def _read_trailers(self, lines: _Lines) -> None:
        text = ""
        expected = self._signed.payload.endswith(_TRAILER)
        while line := await lines.line(may_end=True):
            name, colon, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            if not colon or not expected or len(self.trailers) > 16:
                raise _malformed()
            if name != "x-amz-trailer-signature":
                self.trailers[name] = value
                text += f"{name}:{value}\n"
            elif self._signed.chunks and not self._signed.chunks.accepts_trailer(value, text):
                raise _wrongly_signed()
            else:
                text = ""
        if text and self._signed.chunks is not None:
            raise _wrongly_signed()  # trailers that nobody signed
        await lines.drain()
        announced = self._request.headers.get("x-amz-trailer", "").lower()
        if {name.strip() for name in announced.split(",") if name.strip()} - set(self.trailers):
            raise ServiceError(
                "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform"
                " to our published schema.",
                status=400,
            )


class _Lines:
    """Lines and counted bytes out of pieces of any size."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    async def line(self, *, may_end: bool = False) -> bytes:
        """The next line, without its end; where the body ``may_end``, "" when it does."""
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _LONGEST_LINE:
                raise _malformed()
            if not await self._more():
                if may_end and not self._held:
                    return b""
                raise _malformed()
        line, self._held = self._held[:end], self._held[end + 2 :]
        return line

    async def some(self, most: int) -> bytes:
        """The next bytes, ``most`` at most."""
        if not self._held and not await self._more():
            raise _malformed()
        some, self._held = self._held[:most], self._held[most:]
        return some

    async def drain(self) -> None:
        """Read what is left: nothing may be."""
        while await self._more():
            pass
        if self._held.strip(b"\r\n"):
            raise _malformed()

    async def _more(self) -> bool:
        async for piece in self._pieces:
            self._held += piece
            return True
        return False


def _length_missing() -> ServiceError:
    return ServiceError(
        "MissingContentLength", "You must provide the Content-Length HTTP header.", status=411
    )


def _malformed() -> ServiceError:
    return errors.invalid_request("The body is not well-formed aws-chunked content.")


def _wrongly_signed() -> ServiceError:
    return ServiceError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your"
        " key and signing method.",
        status=403,
    )
