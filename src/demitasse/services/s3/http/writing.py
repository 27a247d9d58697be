"""Objects written whole: PutObject."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl

from demitasse.errors import ServiceError
from demitasse.services.s3 import checksums, contents, errors, versions
from demitasse.services.s3.checksums import ALGORITHMS, Hashes
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.body import Body
from demitasse.services.s3.http.conditions import check_write
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.records import NULL_VERSION, Piece, Version, newest

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
_TAG_LIMIT = 10
_PRIVATE = ("private", "bucket-owner-full-control")
_CHECKSUM_TRAILER = re.compile(r"x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)")


async def put(visit: Visit) -> Answer:
    """PutObject."""
    headers = visit.request.headers
    refuse_acl(headers)
    check_storage_class(headers)
    given, metadata, tags = content_headers(headers), metadata_of(headers), tags_of(headers)
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        check_write(headers, newest(tx, visit.request.bucket, visit.key), visit.key)
    pieces, hashes = await receive(visit)
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


async def receive(visit: Visit) -> tuple[tuple[Piece, ...], Hashes]:
    """Keep the request's body, every checksum verified. ``ServiceError``, ``Disconnected``."""
    headers = visit.request.headers
    body = visit.body()
    algorithm, value = checksums.stated(headers)
    named = asked_algorithm(headers)
    trailing = _trailing_algorithm(headers)
    if value and trailing:
        raise errors.invalid_request("Expecting a single x-amz-checksum- header")
    if named and (algorithm or trailing) not in (named, ""):
        raise errors.invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid.")
    hashes = Hashes(algorithm or trailing or named)
    md5 = headers.get("content-md5")
    if md5 is not None and len(checksums.decoded(md5)) != 16:
        raise ServiceError(
            "InvalidDigest", "The Content-MD5 you specified was invalid.", status=400
        )

    async def verified() -> AsyncIterator[bytes]:
        async for piece in body.pieces():
            yield piece
        # Before the bytes get their name: what is wrong is never kept.
        _verify(body, hashes, md5, value)

    pieces = await contents.receive(visit.blobs, visit.ids, visit.account, verified(), hashes)
    return pieces, hashes


def _verify(body: Body, hashes: Hashes, md5: str | None, value: str) -> None:
    body.verify(hashes.sha256)
    if md5 is not None and checksums.decoded(md5) != hashes.md5:
        raise errors.bad_digest("Content-MD5")
    checksum = hashes.checksum
    _, trailed = checksums.stated(body.trailers)
    promised = value or trailed
    if checksum is not None and promised and checksum.value != promised:
        raise errors.bad_digest(checksum.algorithm)


def _trailing_algorithm(headers: Mapping[str, str]) -> str:
    """The algorithm of the checksum that comes after the body; "" for none."""
    trailers = [name.strip() for name in headers.get("x-amz-trailer", "").lower().split(",")]
    found = [match[1].upper() for name in trailers if (match := _CHECKSUM_TRAILER.fullmatch(name))]
    if len(found) < len([name for name in trailers if name]) or len(found) > 1:
        raise errors.invalid_request(
            "The value specified in the x-amz-trailer header is not supported"
        )
    return found[0] if found else ""


def asked_algorithm(headers: Mapping[str, str]) -> str:
    """The checksum algorithm that a request names; "" for none. ``ServiceError``."""
    name = headers.get("x-amz-checksum-algorithm") or headers.get("x-amz-sdk-checksum-algorithm")
    if not name:
        return ""
    if name.upper() not in ALGORITHMS:
        raise errors.invalid_request(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid"
            " types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
        )
    return name.upper()


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


def tags_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The tags of the header x-amz-tagging. ``ServiceError``."""
    text = headers.get("x-amz-tagging", "")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise errors.invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query"
            " parameters without tag name duplicates.",
            "x-amz-tagging",
            text,
        ) from None
    return checked_tags(pairs, _TAG_LIMIT)


def checked_tags(pairs: list[tuple[str, str]], most: int) -> dict[str, str]:
    """Tags, if they are as S3 allows them. ``ServiceError``."""
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise _invalid_tag("Cannot provide multiple Tags with the same key")
    if len(tags) > most:
        kind = "Object" if most == _TAG_LIMIT else "Bucket"
        raise ServiceError("BadRequest", f"{kind} tags cannot be greater than {most}", status=400)
    for name, value in tags.items():
        if not 1 <= len(name) <= 128:
            raise _invalid_tag("The TagKey you have provided is invalid")
        if len(value) > 256:
            raise _invalid_tag("The TagValue you have provided is invalid")
        if name.lower().startswith("aws:"):
            raise _invalid_tag("System tags cannot be added/updated by requester")
    return tags


def _invalid_tag(message: str) -> ServiceError:
    return ServiceError("InvalidTag", message, status=400)


def refuse_acl(headers: Mapping[str, str]) -> None:
    """Buckets are their owner's, as new ones are on AWS: without access control lists."""
    if headers.get("x-amz-acl", "private") not in _PRIVATE:
        raise ServiceError(
            "AccessControlListNotSupported", "The bucket does not allow ACLs", status=400
        )


def check_storage_class(headers: Mapping[str, str]) -> None:
    """There is one kind of disk here."""
    if headers.get("x-amz-storage-class", "STANDARD") != "STANDARD":
        raise errors.not_implemented("A storage class other than STANDARD")
