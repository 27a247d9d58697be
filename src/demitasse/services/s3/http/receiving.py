"""What a client sends, with every checksum that it gave verified."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

from demitasse.errors import ServiceError
from demitasse.services.s3 import checksums, errors
from demitasse.services.s3.checksums import ALGORITHMS, Hashes
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.body import Body
from demitasse.services.s3.http.visit import Visit

_TRAILER = re.compile(checksums.HEADERS)
_DOCUMENT_LIMIT = 4 * 1024 * 1024


class Incoming:
    """The body of a request. ``default`` is the checksum to make when the request names none.

    With ``whole_object`` its checksum header is about something else than this body.
    """

    def __init__(self, visit: Visit, default: str = "", *, whole_object: bool = False) -> None:
        headers = visit.request.headers
        algorithm, self._checksum = ("", "") if whole_object else checksums.stated(headers)
        named, trailing = asked_algorithm(headers), _trailing_algorithm(headers)
        if self._checksum and trailing:
            raise errors.invalid_request("Expecting a single x-amz-checksum- header")
        if named and (algorithm or trailing or named) != named:
            raise errors.invalid_request(
                "Value for x-amz-sdk-checksum-algorithm header is invalid."
            )
        self._md5 = headers.get("content-md5")
        if self._md5 is not None and len(checksums.decoded(self._md5)) != 16:
            raise ServiceError(
                "InvalidDigest", "The Content-MD5 you specified was invalid.", status=400
            )
        self._body = Body(visit.request, visit.signed)
        self.hashes = Hashes(algorithm or trailing or named or default)
        self.checked = bool(self._md5 or self._checksum or trailing)
        """Whether the request has a checksum of its body at all."""

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes; whoever takes them in must update ``hashes`` before asking for the next.

        At their end, before anybody can keep them, checksums are verified: ``ServiceError``.
        """
        async for piece in self._body.pieces():
            yield piece
        self._verify()

    async def whole(self, limit: int) -> bytes:
        """All of it in memory. ``ServiceError`` when it is larger than ``limit``."""
        self._body.largest = limit
        held = bytearray()
        async for piece in self.pieces():
            self.hashes.update(piece)
            held += piece
        return bytes(held)

    def _verify(self) -> None:
        self._body.verify(self.hashes.sha256)
        if self._md5 is not None and checksums.decoded(self._md5) != self.hashes.md5:
            raise errors.bad_digest("Content-MD5")
        algorithm, trailed = checksums.stated(self._body.trailers)
        if trailed and algorithm != self.hashes.algorithm:
            raise errors.invalid_request("The checksum trailer is not the one announced.")
        promised, found = self._checksum or trailed, self.hashes.checksum
        if promised and found is not None and found.value != promised:
            raise errors.bad_digest(found.algorithm)


async def document(visit: Visit, root: str) -> xml.Node:
    """The XML that a request sends. ``ServiceError``."""
    return xml.parse(await Incoming(visit).whole(_DOCUMENT_LIMIT), root)


def asked_algorithm(headers: Mapping[str, str]) -> str:
    """The checksum algorithm that a request names; "" for none. ``ServiceError``."""
    named = headers.get("x-amz-checksum-algorithm") or headers.get("x-amz-sdk-checksum-algorithm")
    name = (named or "").upper()
    if name == "MD5" and "content-md5" in headers:  # so SDKs say that this is the checksum
        return ""
    if name and name not in ALGORITHMS:
        raise errors.invalid_request(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid"
            f" types: [{', '.join(ALGORITHMS)}]"
        )
    return name


def _trailing_algorithm(headers: Mapping[str, str]) -> str:
    """The algorithm of the checksum that comes after the body; "" for none."""
    announced = headers.get("x-amz-trailer", "").lower().split(",")
    names = [name.strip() for name in announced if name.strip()]
    found = [match[1].upper() for name in names if (match := _TRAILER.fullmatch(name))]
    if len(found) < len(names) or len(found) > 1:
        raise errors.invalid_request(
            "The value specified in the x-amz-trailer header is not supported"
        )
    return found[0] if found else ""
