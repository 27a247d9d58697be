"""Deletes the bytes that no object and no part needs any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from demitasse.clock import Clock
from demitasse.control import Controller, Interest
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.services.s3.records import GLOBAL, PARTS, VERSIONS, blob
from demitasse.store import Kind, Ref, Store, Transaction

_EVERY = timedelta(minutes=30)
_PAGE = 500
_EVERYTHING = Ref(GLOBAL, "objects")


class ObjectSweepController(Controller):
    """Looks at all bytes that are kept, in pages, every half hour.

    What nobody needs is deleted when nobody needed it the last time either: a download that began
    before a deletion may still be under way, and an upload's bytes are here before its object is.
    The work is one record: everything.
    """

    name = "s3.sweep"
    workers = 1

    def __init__(
        self, *, store: Store, blobs: BlobEngine, clock: Clock, every: timedelta = _EVERY
    ) -> None:
        self._store, self._blobs, self._clock, self._every = store, blobs, clock, every
        self._unneeded: dict[tuple[str, str], datetime] = {}

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {}

    def everything(self, tx: Transaction) -> Iterable[Ref]:  # noqa: ARG002 - it is always the same
        return (_EVERYTHING,)

    async def reconcile(self, ref: Ref) -> float | None:  # noqa: ARG002 - it is always the same
        now = self._clock.now()
        before = now - self._every
        former, self._unneeded = self._unneeded, {}
        for space in await self._blobs.spaces():
            for upload in await self._blobs.uploads(space):
                if upload.touched_at < before:  # its request ended with the platform
                    await self._blobs.abandon(space, upload.name)
            page = await self._blobs.blobs(space, "", _PAGE)
            while page:
                with self._store.transaction() as tx:
                    unneeded = [digest for digest in page if not _needed(tx, space, digest)]
                for digest in unneeded:
                    since = former.get((space, digest), now)
                    if since <= before and await self._blobs.discard(space, digest, before):
                        continue
                    self._unneeded[space, digest] = since
                page = await self._blobs.blobs(space, page[-1], _PAGE)
        return self._every.total_seconds()


def _needed(tx: Transaction, space: str, digest: str) -> bool:
    where = "blob", blob(space, digest)
    return bool(tx.count(VERSIONS, GLOBAL, where) or tx.count(PARTS, GLOBAL, where))
