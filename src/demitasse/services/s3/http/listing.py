"""Listings: of objects (both versions of that call), of versions, of open uploads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from demitasse.services.paging import start, token
from demitasse.services.s3 import errors, listing
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer, moment
from demitasse.services.s3.http.buckets import owner
from demitasse.services.s3.http.numbers import number
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.listing import Page, after_marker
from demitasse.services.s3.records import (
    UPLOADS,
    VERSIONS,
    Upload,
    Version,
    behind_version,
    find_version,
    object_key,
)

_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all listings are asked with."""

    bucket: str
    prefix: str
    delimiter: str
    limit: int
    url: bool

    @classmethod
    def by(cls, visit: Visit, limit_name: str) -> _Asked:
        query = visit.request.query
        encoding = query.get("encoding-type")
        if encoding not in (None, "url"):
            raise errors.invalid_argument(
                "Invalid Encoding Method specified in Request", "encoding-type", encoding or ""
            )
        return cls(
            visit.request.bucket,
            query.get("prefix", ""),
            query.get("delimiter", ""),
            min(number(query.get(limit_name, str(_MOST)), limit_name), _MOST),
            encoding == "url",
        )

    def text(self, value: str) -> str:
        """A key or a part of one, encoded if the caller wants that."""
        return quote(value, safe="/-_.~") if self.url else value

    def head(self, limit_name: str) -> list[xml.Element]:
        """What all listings repeat."""
        return [
            ("Prefix", self.text(self.prefix)),
            ("Delimiter", self.text(self.delimiter) if self.delimiter else None),
            (limit_name, self.limit),
            ("EncodingType", "url" if self.url else None),
        ]

    def prefixes(self, page: Page[Any]) -> list[xml.Element]:
        """What was rolled up."""
        return [("CommonPrefixes", [("Prefix", self.text(each))]) for each in page.prefixes]


async def objects(visit: Visit) -> Answer:
    """Objects by key, in pages after a key; the first version of that call."""
    query, asked = visit.request.query, _Asked.by(visit, "max-keys")
    marker = query.get("marker", "")
    after = after_marker(asked.bucket, marker, asked.prefix, asked.delimiter)
    page = _current(visit, asked, after)
    more = page.more
    content = [
        ("Name", asked.bucket),
        *asked.head("MaxKeys"),
        ("Marker", asked.text(marker)),
        ("IsTruncated", more),
        ("NextMarker", asked.text(page.last_name) if more and asked.delimiter else None),
        *_contents(visit, asked, page, with_owner=True),
        *asked.prefixes(page),
    ]
    return Answer.xml("ListBucketResult", content)


async def objects_2(visit: Visit) -> Answer:
    """Objects by key, in pages."""
    kind = visit.request.query["list-type"]
    if kind == "1":
        return await objects(visit)
    if kind != "2":
        raise errors.invalid_argument("Invalid list-type", "list-type", kind)
    query, asked = visit.request.query, _Asked.by(visit, "max-keys")
    begin = query.get("start-after", "")
    given = query.get("continuation-token")
    if given == "":
        raise errors.invalid_argument(
            "The continuation token provided is incorrect", "continuation-token"
        )
    after = start(
        given,
        code="InvalidArgument",
        message="The continuation token provided is incorrect",
    ) or after_marker(asked.bucket, begin, asked.prefix, asked.delimiter)
    page = _current(visit, asked, after)
    content = [
        ("Name", asked.bucket),
        *asked.head("MaxKeys"),
        ("KeyCount", len(page.items) + len(page.prefixes)),
        ("StartAfter", asked.text(begin) if begin else None),
        ("ContinuationToken", given),
        ("NextContinuationToken", token(page.last) if page.more else None),
        ("IsTruncated", page.more),
        *_contents(visit, asked, page, with_owner=query.get("fetch-owner") == "true"),
        *asked.prefixes(page),
    ]
    return Answer.xml("ListBucketResult", content)


