"""Bytes of objects: into the blob engine and out of it, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.ids import Ids
from demitasse.services.s3.checksums import Hashes
from demitasse.services.s3.records import Piece, space_of

_HELD = 1024 * 1024


async def receive(
    blobs: BlobEngine, ids: Ids, account: str, pieces: AsyncIterator[bytes], hashes: Hashes
) -> tuple[Piece, ...]:
    """Keep bytes as they arrive, durably; no piece when there were none.

    Whatever ``pieces`` raises leaves nothing behind. ``EngineError``.
    """
    space, upload = space_of(account), ids.uuid()
    held = bytearray()
    begun = False
    try:
        async for piece in pieces:
            hashes.update(piece)
            held += piece
            if len(held) >= _HELD:
                if not begun:
                    begun = True
                    await blobs.begin(space, upload)
                await blobs.append(space, upload, bytes(held))
                held.clear()
        if not hashes.size:
            return ()
        if not begun:
            begun = True
            await blobs.begin(space, upload)
        await blobs.append(space, upload, bytes(held))
        digest = f"sha256:{hashes.sha256}"
        await blobs.finish(space, upload, digest)
    except BaseException:  # also when the client goes away or the platform stops
        if begun:
            await blobs.abandon(space, upload)
        raise
    return (Piece(digest, hashes.size),)


async def read(
    blobs: BlobEngine, account: str, pieces: Sequence[Piece], first: int, last: int
) -> AsyncGenerator[bytes, None]:
    """The bytes of an object from ``first`` to ``last`` (inclusive). ``EngineError``."""
    start = 0
    for piece in pieces:
        end = start + piece.size - 1
        if start <= last and end >= first and piece.size:
            bytes_ = blobs.read(
                space_of(account), piece.digest, max(first - start, 0), min(last, end) - start
            )
            async with aclosing(bytes_) as parts:  # also when the client goes away
                async for part in parts:
                    yield part
        start = end + 1
