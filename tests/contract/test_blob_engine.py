"""What every blob engine keeps to: the one on the disk, and the one in memory."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from demitasse.clock import ManualClock
from demitasse.engines.blobs.errors import DigestMismatch
from demitasse.engines.blobs.fake import MemoryBlobs
from demitasse.engines.blobs.files import BlobFiles
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.errors import EngineError, NotFoundInEngine

SPACE, OTHER = "000000000000/us-east-1", "000000000000/eu-west-3"
Scenario = Callable[[BlobEngine, ManualClock], Awaitable[None]]
Run = Callable[[Scenario], None]


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture(params=["files", "memory"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    clock = ManualClock()
    engine = MemoryBlobs(clock) if request.param == "memory" else BlobFiles(tmp_path / "b", clock)
    yield lambda scenario: asyncio.run(scenario(engine, clock))  # type: ignore[arg-type]
    if isinstance(engine, BlobFiles):
        engine.close()


async def store(engine: BlobEngine, data: bytes, space: str = SPACE, upload: str = "u") -> str:
    await engine.begin(space, upload)
    await engine.append(space, upload, data)
    await engine.finish(space, upload, digest(data))
    return digest(data)


async def read(engine: BlobEngine, name: str, *bounds: int, space: str = SPACE) -> bytes:
    return b"".join([piece async for piece in engine.read(space, name, *bounds)])


def test_bytes_come_in_in_pieces_and_out_again(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        data = bytes(range(256)) * 9000
        await engine.begin(SPACE, "u")
        assert await engine.received(SPACE, "u") == 0
        assert await engine.append(SPACE, "u", data[:1000]) == 1000
        assert await engine.append(SPACE, "u", b"") == 1000
        assert await engine.append(SPACE, "u", data[1000:]) == len(data)
        await engine.flush(SPACE, "u")
        assert await engine.received(SPACE, "u") == len(data)
        assert await engine.size(SPACE, digest(data)) is None
        assert await engine.finish(SPACE, "u", digest(data)) == len(data)
        assert await engine.size(SPACE, digest(data)) == len(data)
        assert await read(engine, digest(data)) == data
        pieces = [len(piece) async for piece in engine.read(SPACE, digest(data))]
        assert max(pieces) <= 1024 * 1024

    run(scenario)


def test_a_part_of_a_blob_is_read_by_its_first_and_last_byte(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        name = await store(engine, b"0123456789")
        assert await read(engine, name, 3, 5) == b"345"
        assert await read(engine, name, 9) == b"9"
        assert await read(engine, name, 0, 0) == b"0"
        with pytest.raises(EngineError):
            await read(engine, name, 5, 10)

    run(scenario)


def test_nothing_is_as_good_a_blob_as_any(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        name = await store(engine, b"")
        assert await engine.size(SPACE, name) == 0
        assert await read(engine, name) == b""

    run(scenario)


def test_other_bytes_than_promised_are_refused_and_stay_an_upload(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        await engine.begin(SPACE, "u")
        await engine.append(SPACE, "u", b"one")
        with pytest.raises(DigestMismatch, match=digest(b"one")):
            await engine.finish(SPACE, "u", digest(b"two"))
        assert await engine.size(SPACE, digest(b"two")) is None
        assert await engine.size(SPACE, digest(b"one")) is None
        assert await engine.finish(SPACE, "u", digest(b"one")) == 3

    run(scenario)


def test_a_finished_or_abandoned_upload_is_gone(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        await store(engine, b"x", upload="finished")
        await engine.begin(SPACE, "abandoned")
        await engine.abandon(SPACE, "abandoned")
        await engine.abandon(SPACE, "abandoned")
        for name in ("finished", "abandoned", "never"):
            for call in (
                engine.received(SPACE, name),
                engine.append(SPACE, name, b"x"),
                engine.flush(SPACE, name),
                engine.finish(SPACE, name, digest(b"x")),
            ):
                with pytest.raises(NotFoundInEngine):
                    await call
        assert await engine.uploads(SPACE) == []

    run(scenario)


def test_the_same_bytes_twice_are_one_blob(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        name = await store(engine, b"same")
        assert await store(engine, b"same", upload="again") == name
        assert await engine.blobs(SPACE) == [name]
        assert await read(engine, name) == b"same"

    run(scenario)


def test_spaces_see_nothing_of_each_other(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        assert await engine.spaces() == []
        name = await store(engine, b"here")
        await engine.begin(OTHER, "u")
        assert await engine.spaces() == [OTHER, SPACE]
        assert await engine.size(OTHER, name) is None
        assert await engine.blobs(OTHER) == []
        with pytest.raises(NotFoundInEngine):
            await read(engine, name, space=OTHER)
        assert not await engine.discard(OTHER, name, clock.now() + timedelta(days=1))
        assert await engine.received(OTHER, "u") == 0

    run(scenario)


def test_a_blob_is_discarded_only_if_it_was_not_stored_again_since(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        name = await store(engine, b"x")
        first = clock.now()
        assert not await engine.discard(SPACE, name, first)
        clock.advance(60)
        await store(engine, b"x", upload="again")
        assert not await engine.discard(SPACE, name, first + timedelta(seconds=30))
        assert await engine.size(SPACE, name) == 1
        assert await engine.discard(SPACE, name, first + timedelta(seconds=61))
        assert await engine.size(SPACE, name) is None
        assert not await engine.discard(SPACE, name, first + timedelta(seconds=61))

    run(scenario)


def test_blobs_are_listed_in_pages(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        names = sorted([await store(engine, b"%d" % number) for number in range(40)])
        assert await engine.blobs(SPACE) == names
        found: list[str] = []
        while page := await engine.blobs(SPACE, found[-1] if found else "", 7):
            assert len(page) <= 7
            found += page
        assert found == names

    run(scenario)


def test_uploads_tell_when_they_last_received_something(run: Run) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        begun = clock.now()
        await engine.begin(SPACE, "b")
        await engine.begin(SPACE, "a")
        clock.advance(5)
        await engine.append(SPACE, "b", b"x")
        found = [(upload.name, upload.touched_at) for upload in await engine.uploads(SPACE)]
        assert found == [("a", begun), ("b", begun + timedelta(seconds=5))]

    run(scenario)


@pytest.mark.parametrize("name", ["", "..", "a/../b", "/etc", "a//b", "a\0"])
def test_names_never_lead_outside(run: Run, name: str) -> None:
    async def scenario(engine: BlobEngine, clock: ManualClock) -> None:
        with pytest.raises(ValueError, match="space"):
            await engine.begin(name, "u")
        with pytest.raises(ValueError, match="upload"):
            await engine.begin(SPACE, name)
        with pytest.raises(ValueError, match="digest"):
            await engine.size(SPACE, "sha256:" + name)

    run(scenario)
