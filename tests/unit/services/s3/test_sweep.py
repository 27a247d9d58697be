from __future__ import annotations

import asyncio
from typing import Any

from tests.unit.services.s3.stand import Stand

from demitasse.services.s3.sweep import ObjectSweepController

HALF_AN_HOUR = 1800
GIVEN = {"Bucket": "bucket", "Key": "key"}


class Sweeper:
    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.controller = ObjectSweepController(
            store=stand.store, blobs=stand.blobs, clock=stand.clock
        )

    def sweep(self, times: int = 1) -> int:
        """Sweep once every half hour; returns how many blobs are left."""

        async def work() -> None:
            with self.stand.store.transaction() as tx:
                (ref,) = self.controller.everything(tx)
            assert await self.controller.reconcile(ref) == HALF_AN_HOUR

        for _ in range(times):
            self.stand.clock.advance(HALF_AN_HOUR + 1)
            asyncio.run(work())
        return self.blobs()

    def blobs(self) -> int:
        async def count() -> int:
            spaces = await self.stand.blobs.spaces()
            return sum([len(await self.stand.blobs.blobs(space)) for space in spaces])

        return asyncio.run(count())


def test_what_is_needed_stays(stand: Stand) -> None:
    sweeper = Sweeper(stand)
    stand.bucket(versions=True)
    stand.put(body=b"one")
    stand.put(body=b"two")
    upload = stand.s3.create_multipart_upload(**GIVEN)["UploadId"]
    stand.s3.upload_part(**GIVEN, UploadId=upload, PartNumber=1, Body=b"three")
    stand.s3.delete_object(**GIVEN)
    assert sweeper.sweep(4) == 3


def test_what_nobody_needs_goes_after_a_while(stand: Stand) -> None:
    sweeper = Sweeper(stand)
    stand.bucket()
    stand.put(body=b"one")
    stand.put(body=b"two")
    upload = stand.s3.create_multipart_upload(**GIVEN)["UploadId"]
    stand.s3.upload_part(**GIVEN, UploadId=upload, PartNumber=1, Body=b"three")
    stand.s3.abort_multipart_upload(**GIVEN, UploadId=upload)
    assert sweeper.sweep() == 3  # seen for the first time
    assert sweeper.sweep() == 1
    assert stand.client().get_object(**GIVEN)["Body"].read() == b"two"


def test_what_is_uploaded_again_meanwhile_stays(stand: Stand) -> None:
    sweeper = Sweeper(stand)
    stand.bucket()
    stand.put(body=b"one")
    stand.s3.delete_object(**GIVEN)
    sweeper.sweep()
    stand.put(body=b"one")
    assert sweeper.sweep() == 1
    assert sweeper.sweep(3) == 1


def test_uploads_that_ended_with_the_platform_go(stand: Stand) -> None:
    sweeper, blobs = Sweeper(stand), stand.blobs

    async def begin() -> None:
        await blobs.begin("123456789012", "left-over")
        await blobs.append("123456789012", "left-over", b"x")

    async def left() -> list[Any]:
        return list(await blobs.uploads("123456789012"))

    asyncio.run(begin())
    assert asyncio.run(left())
    sweeper.sweep(2)
    assert not asyncio.run(left())
