"""What is kept of S3: buckets, versions of objects, and uploads in parts.

Bytes stand in the blob engine, by their SHA-256; which object is made of which bytes stands here.
A bucket's name is one for the whole installation, so all records stand in the scope ``GLOBAL`` and
say to which account and region they belong.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing

GLOBAL = Scope("", "")
NULL_VERSION = "null"
"""The id of a version that was written while its bucket kept no versions."""

_NEWEST_FIRST = 10**15
_END = "\0"
"""Ends an object's key within a record's key: sorts before all that a key may hold."""


PUBLIC_ACCESS = (
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
)
"""What can be blocked of public access; of a new bucket, all of it is."""


class Bucket(msgspec.Struct, frozen=True, omit_defaults=True):
    """A bucket; ``key`` is its name. ``versioning`` is "" until it is set for the first time.

    ``public_access`` names what is blocked, of ``PUBLIC_ACCESS``; ``None``: nobody has said.
    """

    name: str
    account: str
    region: str
    created_at: datetime
    versioning: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    tells_events: bool = False
    public_access: tuple[str, ...] | None = PUBLIC_ACCESS

    @property
    def scope(self) -> Scope:
        """Where the bucket is."""
        return Scope(self.account, self.region)


class Piece(msgspec.Struct, frozen=True, omit_defaults=True):
    """Bytes of an object that stand in one blob. ``checksum`` is that of a part, base64."""

    digest: str
    size: int
    checksum: str = ""


class Checksum(msgspec.Struct, frozen=True, omit_defaults=True):
    """A checksum beside the ETag; ``algorithm`` as in AWS's ChecksumAlgorithm, ``value`` base64."""

    algorithm: str
    value: str
    type: str = "FULL_OBJECT"


class Version(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version of an object, or a delete marker.

    ``pieces`` hold its bytes in order: one, or one per part of a multipart upload (``parts``).
    ``headers`` are those with which it is given back (Content-Type …), ``etag`` is unquoted.
    ``upload_id`` is that of the multipart upload which made it.
    """

    bucket: str
    account: str
    key: str
    version_id: str
    modified_at: datetime
    size: int = 0
    etag: str = ""
    pieces: tuple[Piece, ...] = ()
    parts: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    checksum: Checksum | None = None
    latest: bool = True
    delete_marker: bool = False
    upload_id: str = ""


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """A multipart upload that has begun. ``checksum_type`` is "" without ``algorithm``."""

    bucket: str
    account: str
    key: str
    upload_id: str
    initiated_at: datetime
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    algorithm: str = ""
    checksum_type: str = ""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of an upload; ``key`` is ``part_key(upload_id, number)``."""

    account: str
    upload_id: str
    number: int
    digest: str
    size: int
    etag: str
    modified_at: datetime
    checksum: Checksum | None = None


BUCKETS: Kind[Bucket, Nothing] = Kind(
    "s3.bucket", Bucket, Nothing, {"account": lambda item: item.desired.account}
)
VERSIONS: Kind[Version, Nothing] = Kind(
    "s3.version",
    Version,
    Nothing,
    {
        # What a listing of objects shows, in the order of keys.
        "current": lambda item: (
            item.desired.bucket if item.desired.latest and not item.desired.delete_marker else None
        ),
        "id": lambda item: _identity(
            item.desired.bucket, item.desired.key, item.desired.version_id
        ),
        "upload": lambda item: item.desired.upload_id or None,
        "blob": lambda item: {
            blob(item.desired.account, piece.digest) for piece in item.desired.pieces if piece.size
        },
    },
)
UPLOADS: Kind[Upload, Nothing] = Kind(
    "s3.upload", Upload, Nothing, {"id": lambda item: item.desired.upload_id}
)
PARTS: Kind[Part, Nothing] = Kind(
    "s3.part",
    Part,
    Nothing,
    {"blob": lambda item: blob(item.desired.account, item.desired.digest)},
)


def space_of(account: str) -> str:
    """The blob engine's space: one per account, so that copying copies no bytes."""
    return account


def blob(account: str, digest: str) -> str:
    """The value under which records that need a blob are found."""
    return f"{account}/{digest}"


def object_key(bucket: str, key: str) -> str:
    """The beginning of the record keys of an object's versions, and of its uploads."""
    return f"{bucket}/{key}{_END}"


def before(bucket: str, key: str) -> str:
    """The ``after`` with which a page begins at ``key`` (or what follows it)."""
    return f"{bucket}/{key}"


def beyond(bucket: str, key: str) -> str:
    """The ``after`` with which a page begins behind all versions and uploads of ``key``."""
    return f"{bucket}/{key}{_END}\U0010ffff"


def beyond_prefix(bucket: str, prefix: str) -> str:
    """The ``after`` with which a page begins behind all keys that begin with ``prefix``."""
    last = ord(prefix[-1]) + 1
    return f"{bucket}/{prefix[:-1]}{chr(0xE000 if last == 0xD800 else last)}"  # no surrogates


def part_key(upload_id: str, number: int) -> str:
    """The key of a part's record: sorted by number."""
    return f"{upload_id}/{number:05}"


def new_version(tx: Transaction, bucket: str, key: str, ids: Ids) -> tuple[str, str]:
    """The record key of a new version, which sorts before the older ones, and an id for it.

    The id tells where the version stood, so that a listing can go on behind one that is gone.
    """
    number = _NEWEST_FIRST - tx.next(GLOBAL, "s3.version")
    return f"{object_key(bucket, key)}{number:015}", f"v{number:013x}{ids.secret(18)}"


def behind_version(bucket: str, key: str, version_id: str) -> str:
    """The ``after`` with which a page begins behind a version made here; "" for another id."""
    try:
        number = int(version_id[1:14], 16)
    except ValueError:
        return ""
    return f"{object_key(bucket, key)}{number:015}"


def find_bucket(tx: Transaction, name: str) -> Bucket | None:
    """A bucket of any account."""
    item = tx.get(BUCKETS, GLOBAL, name)
    return None if item is None else item.desired


def newest(tx: Transaction, bucket: str, key: str) -> Item[Version, Nothing] | None:
    """The newest version of an object, be it a delete marker."""
    found = tx.page(VERSIONS, GLOBAL, prefix=object_key(bucket, key), limit=1)
    return found[0] if found else None


def find_version(
    tx: Transaction, bucket: str, key: str, version_id: str
) -> Item[Version, Nothing] | None:
    """A version of an object by its id."""
    return tx.one(VERSIONS, GLOBAL, "id", _identity(bucket, key, version_id))


def _identity(bucket: str, key: str, version_id: str) -> str:
    return f"{object_key(bucket, key)}{version_id}"
