"""A blob engine in memory, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from datetime import datetime

from demitasse.clock import Clock
from demitasse.engines.blobs.errors import DigestMismatch, NoSpace
from demitasse.engines.blobs.protocol import (
    OpenUpload,
    check_digest,
    check_space,
    check_upload,
)
from demitasse.errors import EngineError, NotFoundInEngine

_PIECE = 64 * 1024


class MemoryBlobs:
    """Keeps blobs until the process ends. ``room`` is how many more bytes fit (``None``: any)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._uploads: dict[tuple[str, str], tuple[bytearray, datetime]] = {}
        self._blobs: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self.room: int | None = None

    async def begin(self, space: str, upload: str) -> None:
        self._need(0 if self.room else 1)
        self._uploads[check_space(space), check_upload(upload)] = bytearray(), self._clock.now()

    async def received(self, space: str, upload: str) -> int:
        return len(self._upload(space, upload))

    async def append(self, space: str, upload: str, data: bytes) -> int:
        held = self._upload(space, upload)
        self._need(len(data))
        if self.room is not None:
            self.room -= len(data)
        held += data
        self._uploads[space, upload] = held, self._clock.now()
        return len(held)

    async def flush(self, space: str, upload: str) -> None:
        self._upload(space, upload)

    async def finish(self, space: str, upload: str, digest: str) -> int:
        check_digest(digest)
        data = bytes(self._upload(space, upload))
        found = "sha256:" + hashlib.sha256(data).hexdigest()
        if found != digest:
            raise DigestMismatch(f"the bytes received are {found}, not {digest}")
        del self._uploads[space, upload]
        self._blobs[space, digest] = data, self._clock.now()
        return len(data)

    async def abandon(self, space: str, upload: str) -> None:
        held, _ = self._uploads.pop((check_space(space), check_upload(upload)), (b"", None))
        if self.room is not None:
            self.room += len(held)

    async def size(self, space: str, digest: str) -> int | None:
        held = self._blobs.get((check_space(space), check_digest(digest)))
        return None if held is None else len(held[0])

    async def read(
        self, space: str, digest: str, first: int = 0, last: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        held = self._blobs.get((check_space(space), check_digest(digest)))
        if held is None:
            raise NotFoundInEngine(f"there is no blob {digest}")
        end = len(held[0]) if last is None else last + 1
        if end > len(held[0]):
            raise EngineError(f"the blob {digest} is shorter than {end} bytes")
        for start in range(first, end, _PIECE):
            yield held[0][start : min(start + _PIECE, end)]

    async def discard(self, space: str, digest: str, stored_before: datetime) -> bool:
        held = self._blobs.get((check_space(space), check_digest(digest)))
        if held is None or held[1] >= stored_before:
            return False
        del self._blobs[space, digest]
        return True

    async def spaces(self) -> list[str]:
        return sorted({space for space, _ in (*self._uploads, *self._blobs)})

    async def blobs(self, space: str, after: str = "", limit: int = 1000) -> list[str]:
        check_space(space)
        return sorted(name for where, name in self._blobs if where == space and name > after)[
            :limit
        ]

    async def uploads(self, space: str) -> list[OpenUpload]:
        check_space(space)
        return sorted(
            (
                OpenUpload(name, touched)
                for (where, name), (_, touched) in self._uploads.items()
                if where == space
            ),
            key=lambda upload: upload.name,
        )

    def _upload(self, space: str, upload: str) -> bytearray:
        held = self._uploads.get((check_space(space), check_upload(upload)))
        if held is None:
            raise NotFoundInEngine(f"there is no upload {upload}")
        return held[0]

    def _need(self, room: int) -> None:
        if self.room is not None and room > self.room:
            raise NoSpace("no space left on device")
