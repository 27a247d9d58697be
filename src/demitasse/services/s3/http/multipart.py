"""Multipart uploads."""

from __future__ import annotations

from demitasse.services.s3 import checksums, contents, errors, multipart, versions
from demitasse.services.s3.checksums import ALGORITHMS, Hashes
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer, checksum_elements, moment
from demitasse.services.s3.http.buckets import owner
from demitasse.services.s3.http.conditions import check_write
from demitasse.services.s3.http.copying import Source, copied_range, from_version
from demitasse.services.s3.http.numbers import number, part_number
from demitasse.services.s3.http.receiving import Incoming, asked_algorithm
from demitasse.services.s3.http.tagging import tags_of
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.http.writing import (
    check_storage_class,
    content_headers,
    metadata_of,
    refuse_acl,
)
from demitasse.services.s3.multipart import Named
from demitasse.services.s3.records import NULL_VERSION, Part, Piece, Upload, Version, newest

_LIMIT = 4 * 1024 * 1024
_MOST_PARTS = 10_000
_MOST_LISTED = 1000


async def begin(visit: Visit) -> Answer:
    """Begin an upload in parts."""
    headers = visit.request.headers
    refuse_acl(headers)
    check_storage_class(headers)
    algorithm = asked_algorithm(headers)
    upload = Upload(
        visit.request.bucket,
        visit.account,
        visit.key,
        "",
        visit.clock.now(),
        headers=content_headers(headers),
        metadata=metadata_of(headers),
        tags=tags_of(headers),
        algorithm=algorithm,
        checksum_type=checksums.checksum_type(
            algorithm, headers.get("x-amz-checksum-type", "").upper()
        ),
    )
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        upload = multipart.begin(tx, upload, visit.ids)
    answer = Answer.xml(
        "InitiateMultipartUploadResult",
        [("Bucket", bucket.name), ("Key", visit.key), ("UploadId", upload.upload_id)],
    )
    if algorithm:
        answer.headers["x-amz-checksum-algorithm"] = algorithm
        answer.headers["x-amz-checksum-type"] = upload.checksum_type
    return answer


async def put_part(visit: Visit) -> Answer:
    """A part, by its number; one sent again replaces the one before."""
    place, upload = _place(visit), _upload(visit)
    incoming = Incoming(visit, upload.algorithm)
    if upload.algorithm not in ("", incoming.hashes.algorithm):
        raise errors.invalid_request(
            "Checksum Type mismatch occurred, expected checksum Type:"
            f" {upload.algorithm.lower()}, actual checksum Type:"
            f" {incoming.hashes.algorithm.lower()}"
        )
    pieces = await contents.receive(
        visit.blobs, visit.ids, visit.account, incoming.pieces(), incoming.hashes
    )
    part = _keep(visit, upload, place, pieces, incoming.hashes)
    headers = {"ETag": f'"{part.etag}"'}
    if part.checksum is not None:
        headers[f"x-amz-checksum-{part.checksum.algorithm.lower()}"] = part.checksum.value
    return Answer(200, headers)


async def copy_part(visit: Visit) -> Answer:
    """A part whose bytes are those of an object, or of a range of one."""
    place, upload = _place(visit), _upload(visit)
    source = Source.of(visit)
    with visit.store.transaction() as tx:
        original = source.version(visit, tx).desired
        copied = visit.version_id(tx, original)
    hashes = Hashes(upload.algorithm)
    pieces = await contents.receive(
        visit.blobs, visit.ids, visit.account, copied_range(visit, original), hashes
    )
    part = _keep(visit, upload, place, pieces, hashes)
    answer = Answer.xml(
        "CopyPartResult",
        [
            ("LastModified", moment(part.modified_at)),
            ("ETag", f'"{part.etag}"'),
            *checksum_elements(part.checksum)[:1],
        ],
    )
    answer.headers |= from_version(copied)
    return answer


