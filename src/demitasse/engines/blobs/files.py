"""The blob engine on the disk.

    <root>/<space>/.uploads/<upload>            what has been received so far
    <root>/<space>/.blobs/sha256/<ab>/<digest>  finished; never changed again

A blob appears under its name only when it is whole and synced: by one rename. All work on files
and all hashing happens on the engine's own threads, in pieces, so that the event loop goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import io
import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from demitasse.clock import Clock
from demitasse.engines.blobs.errors import DigestMismatch, NoSpace
from demitasse.engines.blobs.protocol import (
    OpenUpload,
    check_digest,
    check_space,
    check_upload,
)
from demitasse.errors import EngineError, NotFoundInEngine

T = TypeVar("T")

_PIECE = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_EPOCH = datetime.fromtimestamp(0, UTC)
_UPLOADS, _BLOBS = ".uploads", ".blobs"


@dataclass(slots=True)
class _Digesting:
    """The digest of an upload's first ``size`` bytes, computed as they arrive."""

    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)


class BlobFiles:
    """Keeps blobs below a folder, which it makes. ``clock`` gives blobs their time."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._threads = ThreadPoolExecutor(4, "blobs")
        self._digesting: dict[Path, _Digesting] = {}
        # Between "is it there and how old?" and what follows from it, nobody else may act.
        self._naming = threading.Lock()

    def close(self) -> None:
        """Wait for what is being written, and stop the threads."""
        self._threads.shutdown()

    async def begin(self, space: str, upload: str) -> None:
        await self._run(self._begin, self._upload(space, upload))

    async def received(self, space: str, upload: str) -> int:
        return await self._run(_size, self._upload(space, upload))

    async def append(self, space: str, upload: str, data: bytes) -> int:
        return await self._run(self._append, self._upload(space, upload), data)

    async def flush(self, space: str, upload: str) -> None:
        await self._run(_sync, self._upload(space, upload))

    async def finish(self, space: str, upload: str, digest: str) -> int:
        return await self._run(
            self._finish, self._upload(space, upload), self._blob(space, digest), digest
        )

    async def abandon(self, space: str, upload: str) -> None:
        path = self._upload(space, upload)
        self._digesting.pop(path, None)
        await self._run(path.unlink, missing_ok=True)

    async def size(self, space: str, digest: str) -> int | None:
        try:
            return await self._run(_size, self._blob(space, digest))
        except NotFoundInEngine:
            return None

    async def read(
        self, space: str, digest: str, first: int = 0, last: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        path = self._blob(space, digest)
        file = await self._run(io.FileIO, path)
        try:
            left = (await self._run(_size, path) if last is None else last + 1) - first
            file.seek(first)
            while left > 0:
                piece = await self._run(file.read, min(left, _PIECE))
                if not piece:
                    raise EngineError(f"the blob {digest} ends {left} bytes too early")
                left -= len(piece)
                yield piece
        finally:
            file.close()

    async def discard(self, space: str, digest: str, stored_before: datetime) -> bool:
        return await self._run(self._discard, self._blob(space, digest), stored_before)

    async def spaces(self) -> list[str]:
        return await self._run(lambda: sorted(_spaces(self._root, self._root)))

    async def blobs(self, space: str, after: str = "", limit: int = 1000) -> list[str]:
        folder = self._root / check_space(space) / _BLOBS / "sha256"
        return await self._run(_digests, folder, after, limit)

    async def uploads(self, space: str) -> list[OpenUpload]:
        return await self._run(_open_uploads, self._root / check_space(space) / _UPLOADS)

    # within: on the engine's threads

    async def _run(self, work: Callable[..., T], *values: Any, **named: Any) -> T:
        def run() -> T:
            with _readable():
                return work(*values, **named)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _upload(self, space: str, upload: str) -> Path:
        return self._root / check_space(space) / _UPLOADS / check_upload(upload)

    def _blob(self, space: str, digest: str) -> Path:
        algorithm, _, value = check_digest(digest).partition(":")
        return self._root / check_space(space) / _BLOBS / algorithm / value[:2] / value

    def _begin(self, path: Path) -> None:
        _make(path.parent)
        path.write_bytes(b"")
        self._stamp(path)
        _sync(path.parent)
        self._digesting[path] = _Digesting()

    def _append(self, path: Path, data: bytes) -> int:
        with _opened(path, os.O_WRONLY | os.O_APPEND) as file:
            before = os.fstat(file).st_size
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(file, rest) :]
            except OSError:
                os.ftruncate(file, before)
                raise
            self._stamp(file)
        digesting = self._digesting.get(path)
        if digesting is not None and digesting.size == before:
            digesting.sha256.update(data)
            digesting.size += len(data)
        return before + len(data)

    def _finish(self, upload: Path, blob: Path, digest: str) -> int:
        size = _size(upload)
        digesting = self._digesting.get(upload)
        if digesting is None or digesting.size != size:  # begun before a restart
            digesting = self._digesting[upload] = _digest(upload)
        found = "sha256:" + digesting.sha256.hexdigest()
        if found != digest:
            raise DigestMismatch(f"the bytes received are {found}, not {digest}")
        _sync(upload)
        _make(blob.parent)
        with self._naming:
            if blob.exists() and _size(blob) == size:
                self._stamp(blob)
                upload.unlink()
            else:
                self._stamp(upload)
                upload.replace(blob)
        self._digesting.pop(upload, None)
        _sync(blob.parent)
        return size

    def _discard(self, blob: Path, stored_before: datetime) -> bool:
        with self._naming:
            try:
                stored_at = blob.stat().st_mtime_ns
            except FileNotFoundError:
                return False
            if stored_at >= _nanoseconds(stored_before):
                return False
            blob.unlink()
        return True

    def _stamp(self, file: Path | int) -> None:
        """Give a file the clock's time, for ``discard`` and ``uploads``."""
        now = _nanoseconds(self._clock.now())
        os.utime(file, ns=(now, now))


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn the system's errors into those that the Protocol names."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundInEngine(f"there is no {Path(error.filename or '').name}") from error
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace("no space left on device") from error
        raise EngineError(f"the disk refused: {error.strerror or error}") from error


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _size(path: Path) -> int:
    return path.stat().st_size


def _sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk."""
    with _opened(path, os.O_RDONLY) as file:
        os.fsync(file)


def _make(folder: Path) -> None:
    """Make a folder and those above it, so that they survive a power cut."""
    if folder.is_dir():
        return
    _make(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _sync(folder.parent)


def _digest(path: Path) -> _Digesting:
    digesting = _Digesting()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digesting.sha256.update(piece)
            digesting.size += len(piece)
    return digesting


def _spaces(root: Path, folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        return
    names = {entry.name for entry in os.scandir(folder) if entry.is_dir()}
    if names & {_UPLOADS, _BLOBS}:
        yield folder.relative_to(root).as_posix()
    for name in names - {_UPLOADS, _BLOBS}:
        yield from _spaces(root, folder / name)


def _digests(folder: Path, after: str, limit: int) -> list[str]:
    if not folder.is_dir():
        return []
    found: list[str] = []
    after = after.removeprefix("sha256:")
    for group in sorted(folder.iterdir()):
        if group.name >= after[:2]:
            found += sorted(blob.name for blob in group.iterdir() if blob.name > after)
        if len(found) >= limit:
            break
    return [f"sha256:{value}" for value in found[:limit]]


def _open_uploads(folder: Path) -> list[OpenUpload]:
    if not folder.is_dir():
        return []
    return [
        OpenUpload(entry.name, _EPOCH + timedelta(microseconds=entry.stat().st_mtime_ns // 1000))
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
    ]
