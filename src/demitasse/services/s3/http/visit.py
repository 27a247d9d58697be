"""What every handler works with while it answers one request."""

from __future__ import annotations

from dataclasses import dataclass

from demitasse.clock import Clock
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.ids import Ids
from demitasse.services.s3 import errors
from demitasse.services.s3.http.body import Body
from demitasse.services.s3.http.identity import Signed
from demitasse.services.s3.http.request import Request
from demitasse.services.s3.records import Bucket, find_bucket
from demitasse.services.s3.versions import Writer
from demitasse.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a caller whose signature was verified."""

    request: Request
    signed: Signed
    request_id: str
    store: Store
    blobs: BlobEngine
    clock: Clock
    ids: Ids

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.signed.caller.account

    @property
    def key(self) -> str:
        """The object's key."""
        return self.request.key

    def bucket(self, tx: Transaction) -> Bucket:
        """The bucket of the path. ``ServiceError`` when there is none, or it is somebody else's."""
        return self.bucket_named(tx, self.request.bucket, "x-amz-expected-bucket-owner")

    def bucket_named(self, tx: Transaction, name: str, owner_header: str = "") -> Bucket:
        """A bucket of the caller's account. ``ServiceError`` as for ``bucket``."""
        bucket = find_bucket(tx, name)
        if bucket is None:
            raise errors.no_such_bucket(name)
        if bucket.account != self.account:
            raise errors.access_denied()
        if self.request.headers.get(owner_header, bucket.account) != bucket.account:
            raise errors.access_denied()
        return bucket

    def writer(self) -> Writer:
        """Who changes objects, and when: now."""
        return Writer(self.account, self.request_id, self.clock.now(), self.ids)

    def body(self) -> Body:
        """The request's body."""
        return Body(self.request, self.signed)