async def complete(visit: Visit) -> Answer:
    """Make an object of the parts that are named."""
    headers = visit.request.headers
    # Its x-amz-checksum- header is of the object to be, not of this body.
    promised = checksums.stated(headers)
    body = await Incoming(visit, whole_object=True).whole(_LIMIT)
    given = xml.parse(body, "CompleteMultipartUpload").all("Part")
    if not 1 <= len(given) <= _MOST_PARTS:
        raise errors.malformed_xml()
    named = [_named(each) for each in given]
    upload_id = visit.request.query["uploadId"]
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        before = multipart.completed(tx, bucket, visit.key, upload_id, named)
        if before is None:
            kept = multipart.find(tx, bucket, visit.key, upload_id)
            check_write(headers, newest(tx, bucket.name, visit.key), visit.key)
            version = multipart.whole(tx, kept.desired, named)
            _check_promises(visit, version, promised)
            version = versions.put(tx, bucket, version, visit.writer(), "CompleteMultipartUpload")
            multipart.forget(tx, kept)
        else:
            version = before  # who has not heard the answer asks again
    host = headers.get("host", "")
    answer = Answer.xml(
        "CompleteMultipartUploadResult",
        [
            ("Location", f"http://{host}{visit.request.raw_path}"),
            ("Bucket", bucket.name),
            ("Key", visit.key),
            ("ETag", f'"{version.etag}"'),
            *checksum_elements(version.checksum),
        ],
    )
    if version.version_id != NULL_VERSION:
        answer.headers["x-amz-version-id"] = version.version_id
    return answer


def _check_promises(visit: Visit, version: Version, promised: tuple[str, str]) -> None:
    """The object must be what the caller says it will be. ``ServiceError``."""
    checksum = version.checksum
    if promised[0] and (checksum is None or (checksum.algorithm, checksum.value) != promised):
        raise errors.bad_digest(promised[0])
    size = visit.request.headers.get("x-amz-mp-object-size")
    if size is not None and size != str(version.size):
        raise errors.invalid_request(f"The size of the object is {version.size}, not {size[:32]}.")


async def abort(visit: Visit) -> Answer:
    """Forget an upload and its parts."""
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        multipart.forget(tx, multipart.find(tx, bucket, visit.key, visit.request.query["uploadId"]))
    return Answer(204)


async def list_parts(visit: Visit) -> Answer:
    """The parts that have arrived."""
    query = visit.request.query
    after = min(number(query.get("part-number-marker", "0"), "part-number-marker"), _MOST_PARTS)
    most = min(number(query.get("max-parts", str(_MOST_LISTED)), "max-parts"), _MOST_LISTED)
    upload = _upload(visit)
    with visit.store.transaction() as tx:
        found = multipart.parts(tx, upload.upload_id, after=after, limit=most + 1)
    shown, more = found[:most], len(found) > most
    content: list[xml.Element] = [
        ("Bucket", upload.bucket),
        ("Key", upload.key),
        ("UploadId", upload.upload_id),
        ("Initiator", owner(visit.account)),
        ("Owner", owner(visit.account)),
        ("StorageClass", "STANDARD"),
        ("PartNumberMarker", after),
        ("NextPartNumberMarker", shown[-1].number if shown else after),
        ("MaxParts", most),
        ("IsTruncated", more),
        ("ChecksumAlgorithm", upload.algorithm or None),
        ("ChecksumType", upload.checksum_type or None),
        *(("Part", _shown(part)) for part in shown),
    ]
    return Answer.xml("ListPartsResult", content)


def _place(visit: Visit) -> int:
    """The number of the part that is meant."""
    number = visit.request.query.get("partNumber")
    if number is None:
        raise errors.invalid_request("The parameter partNumber is missing.")
    return part_number(number)


def _upload(visit: Visit) -> Upload:
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        return multipart.find(tx, bucket, visit.key, visit.request.query["uploadId"]).desired


def _keep(
    visit: Visit, upload: Upload, place: int, pieces: tuple[Piece, ...], hashes: Hashes
) -> Part:
    part = Part(
        visit.account,
        upload.upload_id,
        place,
        pieces[0].digest if pieces else "",
        hashes.size,
        hashes.etag,
        visit.clock.now(),
        hashes.checksum,
    )
    with visit.store.transaction() as tx:
        # Once more: it may have been completed or aborted meanwhile.
        multipart.find(tx, visit.bucket(tx), visit.key, upload.upload_id)
        multipart.keep_part(tx, part)
    return part


def _named(part: xml.Node) -> Named:
    found = [part.get(f"Checksum{algorithm}") for algorithm in ALGORITHMS]
    text = part.need("PartNumber").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise errors.malformed_xml()
    return Named(
        int(text),
        part.need("ETag").strip().strip('"'),
        next((each.strip() for each in found if each), ""),
    )


def _shown(part: Part) -> list[xml.Element]:
    return [
        ("PartNumber", part.number),
        ("LastModified", moment(part.modified_at)),
        ("ETag", f'"{part.etag}"'),
        ("Size", part.size),
        *checksum_elements(part.checksum)[:1],
    ]
