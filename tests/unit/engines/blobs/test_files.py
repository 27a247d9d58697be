"""What only the engine on the disk can show: restarts, a full disk, damage."""

import asyncio
import errno
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from demitasse.clock import ManualClock
from demitasse.engines.blobs.errors import NoSpace
from demitasse.engines.blobs.files import BlobFiles
from demitasse.errors import EngineError

SPACE = "000000000000/us-east-1"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_an_upload_goes_on_after_a_restart(tmp_path):
    async def scenario():
        before = BlobFiles(tmp_path, ManualClock())
        await before.begin(SPACE, "u")
        await before.append(SPACE, "u", b"first ")
        before.close()
        after = BlobFiles(tmp_path, ManualClock())
        assert await after.received(SPACE, "u") == 6
        assert await after.append(SPACE, "u", b"second") == 12
        assert await after.finish(SPACE, "u", digest(b"first second")) == 12
        after.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("after", [b"", b" and more"])
def test_the_digest_is_that_of_the_file_also_when_another_hand_wrote_to_it(tmp_path, after):
    async def scenario():
        engine = BlobFiles(tmp_path, ManualClock())
        await engine.begin(SPACE, "u")
        await engine.append(SPACE, "u", b"ours")
        (upload,) = everything(tmp_path)
        upload.write_bytes(b"ours and theirs")
        await engine.append(SPACE, "u", after)
        whole = b"ours and theirs" + after
        assert await engine.finish(SPACE, "u", digest(whole)) == len(whole)
        engine.close()

    asyncio.run(scenario())


def test_what_does_not_fit_leaves_nothing_behind(tmp_path, monkeypatch):
    real = os.write
    room = 4

    def write(file, data):
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(file, data[:room])
        room -= written
        return written

    async def scenario():
        nonlocal room
        engine = BlobFiles(tmp_path, ManualClock())
        await engine.begin(SPACE, "u")
        monkeypatch.setattr(os, "write", write)
        with pytest.raises(NoSpace, match="no space left on device"):
            await engine.append(SPACE, "u", b"too long")
        assert await engine.received(SPACE, "u") == 0
        room = 100
        await engine.append(SPACE, "u", b"now it fits")
        assert await engine.finish(SPACE, "u", digest(b"now it fits")) == 11
        engine.close()

    asyncio.run(scenario())


def test_a_blob_that_was_cut_short_is_an_error_and_is_mended_by_the_next_upload(tmp_path):
    async def scenario():
        engine = BlobFiles(tmp_path, ManualClock())

        async def store():
            await engine.begin(SPACE, "u")
            await engine.append(SPACE, "u", b"whole")
            await engine.finish(SPACE, "u", digest(b"whole"))

        await store()
        (blob,) = everything(tmp_path)
        blob.write_bytes(b"who")
        with pytest.raises(EngineError, match="too early"):
            [_ async for _ in engine.read(SPACE, digest(b"whole"), 0, 4)]
        await store()
        assert b"".join([piece async for piece in engine.read(SPACE, digest(b"whole"))]) == b"whole"
        engine.close()

    asyncio.run(scenario())


def test_files_are_readable_by_their_owner_only_and_nothing_else_is_kept(tmp_path):
    async def scenario():
        clock = ManualClock()
        engine = BlobFiles(tmp_path / "blobs", clock)
        await engine.begin(SPACE, "u")
        await engine.append(SPACE, "u", b"x")
        await engine.finish(SPACE, "u", digest(b"x"))
        (blob,) = everything(tmp_path)
        assert blob.name == digest(b"x").removeprefix("sha256:")
        assert (tmp_path / "blobs").stat().st_mode & 0o077 == 0
        assert await engine.discard(SPACE, digest(b"x"), clock.now() + timedelta(seconds=1))
        assert everything(tmp_path) == []
        engine.close()

    asyncio.run(scenario())


def test_a_disk_that_refuses_is_an_engine_error(tmp_path):
    async def scenario():
        (tmp_path / "file").write_text("no folder")
        engine = BlobFiles(tmp_path / "file", ManualClock())
        with pytest.raises(EngineError):
            await engine.begin(SPACE, "u")
        engine.close()

    asyncio.run(scenario())
