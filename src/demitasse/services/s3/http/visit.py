"""What every handler works with while it answers one request."""

from __future__ import annotations

from dataclasses import dataclass

from demitasse.clock import Clock
from demitasse.engines.blobs.protocol import BlobEngine
from demitasse.ids import Ids
from demitasse.services.s3 import errors
from demitasse.services.s3.http.answers import http_date
from demitasse.services.s3.http.identity import Signed
from demitasse.services.s3.http.request import Request
from demitasse.services.s3.records import Bucket, Version, find_bucket, find_version, newest
from demitasse.services.s3.versions import Writer
from demitasse.store import Item, Store, Transaction
from demitasse.store.kinds import Nothing


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

    def version(self, tx: Transaction) -> Item[Version, Nothing]:
        """The version that path and ``versionId`` name. ``ServiceError`` when there is none."""
        bucket = self.bucket(tx)
        return self.version_of(tx, bucket, self.key, self.request.query.get("versionId"))

    @staticmethod
    def version_id(tx: Transaction, version: Version) -> str:
        """A version's id as reading shows it; "" in a bucket that has never kept versions."""
        bucket = find_bucket(tx, version.bucket)
        return version.version_id if bucket and bucket.versioning else ""

    def version_of(
        self, tx: Transaction, bucket: Bucket, key: str, version_id: str | None
    ) -> Item[Version, Nothing]:
        """A version of an object, the newest when none is named. ``ServiceError``."""
        if version_id == "":
            raise errors.invalid_argument("Version id cannot be the empty string", "versionId")
        if version_id is not None:
            found = find_version(tx, bucket.name, key, version_id)
            if found is None:
                raise errors.no_such_version(key, version_id)
        else:
            found = newest(tx, bucket.name, key)
            if found is None:
                raise errors.no_such_key(key)
        version = found.desired
        if not version.delete_marker:
            return found
        error = errors.no_such_key(key)
        if version_id is not None:
            error = errors.method_not_allowed(self.request.method, "DeleteMarker")
        error.members["headers"] = {
            "x-amz-delete-marker": "true",
            "x-amz-version-id": version.version_id,
        }
        if version_id is not None:
            error.members["headers"]["Last-Modified"] = http_date(version.modified_at)
        raise error

    def writer(self) -> Writer:
        """Who changes objects, and when: now."""
        return Writer(self.account, self.request_id, self.clock.now(), self.ids)
