"""Objects read: GetObject and HeadObject."""

from __future__ import annotations

from demitasse.errors import ServiceError
from demitasse.services.headers import RangeNotThere, wanted_range
from demitasse.services.s3 import contents, errors
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer, checksum_elements, http_date
from demitasse.services.s3.http.conditions import NotModified, check_read
from demitasse.services.s3.http.numbers import number, part_number
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.http.writing import checksum_headers
from demitasse.services.s3.records import Version

_OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}
_ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


async def get(visit: Visit) -> Answer:
    """An object: all of it, a range, or a part; HEAD tells only of it."""
    request = visit.request
    with visit.store.transaction() as tx:
        version = visit.version(tx).desired
        version_id = visit.version_id(tx, version)
    headers = _headers(version, version_id)
    try:
        check_read(request.headers, version)
    except NotModified:
        return Answer(304, headers)
    headers |= {"Accept-Ranges": "bytes", **version.headers, **_overridden(visit)}
    headers |= {f"x-amz-meta-{name}": value for name, value in version.metadata.items()}
    if version.tags:
        headers["x-amz-tagging-count"] = str(len(version.tags))
    part = _part(visit, version)
    wanted = part or _range(request.headers.get("range", ""), version.size)
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


async def attributes(visit: Visit) -> Answer:
    """ETag, checksum, size and parts of an object."""
    asked = visit.request.headers.get("x-amz-object-attributes", "")
    names = {name.strip() for name in asked.split(",") if name.strip()}
    if not names or names - _ATTRIBUTES:
        raise errors.invalid_argument(
            "Invalid attribute name specified.", "x-amz-object-attributes", asked
        )
    with visit.store.transaction() as tx:
        version = visit.version(tx).desired
        version_id = visit.version_id(tx, version)
    content: list[xml.Element] = []
    if "ETag" in names:
        content.append(("ETag", version.etag))
    if "Checksum" in names and version.checksum is not None:
        content.append(("Checksum", checksum_elements(version.checksum)))
    if "ObjectParts" in names and version.parts:
        content.append(("ObjectParts", _parts(visit, version)))
    if "StorageClass" in names:
        content.append(("StorageClass", "STANDARD"))
    if "ObjectSize" in names:
        content.append(("ObjectSize", version.size))
    answer = Answer.xml("GetObjectAttributesResponse", content)
    answer.headers |= _headers(version, version_id)
    del answer.headers["ETag"]
    return answer


def _headers(version: Version, version_id: str) -> dict[str, str]:
    """The headers that tell which version it is."""
    headers = {"Last-Modified": http_date(version.modified_at), "ETag": f'"{version.etag}"'}
    return headers | ({"x-amz-version-id": version_id} if version_id else {})


def _parts(visit: Visit, version: Version) -> list[xml.Element]:
    """The parts that an object was uploaded in, a page of them."""
    headers = visit.request.headers
    after = number(headers.get("x-amz-part-number-marker", "0"), "part-number-marker")
    most = min(number(headers.get("x-amz-max-parts", "1000"), "max-parts"), 1000)
    shown = list(enumerate(version.pieces, 1))[after : after + most]
    more = after + len(shown) < version.parts
    algorithm = version.checksum.algorithm if version.checksum else ""
    return [
        ("PartsCount", version.parts),
        ("PartNumberMarker", after),
        ("NextPartNumberMarker", shown[-1][0] if shown else after),
        ("MaxParts", most),
        ("IsTruncated", more),
        *(
            (
                "Part",
                [
                    ("PartNumber", place),
                    ("Size", piece.size),
                    (f"Checksum{algorithm}", piece.checksum or None),
                ],
            )
            for place, piece in shown
        ),
    ]


def _range(header: str, size: int) -> tuple[int, int] | None:
    try:
        return wanted_range(header, size)
    except RangeNotThere as error:
        raise ServiceError(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            RangeRequested=header,
            ActualObjectSize=str(size),
            headers={"Content-Range": f"bytes */{size}"},
        ) from error


def _part(visit: Visit, version: Version) -> tuple[int, int] | None:
    """First and last byte of the part that ``partNumber`` names; ``None`` when it is not given."""
    text = visit.request.query.get("partNumber")
    if text is None:
        return None
    if "range" in visit.request.headers:
        raise errors.invalid_request(
            "Cannot specify both Range header and partNumber query parameter"
        )
    place = part_number(text)
    sizes = [piece.size for piece in version.pieces] if version.parts else [version.size]
    if place > len(sizes):
        raise ServiceError(
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
            status=416,
            ActualPartCount=str(len(sizes)),
            PartNumberRequested=text,
        )
    first = sum(sizes[: place - 1])
    return first, first + sizes[place - 1] - 1


def _overridden(visit: Visit) -> dict[str, str]:
    """The headers that the query asks to be other than they were given."""
    query = visit.request.query
    return {header: query[name] for name, header in _OVERRIDES.items() if query.get(name)}
