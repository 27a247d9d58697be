"""Sweeps up what nobody needs: old logins and uploads, and bytes that no image uses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.control import Controller, Interest
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.services.ecr.records import IMAGES, LAYERS, UPLOADS, forget_expired
from demitasse.store import Kind, Ref, Store, Transaction

_EVERY = 60 * 60.0
_PAGE = 500
_GRACE = timedelta(hours=24)
_EXPIRED_KNOWN = timedelta(days=1)
_EVERYWHERE = Ref(Scope("", ""), "registry")


class SweepController(Controller):
    """Looks at all that the registry keeps, in pages, once an hour.

    Layers and uploads stay for ``grace`` after somebody last wanted them, because a push names
    its layers only at its end. The work is one record: the registry.
    """

    name = "ecr.sweep"
    workers = 1

    def __init__(
        self, *, store: Store, blobs: BlobEngine, clock: Clock, grace: timedelta = _GRACE
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._grace = grace

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {}

    def everything(self, tx: Transaction) -> Iterable[Ref]:  # noqa: ARG002 - it is always the same
        return (_EVERYWHERE,)

    async def reconcile(self, ref: Ref) -> float | None:  # noqa: ARG002 - it is always the same
        now = self._clock.now()
        with self._store.transaction() as tx:
            forget_expired(tx, now - _EXPIRED_KNOWN)
        for space in await self._blobs.spaces():
            account, _, region = space.partition("/")
            scope = Scope(account, region)
            await self._uploads(scope, space, now - self._grace)
            await self._layers(scope, now - self._grace)
            await self._bytes(scope, space, now - self._grace)
        return _EVERY

    async def _uploads(self, scope: Scope, space: str, before: datetime) -> None:
        """Forget uploads that received nothing for long."""
        active = set()
        for upload in await self._blobs.uploads(space):
            if upload.touched_at >= before:
                active.add(upload.name)
                continue
            with self._store.transaction() as tx:
                tx.delete(UPLOADS, Ref(scope, upload.name))
            await self._blobs.abandon(space, upload.name)
        with self._store.transaction() as tx:
            for item in tx.page(UPLOADS, scope):
                if item.key not in active and item.desired.started_at < before:
                    tx.delete(UPLOADS, item.ref)

    async def _layers(self, scope: Scope, before: datetime) -> None:
        """Let repositories forget layers that no image of theirs needs."""
        last: str | None = ""
        while last is not None:
            with self._store.transaction() as tx:
                page = tx.page(LAYERS, scope, after=last, limit=_PAGE)
                for layer in page:
                    if layer.desired.wanted_at >= before:
                        continue
                    if tx.one(IMAGES, scope, "layer", layer.key) is None:
                        tx.delete(LAYERS, layer.ref)
            last = page[-1].key if page else None
            await self._clock.sleep(0)

    async def _bytes(self, scope: Scope, space: str, before: datetime) -> None:
        """Delete blobs that no repository holds."""
        page = await self._blobs.blobs(space, "", _PAGE)
        while page:
            with self._store.transaction() as tx:
                unused = [name for name in page if tx.one(LAYERS, scope, "digest", name) is None]
            for name in unused:
                await self._blobs.discard(space, name, before)
            page = await self._blobs.blobs(space, page[-1], _PAGE)
