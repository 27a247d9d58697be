"""Objects in memory, for tests."""

from __future__ import annotations

import hashlib

from demitasse.api import Scope
from demitasse.engines.objects.protocol import NoSuchObject


class FakeObjects:
    """Buckets must be made with ``add_bucket``; with ``versions`` each put makes one."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Scope, str], dict[str, list[bytes]]] = {}
        self.headers: dict[tuple[str, str], tuple[str, str]] = {}
        """Of each bucket and key: the last Content-Type and Cache-Control."""

    def add_bucket(self, scope: Scope, bucket: str) -> None:
        """Let there be a bucket."""
        self.kept.setdefault((scope, bucket), {})

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
        versions = self._bucket(scope, bucket).setdefault(key, [])
        versions.append(data)
        self.headers[bucket, key] = (content_type, cache_control)
        return str(len(versions))

    async def get(self, scope: Scope, bucket: str, key: str, version: str = "") -> bytes:
        versions = self._bucket(scope, bucket).get(key)
        if not versions or (version and int(version) > len(versions)):
            raise NoSuchObject(f"There is no object {key} in the bucket {bucket}.")
        return versions[int(version) - 1 if version else -1]

    async def keys(self, scope: Scope, bucket: str, prefix: str) -> list[str]:
        return sorted(each for each in self._bucket(scope, bucket) if each.startswith(prefix))

    async def current(self, scope: Scope, bucket: str, key: str) -> tuple[str, str] | None:
        versions = self.kept.get((scope, bucket), {}).get(key)
        if not versions:
            return None
        digest = hashlib.md5(versions[-1], usedforsecurity=False).hexdigest()
        return str(len(versions)), digest

    def _bucket(self, scope: Scope, bucket: str) -> dict[str, list[bytes]]:
        try:
            return self.kept[scope, bucket]
        except KeyError:
            raise NoSuchObject(f"There is no bucket {bucket}.") from None
