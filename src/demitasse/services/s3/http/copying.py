"""What is copied: whole objects (no bytes move), or ranges of them into parts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.s3 import contents, errors, versions
from demitasse.services.s3.checksums import Hashes
from demitasse.services.s3.http.answers import Answer, checksum_elements, moment
from demitasse.services.s3.http.conditions import NotModified, check_read, check_write
from demitasse.services.s3.http.receiving import asked_algorithm
from demitasse.services.s3.http.tagging import tags_of
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.http.writing import (
    check_storage_class,
    content_headers,
    metadata_of,
    refuse_acl,
)
from demitasse.services.s3.records import NULL_VERSION, Version, newest
from demitasse.store import Item, Transaction
from demitasse.store.kinds import Nothing

LARGEST = 5 * 2**30
_SOURCE = re.compile(r"/?([^/?]+)/([^?]+)(?:\?versionId=([^&]*))?")
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Source:
    """What ``x-amz-copy-source`` names."""

    bucket: str
    key: str
    version_id: str | None

    @classmethod
    def of(cls, visit: Visit) -> Source:
        """``ServiceError`` when it cannot be read."""
        text = visit.request.headers["x-amz-copy-source"]
        match = _SOURCE.fullmatch(text)
        if match is None:
            raise errors.invalid_argument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                "x-amz-copy-source",
                text,
            )
        try:
            key = unquote(match[2], errors="strict")
        except UnicodeDecodeError:
            raise errors.invalid_argument(
                "Copy Source must be URL-encoded UTF-8.", "x-amz-copy-source", text
            ) from None
        return cls(unquote(match[1]), key, match[3])

    def version(self, visit: Visit, tx: Transaction) -> Item[Version, Nothing]:
        """The version to copy, its conditions checked. ``ServiceError``."""
        bucket = visit.bucket_named(tx, self.bucket, "x-amz-source-expected-bucket-owner")
        kept = visit.version_of(tx, bucket, self.key, self.version_id)
        try:
            check_read(visit.request.headers, kept.desired, "x-amz-copy-source-if-")
        except NotModified:
            raise errors.precondition_failed("x-amz-copy-source-If-None-Match") from None
        return kept


async def copy(visit: Visit) -> Answer:
    """A further object of the same content, 5 GiB at most; no bytes are moved."""
    headers = visit.request.headers
    refuse_acl(headers)
    check_storage_class(headers)
    source = Source.of(visit)
    replaced = _directive(visit, "x-amz-metadata-directive") == "REPLACE"
    retagged = _directive(visit, "x-amz-tagging-directive") == "REPLACE"
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        original = source.version(visit, tx).desired
        copied = visit.version_id(tx, original)
    itself = (source.bucket, source.key) == (visit.request.bucket, visit.key)
    if itself and not source.version_id and not (replaced or retagged):
        raise errors.invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without"
            " changing the object's metadata, storage class, website redirect location or"
            " encryption attributes."
        )
    if original.size > LARGEST:
        raise errors.invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy"
            f" source: {LARGEST}"
        )
    by = visit.writer()
    made = msgspec.structs.replace(
        await _as_one(visit, original),
        bucket=visit.request.bucket,
        key=visit.key,
        latest=True,
        upload_id="",
        headers=content_headers(headers) if replaced else original.headers,
        metadata=metadata_of(headers) if replaced else original.metadata,
        tags=tags_of(headers) if retagged else original.tags,
    )
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        check_write(headers, newest(tx, bucket.name, visit.key), visit.key)
        again = source.version(visit, tx)  # or its bytes might be swept up already
        if again.desired.pieces != original.pieces:
            raise ServiceError(
                "OperationAborted",
                "The source of the copy was changed while it was being copied. Please try again.",
                status=409,
            )
        made = versions.put(tx, bucket, made, by, "CopyObject")
    answer = Answer.xml(
        "CopyObjectResult",
        [
            ("LastModified", moment(made.modified_at)),
            ("ETag", f'"{made.etag}"'),
            *checksum_elements(made.checksum),
        ],
    )
    if made.version_id != NULL_VERSION:
        answer.headers["x-amz-version-id"] = made.version_id
    answer.headers |= from_version(copied)
    return answer


def from_version(version_id: str) -> dict[str, str]:
    """The header that tells which version was copied; nothing for ""."""
    return {"x-amz-copy-source-version-id": version_id} if version_id else {}


def copied_range(visit: Visit, original: Version) -> AsyncIterator[bytes]:
    """The bytes that ``x-amz-copy-source-range`` names. ``ServiceError``."""
    text = visit.request.headers.get("x-amz-copy-source-range")
    first, last = 0, original.size - 1
    if text is not None:
        match = _RANGE.fullmatch(text)
        if match is None:
            raise errors.invalid_argument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first"
                " and last are the zero-based offsets of the first and last bytes to copy",
                "x-amz-copy-source-range",
                text,
            )
        first, last = int(match[1]), int(match[2])
        if first > last or last >= original.size:
            raise errors.invalid_argument(
                f"Range specified is not valid for source object of size: {original.size}",
                "x-amz-copy-source-range",
                text,
            )
    if last - first >= LARGEST:
        raise errors.invalid_request("A part may be 5 GiB at most.")
    return contents.read(visit.blobs, original.account, original.pieces, first, last)


async def _as_one(visit: Visit, original: Version) -> Version:
    """The object as if it had been uploaded in one part: ETag and checksum are those of all of it."""
    wanted = asked_algorithm(visit.request.headers)
    checksum = original.checksum
    if not original.parts and wanted in ("", checksum.algorithm if checksum else ""):
        return original
    hashes = Hashes(wanted or (checksum.algorithm if checksum else ""))
    last = original.size - 1
    async for piece in contents.read(visit.blobs, original.account, original.pieces, 0, last):
        hashes.update(piece)
    return msgspec.structs.replace(original, etag=hashes.etag, checksum=hashes.checksum, parts=0)


def _directive(visit: Visit, name: str) -> str:
    value = visit.request.headers.get(name, "COPY")
    if value not in ("COPY", "REPLACE"):
        raise errors.invalid_argument("Unknown directive.", name, value)
    return value