async def versions(visit: Visit) -> Answer:
    """All versions and delete markers, the newest of a key first."""
    query, asked = visit.request.query, _Asked.by(visit, "max-keys")
    marker, version_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
    if version_marker and not marker:
        raise errors.invalid_argument(
            "A version-id marker cannot be specified without a key marker.",
            "version-id-marker",
            version_marker,
        )
    after = after_marker(asked.bucket, marker, asked.prefix, asked.delimiter)
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        if version_marker:
            kept = find_version(tx, asked.bucket, marker, version_marker)
            after = (
                kept.key
                if kept
                else behind_version(asked.bucket, marker, version_marker)
                or object_key(
                    asked.bucket, marker
                )  # the null version, gone: from its object's first
            )
        page = listing.page(
            tx,
            VERSIONS,
            asked.bucket,
            prefix=asked.prefix,
            delimiter=asked.delimiter,
            after=after,
            limit=asked.limit,
        )
    last = page.items[-1].desired if page.items else None
    at_version = last is not None and last.key == page.last_name
    content = [
        ("Name", asked.bucket),
        *asked.head("MaxKeys"),
        ("KeyMarker", asked.text(marker)),
        ("VersionIdMarker", version_marker),
        ("IsTruncated", page.more),
        ("NextKeyMarker", asked.text(page.last_name) if page.more else None),
        (
            "NextVersionIdMarker",
            last.version_id if page.more and at_version and last is not None else None,
        ),
        *(_version(visit, asked, item.desired) for item in page.items),
        *asked.prefixes(page),
    ]
    return Answer.xml("ListVersionsResult", content)


async def uploads(visit: Visit) -> Answer:
    """The uploads that were neither completed nor aborted."""
    query, asked = visit.request.query, _Asked.by(visit, "max-uploads")
    marker, upload_marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
    after = after_marker(asked.bucket, marker, asked.prefix, asked.delimiter)
    if marker and upload_marker:
        after = object_key(asked.bucket, marker) + upload_marker
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        page = listing.page(
            tx,
            UPLOADS,
            asked.bucket,
            prefix=asked.prefix,
            delimiter=asked.delimiter,
            after=after,
            limit=asked.limit,
        )
    last = page.items[-1].desired if page.items else None
    content = [
        ("Bucket", asked.bucket),
        *asked.head("MaxUploads"),
        ("KeyMarker", asked.text(marker)),
        ("UploadIdMarker", upload_marker),
        ("NextKeyMarker", asked.text(page.last_name) if page.more else None),
        (
            "NextUploadIdMarker",
            last.upload_id if page.more and last and last.key == page.last_name else None,
        ),
        ("IsTruncated", page.more),
        *(_upload(visit, asked, item.desired) for item in page.items),
        *asked.prefixes(page),
    ]
    return Answer.xml("ListMultipartUploadsResult", content)


def _current(visit: Visit, asked: _Asked, after: str) -> Page[Version]:
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        return listing.page(
            tx,
            VERSIONS,
            asked.bucket,
            prefix=asked.prefix,
            delimiter=asked.delimiter,
            after=after,
            limit=asked.limit,
            where=("current", asked.bucket),
        )


def _contents(
    visit: Visit, asked: _Asked, page: Page[Version], *, with_owner: bool
) -> list[xml.Element]:
    who = owner(visit.account) if with_owner else None
    return [
        (
            "Contents",
            [
                ("Key", asked.text(version.key)),
                ("LastModified", moment(version.modified_at)),
                *_about(version),
                ("Owner", who),
                ("StorageClass", "STANDARD"),
            ],
        )
        for version in (item.desired for item in page.items)
    ]


def _version(visit: Visit, asked: _Asked, version: Version) -> xml.Element:
    head: list[xml.Element] = [
        ("Key", asked.text(version.key)),
        ("VersionId", version.version_id),
        ("IsLatest", version.latest),
        ("LastModified", moment(version.modified_at)),
        ("Owner", owner(visit.account)),
    ]
    if version.delete_marker:
        return "DeleteMarker", head
    return "Version", [*head, *_about(version), ("StorageClass", "STANDARD")]


def _about(version: Version) -> list[xml.Element]:
    checksum = version.checksum
    return [
        ("ETag", f'"{version.etag}"'),
        ("ChecksumAlgorithm", checksum.algorithm if checksum else None),
        ("ChecksumType", checksum.type if checksum else None),
        ("Size", version.size),
    ]


def _upload(visit: Visit, asked: _Asked, upload: Upload) -> xml.Element:
    return "Upload", [
        ("Key", asked.text(upload.key)),
        ("UploadId", upload.upload_id),
        ("Initiator", owner(visit.account)),
        ("Owner", owner(visit.account)),
        ("StorageClass", "STANDARD"),
        ("Initiated", moment(upload.initiated_at)),
        ("ChecksumAlgorithm", upload.algorithm or None),
        ("ChecksumType", upload.checksum_type or None),
    ]
