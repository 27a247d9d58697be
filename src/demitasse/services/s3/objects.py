"""Objects, for the services of the platform that pass artifacts to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.engines.objects.protocol import NoSuchObject
from demitasse.ids import Ids
from demitasse.services.s3 import contents, versions
from demitasse.services.s3.checksums import Hashes
from demitasse.services.s3.records import (
    GLOBAL,
    NULL_VERSION,
    VERSIONS,
    Bucket,
    Version,
    before,
    find_bucket,
    find_version,
    newest,
)
from demitasse.services.s3.versions import Writer
from demitasse.store import Store, Transaction

_PIECE = 64 * 1024


class StoredObjects:
    """``Objects`` over the buckets that clients of the API see."""

    def __init__(self, *, store: Store, blobs: BlobEngine, clock: Clock, ids: Ids) -> None:
        self._store, self._blobs, self._clock, self._ids = store, blobs, clock, ids

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
        headers = {"Content-Type": content_type}
        if cache_control:
            headers["Cache-Control"] = cache_control
        with self._store.transaction() as tx:
            _bucket(tx, scope, bucket)
        hashes = Hashes()
        pieces = await contents.receive(
            self._blobs, self._ids, scope.account, _in_pieces(data), hashes
        )
        by = Writer(scope.account, self._ids.hex(16).upper(), self._clock.now(), self._ids)
        version = Version(
            bucket,
            scope.account,
            key,
            "",
            by.now,
            size=hashes.size,
            etag=hashes.etag,
            pieces=pieces,
            headers=headers,
        )
        with self._store.transaction() as tx:
            version = versions.put(tx, _bucket(tx, scope, bucket), version, by, "PutObject")
        return _shown(version)

    async def get(self, scope: Scope, bucket: str, key: str, version: str = "") -> bytes:
        with self._store.transaction() as tx:
            _bucket(tx, scope, bucket)
            found = find_version(tx, bucket, key, version) if version else newest(tx, bucket, key)
        if found is None or found.desired.delete_marker:
            what = f"version {version} of {key}" if version else f"object {key}"
            raise NoSuchObject(f"There is no {what} in the bucket {bucket}.")
        kept = found.desired
        pieces = contents.read(self._blobs, kept.account, kept.pieces, 0, kept.size - 1)
        return b"".join([piece async for piece in pieces])

    async def keys(self, scope: Scope, bucket: str, prefix: str) -> list[str]:
        with self._store.transaction() as tx:
            _bucket(tx, scope, bucket)
            begin = before(bucket, prefix)
            found = tx.page(VERSIONS, GLOBAL, prefix=begin, where=("current", bucket))
        return [each.desired.key for each in found]

    async def current(self, scope: Scope, bucket: str, key: str) -> tuple[str, str] | None:
        with self._store.transaction() as tx:
            kept = find_bucket(tx, bucket)
            if kept is None or kept.account != scope.account:
                return None
            found = newest(tx, bucket, key)
        if found is None or found.desired.delete_marker:
            return None
        return _shown(found.desired), found.desired.etag


def _bucket(tx: Transaction, scope: Scope, name: str) -> Bucket:
    bucket = find_bucket(tx, name)
    if bucket is None or bucket.account != scope.account:
        raise NoSuchObject(f"There is no bucket {name}.")
    return bucket


def _shown(version: Version) -> str:
    return "" if version.version_id == NULL_VERSION else version.version_id


async def _in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]
