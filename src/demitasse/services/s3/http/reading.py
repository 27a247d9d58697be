"""Objects read: GetObject and HeadObject."""

from __future__ import annotations

import re

from demitasse.errors import ServiceError
from demitasse.services.s3 import contents, errors
from demitasse.services.s3.http.answers import Answer, http_date
from demitasse.services.s3.http.conditions import NotModified, check_read
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.http.writing import checksum_headers
from demitasse.services.s3.records import NULL_VERSION, Version, find_version, newest
from demitasse.store import Transaction

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


async def get(visit: Visit) -> Answer:
    """GetObject, HeadObject: all of it, a range, or a part."""
    request = visit.request
    with visit.store.transaction() as tx:
        version = version_asked(visit, tx)
    headers = version_headers(version)
    try:
        check_read(request.headers, version)
    except NotModified:
        return Answer(304, headers)
    headers |= {"Accept-Ranges": "bytes", **version.headers, **_overridden(visit)}
    headers |= {f"x-amz-meta-{name}": value for name, value in version.metadata.items()}
    if version.tags:
        headers["x-amz-tagging-count"] = str(len(version.tags))
    part = _part(visit, version)
    wanted = part or wanted_range(request.headers.get("range", ""), version.size)
    if request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and wanted is None:
        headers |= checksum_headers(version)
    if wanted is None or (part and not version.size):
        first, last, status = 0, version.size - 1, 200
    else:
        first, last = wanted
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{version.size}"
    if part and version.parts:
        headers["x-amz-mp-parts-count"] = str(version.parts)
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD" or last < first:
        return Answer(status, headers)
    pieces = contents.read(visit.blobs, version.account, version.pieces, first, last)
    return Answer(status, headers, pieces)


def version_asked(visit: Visit, tx: Transaction) -> Version:
    """The version that the path and ``versionId`` name. ``ServiceError`` when there is none."""
    bucket = visit.bucket(tx).name
    version_id = visit.request.query.get("versionId")
    if version_id is not None:
        found = find_version(tx, bucket, visit.key, version_id)
        if found is None:
            raise errors.no_such_version(visit.key, version_id)
    else:
        found = newest(tx, bucket, visit.key)
        if found is None:
            raise errors.no_such_key(visit.key)
    version = found.desired
    if version.delete_marker:
        error = (
            errors.no_such_key(visit.key)
            if version_id is None
            else errors.method_not_allowed(visit.request.method, "DeleteMarker")
        )
        error.members["headers"] = {
            "x-amz-delete-marker": "true",
            "x-amz-version-id": version.version_id,
            **({"Last-Modified": http_date(version.modified_at)} if version_id else {}),
        }
        raise error
    return version


def version_headers(version: Version) -> dict[str, str]:
    """The headers that tell which version it is."""
    headers = {"Last-Modified": http_date(version.modified_at), "ETag": f'"{version.etag}"'}
    if version.version_id != NULL_VERSION:
        headers["x-amz-version-id"] = version.version_id
    return headers


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """The first and last byte that a Range header asks for; ``None``: everything.

    Several ranges, or a malformed header, are answered with everything, as S3 does.
    ``ServiceError`` (InvalidRange, 416) when nothing of it is there.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    start, end = match.groups()
    if not start:
        first, last = max(size - int(end), 0), size - 1
    else:
        first, last = int(start), min(int(end), size - 1) if end else size - 1
    if start and end and int(end) < int(start):
        return None
    if first >= size or first > last:
        raise ServiceError(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            RangeRequested=header,
            ActualObjectSize=str(size),
            headers={"Content-Range": f"bytes */{size}"},
        )
    return first, last


def _part(visit: Visit, version: Version) -> tuple[int, int] | None:
    """First and last byte of the part that ``partNumber`` names; ``None`` when it is not given."""
    text = visit.request.query.get("partNumber")
    if text is None:
        return None
    if "range" in visit.request.headers:
        raise errors.invalid_request(
            "Cannot specify both Range header and partNumber query parameter"
        )
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= number <= 10_000:
        raise errors.invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive", "partNumber", text
        )
    sizes = [piece.size for piece in version.pieces] if version.parts else [version.size]
    if number > len(sizes):
        raise ServiceError(
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
            status=416,
            ActualPartCount=str(len(sizes)),
            PartNumberRequested=text,
        )
    first = sum(sizes[: number - 1])
    return first, first + sizes[number - 1] - 1


def _overridden(visit: Visit) -> dict[str, str]:
    """The headers that the query asks to be other than they were given."""
    query = visit.request.query
    return {
        header: _UNPRINTABLE.sub(" ", query[name])
        for name, header in _OVERRIDES.items()
        if query.get(name)
    }
