"""``/v2/<name>/blobs/uploads/``: bytes on their way in.

An upload begins (POST), receives bytes in order (PATCH, any number of times), and is finished
with the digest that they must have (PUT). How far it came is asked with GET, also after the
platform was restarted. One request at a time may change an upload; others wait for it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from demitasse.engines.blobs.errors import DigestMismatch, NoSpace
from demitasse.errors import NotFoundInEngine
from demitasse.services.ecr import images
from demitasse.services.ecr.distribution import errors
from demitasse.services.ecr.distribution.errors import RegistryError
from demitasse.services.ecr.distribution.http import Answer, Disconnected
from demitasse.services.ecr.distribution.visit import Visit, checked_digest
from demitasse.services.ecr.records import LAYERS, UPLOADS, Upload, in_repository
from demitasse.store import Ref

_PIECE = 1024 * 1024
_CONTENT_RANGE = re.compile(r"(?:bytes[ =])?([0-9]{1,18})-([0-9]{1,18})(?:/(?:[0-9]+|\*))?")


async def begin(visit: Visit, name: str) -> Answer:
    """Begin an upload; or mount a blob of another repository; or take all of one in one go."""
    query = visit.request.query
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
    if "mount" in query and _mount(visit, name, query["mount"], query.get("from", "")):
        return _created(name, query["mount"])
    digest = checked_digest(query["digest"]) if "digest" in query else None
    upload = visit.ids.uuid()
    await visit.blobs.begin(visit.space, upload)
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        tx.create(UPLOADS, visit.scope, upload, Upload(name, visit.clock.now()))
    if digest is None:
        return _progress(202, name, upload, 0)
    async with _changing(visit, upload):
        await _receive(visit, upload)
        return await _finish(visit, name, upload, digest)


async def status(visit: Visit, name: str, upload: str) -> Answer:
    """How many bytes of an upload are here."""
    return _progress(204, name, upload, await _received(visit, name, upload))


async def patch(visit: Visit, name: str, upload: str) -> Answer:
    """Receive the next bytes. What arrived stays, also when the client goes away meanwhile."""
    async with _changing(visit, upload):
        await _in_order(visit, name, upload)
        size = await _receive(visit, upload)
        await visit.blobs.flush(visit.space, upload)
    return _progress(202, name, upload, size)


async def put(visit: Visit, name: str, upload: str) -> Answer:
    """Receive the last bytes, if any, and make the upload the blob it is said to be."""
    digest = visit.request.query.get("digest")
    if digest is None:
        raise errors.digest_invalid("the parameter 'digest' is missing")
    checked_digest(digest)
    async with _changing(visit, upload):
        await _in_order(visit, name, upload)
        await _receive(visit, upload)
        return await _finish(visit, name, upload, digest)


async def cancel(visit: Visit, name: str, upload: str) -> Answer:
    """Forget an upload."""
    async with visit.locks.hold(upload):
        await _received(visit, name, upload)
        await _forget(visit, upload)
    return Answer(204)


# within


@asynccontextmanager
async def _changing(visit: Visit, upload: str) -> AsyncIterator[None]:
    """Alone with an upload; when the disk is full it ends, so that its bytes make room."""
    async with visit.locks.hold(upload):
        try:
            yield
        except NoSpace:
            await _forget(visit, upload)
            raise


def _mount(visit: Visit, name: str, digest: str, source: str) -> bool:
    """Let a repository hold what another one of the same account and region holds."""
    checked_digest(digest)
    with visit.store.transaction() as tx:
        layer = tx.get(LAYERS, visit.scope, in_repository(source, digest))
        if layer is None:
            return False
        where = images.repository(tx, visit.scope, name)
        images.want_layer(tx, where, digest, layer.desired.size, visit.clock.now())
        return True


async def _received(visit: Visit, name: str, upload: str) -> int:
    """How far an upload of this repository came; ``RegistryError`` when there is none."""
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        kept = tx.get(UPLOADS, visit.scope, upload)
    if kept is None or kept.desired.repository != name:
        raise errors.upload_unknown(upload)
    try:
        return await visit.blobs.received(visit.space, upload)
    except NotFoundInEngine:
        # Its bytes became a blob, and the answer was lost with the platform.
        await _forget(visit, upload)
        raise errors.upload_unknown(upload) from None


async def _in_order(visit: Visit, name: str, upload: str) -> None:
    """Check that the bytes of this request begin where the upload ends."""
    size = await _received(visit, name, upload)
    header = visit.request.headers.get("content-range")
    if header is None:
        return
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None or int(match[1]) != size or int(match[2]) < int(match[1]):
        raise RegistryError(
            "RANGE_INVALID",
            f"invalid content range: the upload has {size} bytes",
            status=416,
            headers=_progress(416, name, upload, size).headers,
        )
    length = visit.request.content_length
    if length is not None and length != int(match[2]) - int(match[1]) + 1:
        raise errors.size_invalid(
            f"Content-Range promises {int(match[2]) - int(match[1]) + 1} bytes,"
            f" Content-Length {length}"
        )


async def _receive(visit: Visit, upload: str) -> int:
    """Pass the request's body on to the blob engine in pieces; returns the upload's size."""
    held = bytearray()
    try:
        async for piece in visit.request.pieces():
            held += piece
            if len(held) >= _PIECE:
                await visit.blobs.append(visit.space, upload, bytes(held))
                held.clear()
    except Disconnected:
        await visit.blobs.append(visit.space, upload, bytes(held))
        raise
    return await visit.blobs.append(visit.space, upload, bytes(held))


async def _finish(visit: Visit, name: str, upload: str, digest: str) -> Answer:
    try:
        size = await visit.blobs.finish(visit.space, upload, digest)
    except DigestMismatch as error:
        await _forget(visit, upload)
        raise errors.digest_invalid(
            f"provided digest did not match uploaded content: {error}"
        ) from error
    with visit.store.transaction() as tx:
        tx.delete(UPLOADS, Ref(visit.scope, upload))
        where = images.repository(tx, visit.scope, name)
        images.want_layer(tx, where, digest, size, visit.clock.now())
    return _created(name, digest)


async def _forget(visit: Visit, upload: str) -> None:
    await visit.blobs.abandon(visit.space, upload)
    with visit.store.transaction() as tx:
        tx.delete(UPLOADS, Ref(visit.scope, upload))


def _progress(code: int, name: str, upload: str, size: int) -> Answer:
    return Answer(
        code,
        {
            "Location": f"/v2/{name}/blobs/uploads/{upload}",
            "Range": f"0-{max(size - 1, 0)}",
            "Docker-Upload-Uuid": upload,
        },
    )


def _created(name: str, digest: str) -> Answer:
    return Answer(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})
