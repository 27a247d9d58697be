"""``/v2/<name>/blobs/<digest>``: layers and configs, by their digest."""

from __future__ import annotations

import logging
from datetime import timedelta

from demitasse.services.ecr import images
from demitasse.services.ecr.distribution import errors
from demitasse.services.ecr.distribution.http import Answer
from demitasse.services.ecr.distribution.visit import Visit, checked_digest
from demitasse.services.ecr.records import IMAGES, LAYERS, in_repository
from demitasse.services.headers import RangeNotThere, wanted_range
from demitasse.store import Ref

log = logging.getLogger(__name__)

_WANTED_AGAIN = timedelta(hours=6)
"""Asking whether a layer is there keeps it; noted only this often, for it costs a write."""


async def get(visit: Visit, name: str, digest: str) -> Answer:
    """The blob's bytes, all or the range asked for; for HEAD only that they are there."""
    checked_digest(digest)
    now = visit.clock.now()
    with visit.store.transaction() as tx:
        where = images.repository(tx, visit.scope, name)
        layer = tx.get(LAYERS, visit.scope, in_repository(name, digest))
        if layer and now - layer.desired.wanted_at > _WANTED_AGAIN:
            images.want_layer(tx, where, digest, layer.desired.size, now)
    if layer is None:
        raise errors.blob_unknown(digest)
    size = layer.desired.size
    kept = await visit.blobs.size(visit.space, digest)
    if kept != size:
        # Told as missing, so that a push sends it again and mends the registry.
        log.error("blob %s of %s has %s bytes on disk, not %d", digest, visit.space, kept, size)
        raise errors.blob_unknown(digest)
    headers = {
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": digest,
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000",
    }
    try:
        part = wanted_range(visit.request.headers.get("range", ""), size)
    except RangeNotThere as error:
        raise errors.range_invalid(size) from error
    if part is None:
        headers["Content-Length"] = str(size)
        return Answer(200, headers, visit.blobs.read(visit.space, digest))
    first, last = part
    headers["Content-Length"] = str(last - first + 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Answer(206, headers, visit.blobs.read(visit.space, digest, first, last))


async def delete(visit: Visit, name: str, digest: str) -> Answer:
    """Forget a layer that no image of the repository needs."""
    checked_digest(digest)
    key = in_repository(name, digest)
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        if tx.get(LAYERS, visit.scope, key) is None:
            raise errors.blob_unknown(digest)
        user = tx.one(IMAGES, visit.scope, "layer", key)
        if user is not None:
            raise errors.unsupported(
                f"Requested layer referenced by image: [{user.desired.digest}]"
            )
        tx.delete(LAYERS, Ref(visit.scope, key))
    return Answer(202)
