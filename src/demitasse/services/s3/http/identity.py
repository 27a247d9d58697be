"""What S3 must know of who signed a request; whoever verifies signatures offers it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

from demitasse.api import Caller


class Chunks(Protocol):
    """The signatures of a body that comes in signed chunks."""

    def accepts(self, signature: str, sha256: str) -> bool:
        """Whether this is the signature of the next chunk, whose digest is given."""

    def accepts_trailer(self, signature: str, lines: str) -> bool:
        """Whether this is the signature of the trailing headers, ``name:value`` and a newline each."""


class Signed(Protocol):
    """A verified request; ``payload`` is what x-amz-content-sha256 says of its body."""

    @property
    def caller(self) -> Caller:
        """Who signed it."""

    @property
    def region(self) -> str:
        """For which region."""

    @property
    def payload(self) -> str:
        """A digest in hexadecimal, or one of S3's words."""

    @property
    def chunks(self) -> Chunks | None:
        """With which to check the chunks; ``None`` when they are not signed."""

    @property
    def express(self) -> bool:
        """Whether it was signed for directory buckets."""


class Signatures(Protocol):
    """Verifies signatures."""

    def verify(self, scope: MutableMapping[str, Any], /) -> Signed:
        """Who signed the request of an ASGI scope. ``ServiceError`` with S3's codes."""
