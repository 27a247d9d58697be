"""What is asked of the blob engine.

A *space* keeps its blobs apart from those of others (the registry has one per account and
region); its name is one or more plain folder names joined by ``/``. Within a space a blob is
named by its digest, ``sha256:`` and 64 hexadecimal digits, and bytes that are uploaded twice are
kept once. Bytes come in through *uploads*, which the caller names, and which survive a restart.

Calls on one upload must not overlap; all others may. A malformed name is a ``ValueError``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SPACE = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_UPLOAD = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload that has not been finished: its name, and when it last received something."""

    name: str
    touched_at: datetime


class BlobEngine(Protocol):
    """Keeps bytes; what it has acknowledged survives ``kill -9`` and a power cut."""

    async def begin(self, space: str, upload: str) -> None:
        """Start an upload, empty. ``NoSpace``."""

    async def received(self, space: str, upload: str) -> int:
        """How many bytes of an upload are here. ``NotFoundInEngine``."""

    async def append(self, space: str, upload: str, data: bytes) -> int:
        """Add bytes to the end of an upload, all or none; returns how many there are now.

        They are certain to survive a power cut only after ``flush`` or ``finish``.
        ``NotFoundInEngine``, ``NoSpace``.
        """

    async def flush(self, space: str, upload: str) -> None:
        """Make what was received durable. ``NotFoundInEngine``, ``NoSpace``."""

    async def finish(self, space: str, upload: str, digest: str) -> int:
        """Make an upload the blob ``digest``, durably; returns its size. The upload is gone then.

        Finishing bytes that are here already counts as storing them anew (see ``discard``).
        ``DigestMismatch`` leaves the upload as it is. ``NotFoundInEngine``, ``NoSpace``.
        """

    async def abandon(self, space: str, upload: str) -> None:
        """Forget an upload; nothing happens when there is none."""

    async def size(self, space: str, digest: str) -> int | None:
        """The size of a blob in bytes; ``None`` when it is not here."""

    def read(
        self, space: str, digest: str, first: int = 0, last: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a blob from ``first`` to ``last`` (inclusive), in pieces of bounded size.

        ``NotFoundInEngine``; ``EngineError`` when the blob is shorter than asked for.
        """

    async def discard(self, space: str, digest: str, stored_before: datetime) -> bool:
        """Delete a blob unless it was stored (again) since a moment; whether it was deleted."""

    async def spaces(self) -> list[str]:
        """The spaces in which something is kept, in order."""

    async def blobs(self, space: str, after: str = "", limit: int = 1000) -> list[str]:
        """Digests kept in a space, in order, beyond ``after``."""

    async def uploads(self, space: str) -> list[OpenUpload]:
        """The uploads of a space that are not finished, by name."""


def check_space(space: str) -> str:
    """``space`` if it is well formed, else ``ValueError``."""
    return _check(_SPACE, space, "space")


def check_upload(upload: str) -> str:
    """``upload`` if it is well formed, else ``ValueError``."""
    return _check(_UPLOAD, upload, "upload")


def check_digest(digest: str) -> str:
    """``digest`` if it is well formed, else ``ValueError``."""
    return _check(DIGEST, digest, "digest")


def _check(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"this is no name of a blob's {what}: {value!r}")
    return value
