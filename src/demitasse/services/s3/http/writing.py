"""Objects written whole: PutObject."""

from __future__ import annotations

from collections.abc import Mapping

from demitasse.errors import ServiceError
from demitasse.services.s3 import contents, errors, versions
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.conditions import check_write
from demitasse.services.s3.http.receiving import Incoming
from demitasse.services.s3.http.tagging import tags_of
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.records import NULL_VERSION, Version, newest

_CONTENT_HEADERS = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Expires",
)
_META = "x-amz-meta-"
_METADATA_LIMIT = 2048
_PRIVATE = ("private", "bucket-owner-full-control")


async def put(visit: Visit) -> Answer:
    """Keep an object, 5 GiB at most, all checksums verified."""
    headers = visit.request.headers
    refuse_acl(headers)
    check_storage_class(headers)
    given, metadata, tags = content_headers(headers), metadata_of(headers), tags_of(headers)
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        check_write(headers, newest(tx, visit.request.bucket, visit.key), visit.key)
    incoming = Incoming(visit)
    pieces = await contents.receive(
        visit.blobs, visit.ids, visit.account, incoming.pieces(), incoming.hashes
    )
    hashes = incoming.hashes
    by = visit.writer()
    version = Version(
        visit.request.bucket,
        visit.account,
        visit.key,
        "",
        by.now,
        size=hashes.size,
        etag=hashes.etag,
        pieces=pieces,
        headers=given,
        metadata=metadata,
        tags=tags,
        checksum=hashes.checksum,
    )
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)  # once more: much may have happened meanwhile
        check_write(headers, newest(tx, bucket.name, visit.key), visit.key)
        version = versions.put(tx, bucket, version, by, "PutObject")
    return Answer(200, written(version))


def written(version: Version) -> dict[str, str]:
    """The headers that tell what was written."""
    headers = {"ETag": f'"{version.etag}"'}
    if version.version_id != NULL_VERSION:
        headers["x-amz-version-id"] = version.version_id
    return headers | checksum_headers(version)


def checksum_headers(version: Version) -> dict[str, str]:
    """A version's checksum as headers."""
    checksum = version.checksum
    if checksum is None:
        return {}
    return {
        f"x-amz-checksum-{checksum.algorithm.lower()}": checksum.value,
        "x-amz-checksum-type": checksum.type,
    }


def content_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What an object is given back with. ``aws-chunked`` is how it came, not what it is."""
    given = {name: headers[name.lower()] for name in _CONTENT_HEADERS if headers.get(name.lower())}
    given.setdefault("Content-Type", "binary/octet-stream")
    encodings = [each.strip() for each in given.pop("Content-Encoding", "").split(",")]
    encodings = [each for each in encodings if each and each != "aws-chunked"]
    if encodings:
        given["Content-Encoding"] = ",".join(encodings)
    return given


def metadata_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's own metadata. ``ServiceError`` when it is too much."""
    metadata = {
        name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)
    }
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > _METADATA_LIMIT:
        raise ServiceError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
            status=400,
            Size=str(size),
            MaxSizeAllowed=str(_METADATA_LIMIT),
        )
    return metadata


def refuse_acl(headers: Mapping[str, str]) -> None:
    """Buckets are their owner's, as new ones are on AWS: without access control lists."""
    if headers.get("x-amz-acl", "private") not in _PRIVATE:
        raise no_acls()


def no_acls() -> ServiceError:
    """The error of asking for an access control list."""
    return ServiceError(
        "AccessControlListNotSupported", "The bucket does not allow ACLs", status=400
    )


def check_storage_class(headers: Mapping[str, str]) -> None:
    """There is one kind of disk here."""
    if headers.get("x-amz-storage-class", "STANDARD") != "STANDARD":
        raise errors.not_implemented("A storage class other than STANDARD")
