"""What the services that pass artifacts on may expect of objects: S3's, and the fake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from demitasse.api import Scope
from demitasse.clock import SystemClock
from demitasse.engines.blobs.files import BlobFiles
from demitasse.engines.objects import FakeObjects, NoSuchObject, Objects
from demitasse.ids import RandomIds
from demitasse.services.s3.objects import StoredObjects
from demitasse.services.s3.records import BUCKETS, GLOBAL, Bucket
from demitasse.store import Store

MINE = Scope("111111111111", "us-east-1")
ELSEWHERE = Scope("111111111111", "eu-west-3")
OTHERS = Scope("222222222222", "us-east-1")

Scenario = Callable[[Objects], Awaitable[Any]]


class S3:
    """Buckets of S3, with versions, on a disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, scenario: Scenario) -> Any:
        async def work() -> Any:
            clock, ids = SystemClock(), RandomIds()
            store, blobs = Store.open(self.folder / "state.sqlite"), BlobFiles(self.folder, clock)
            try:
                with store.transaction() as tx:
                    bucket = Bucket(
                        "artifacts", MINE.account, MINE.region, clock.now(), versioning="Enabled"
                    )
                    tx.create(BUCKETS, GLOBAL, bucket.name, bucket)
                return await scenario(StoredObjects(store=store, blobs=blobs, clock=clock, ids=ids))
            finally:
                blobs.close()
                store.close()

        return asyncio.run(work())


class InMemory:
    """The fake."""

    def run(self, scenario: Scenario) -> Any:
        objects = FakeObjects()
        objects.add_bucket(MINE, "artifacts")
        return asyncio.run(scenario(objects))  # type: ignore[arg-type]


@pytest.fixture(params=["s3", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> S3 | InMemory:
    return S3(tmp_path) if request.param == "s3" else InMemory()


@pytest.mark.parametrize("data", [b"", b"zip", bytes(3_000_000)], ids=["nothing", "small", "large"])
def test_what_was_put_is_got(world: S3 | InMemory, data: bytes) -> None:
    async def scenario(objects: Objects) -> bytes:
        await objects.put(MINE, "artifacts", "pipe/App/ab12.zip", data)
        return await objects.get(MINE, "artifacts", "pipe/App/ab12.zip")

    assert world.run(scenario) == data


def test_the_newest_version_is_got_and_older_ones_by_their_id(world: S3 | InMemory) -> None:
    async def scenario(objects: Objects) -> None:
        first = await objects.put(MINE, "artifacts", "key", b"one")
        second = await objects.put(MINE, "artifacts", "key", b"two")
        assert first != second
        assert await objects.get(MINE, "artifacts", "key") == b"two"
        assert await objects.get(MINE, "artifacts", "key", first) == b"one"
        assert await objects.get(MINE, "artifacts", "key", second) == b"two"

    world.run(scenario)


def test_what_is_current(world: S3 | InMemory) -> None:
    async def scenario(objects: Objects) -> None:
        assert await objects.current(MINE, "artifacts", "key") is None
        version = await objects.put(MINE, "artifacts", "key", b"hello")
        digest = "5d41402abc4b2a76b9719d911017c592"
        assert await objects.current(MINE, "artifacts", "key") == (version, digest)
        assert await objects.current(MINE, "no-such-bucket", "key") is None
        assert await objects.current(OTHERS, "artifacts", "key") is None

    world.run(scenario)


def test_which_objects_there_are_below_a_prefix(world: S3 | InMemory) -> None:
    async def scenario(objects: Objects) -> None:
        for key in ("src/b", "src/a/deep", "srcs/x", "other", "src/b"):
            await objects.put(MINE, "artifacts", key, b"")
        assert await objects.keys(MINE, "artifacts", "src/") == ["src/a/deep", "src/b"]
        assert await objects.keys(MINE, "artifacts", "none/") == []
        assert len(await objects.keys(MINE, "artifacts", "")) == 4
        with pytest.raises(NoSuchObject, match="no bucket artifacts"):
            await objects.keys(OTHERS, "artifacts", "")

    world.run(scenario)


def test_what_is_not_there(world: S3 | InMemory) -> None:
    async def scenario(objects: Objects) -> None:
        await objects.put(MINE, "artifacts", "key", b"one")
        for scope, bucket, key in (
            (MINE, "artifacts", "other"),
            (MINE, "no-such-bucket", "key"),
            (OTHERS, "artifacts", "key"),
        ):
            with pytest.raises(NoSuchObject, match="There is no"):
                await objects.get(scope, bucket, key)
        with pytest.raises(NoSuchObject, match="There is no"):
            await objects.get(MINE, "artifacts", "key", "999")
        with pytest.raises(NoSuchObject, match="no bucket no-such-bucket"):
            await objects.put(MINE, "no-such-bucket", "key", b"")
        with pytest.raises(NoSuchObject, match="no bucket artifacts"):
            await objects.put(OTHERS, "artifacts", "key", b"")

    world.run(scenario)


def test_many_at_once(world: S3 | InMemory) -> None:
    async def scenario(objects: Objects) -> list[bytes]:
        keys = [f"key-{number}" for number in range(20)]
        await asyncio.gather(
            *(objects.put(MINE, "artifacts", key, key.encode() * 1000) for key in keys)
        )
        return await asyncio.gather(*(objects.get(MINE, "artifacts", key) for key in keys))

    assert world.run(scenario) == [f"key-{number}".encode() * 1000 for number in range(20)]


def test_an_account_has_its_buckets_in_every_region(tmp_path: Path) -> None:
    async def scenario(objects: Objects) -> bytes:
        await objects.put(ELSEWHERE, "artifacts", "key", b"one")
        return await objects.get(MINE, "artifacts", "key")

    assert S3(tmp_path).run(scenario) == b"one"
