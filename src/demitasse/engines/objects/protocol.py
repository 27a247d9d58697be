"""What may be asked of objects. S3 itself implements it; ``fake.py`` does in memory."""

from __future__ import annotations

from typing import Protocol

from demitasse.api import Scope
from demitasse.errors import NotFoundInEngine


class NoSuchObject(NotFoundInEngine):
    """There is no such bucket, object or version; the message says which."""


class Objects(Protocol):
    """Objects of an account's buckets, whole and in memory: artifacts are small.

    Every call may raise ``NoSuchObject``, ``EngineError`` and ``EngineUnavailable``. A bucket of
    another account is ``NoSuchObject``.
    """

    async def put(
        self,
        scope: Scope,
        bucket: str,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Keep an object; its version id, "" in a bucket without versions.

        ``cache_control`` is given back with it as Cache-Control, unless empty.
        """

    async def get(self, scope: Scope, bucket: str, key: str, version: str = "") -> bytes:
        """An object's content; the newest version when none is named."""

    async def keys(self, scope: Scope, bucket: str, prefix: str) -> list[str]:
        """The keys of all objects that begin with ``prefix``, in their order."""

    async def current(self, scope: Scope, bucket: str, key: str) -> tuple[str, str] | None:
        """The newest version's id ("" without versions) and ETag; ``None`` if not there."""
