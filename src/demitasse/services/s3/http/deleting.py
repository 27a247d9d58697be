"""Objects deleted: one, or many at once."""

from __future__ import annotations

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors, versions
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.conditions import check_write
from demitasse.services.s3.http.receiving import Incoming
from demitasse.services.s3.http.request import check_key
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.records import NULL_VERSION, Bucket, Version, find_version, newest
from demitasse.services.s3.versions import Writer
from demitasse.store import Transaction

_MOST = 1000
_LIMIT = 4 * 1024 * 1024


async def delete(visit: Visit) -> Answer:
    """Delete a version for good; without ``versionId``, as the bucket's versioning has it."""
    version_id = visit.request.query.get("versionId")
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        match = visit.request.headers.get("if-match")
        if match is not None:
            kept = (
                find_version(tx, bucket.name, visit.key, version_id)
                if version_id
                else newest(tx, bucket.name, visit.key)
            )
            check_write({"if-match": match}, kept, visit.key)
        done = _delete(tx, bucket, visit.key, version_id, visit.writer())
    headers = {}
    if done is not None and done.delete_marker:
        headers["x-amz-delete-marker"] = "true"
    if done is not None and (version_id or done.version_id != NULL_VERSION or done.delete_marker):
        headers["x-amz-version-id"] = done.version_id
    return Answer(204, headers)


async def delete_many(visit: Visit) -> Answer:
    """Delete up to 1,000, each as if it were deleted alone."""
    incoming = Incoming(visit)
    if not incoming.checked:
        raise errors.invalid_request("Missing required header for this request: Content-MD5")
    given = xml.parse(await incoming.whole(_LIMIT), "Delete")
    wanted = given.all("Object")
    if not 1 <= len(wanted) <= _MOST:
        raise errors.malformed_xml()
    quiet = given.get("Quiet") == "true"
    by = visit.writer()
    content: list[xml.Element] = []
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
        for each in wanted:
            key, version_id = each.need("Key"), each.get("VersionId") or None
            try:
                check_key(key)
                _only_known(each)
                match = each.get("ETag")
                if match is not None:
                    check_write({"if-match": match}, newest(tx, bucket.name, key), key)
                done = _delete(tx, bucket, key, version_id, by)
            except ServiceError as error:
                content.append(("Error", _error(key, version_id, error)))
            else:
                if not quiet:
                    content.append(("Deleted", _deleted(key, version_id, done)))
    return Answer.xml("DeleteResult", content)


def _delete(
    tx: Transaction, bucket: Bucket, key: str, version_id: str | None, by: Writer
) -> Version | None:
    if version_id is None:
        return versions.delete(tx, bucket, key, by)
    return versions.delete_version(tx, bucket, key, version_id, by)


def _only_known(node: xml.Node) -> None:
    for child in node.children():
        if child.name not in ("Key", "VersionId", "ETag"):
            raise errors.not_implemented(f"Deleting with {child.name[:64]}")


def _deleted(key: str, version_id: str | None, done: Version | None) -> list[xml.Element]:
    content: list[xml.Element] = [("Key", key), ("VersionId", version_id)]
    if done is not None and done.delete_marker:
        content += [("DeleteMarker", True), ("DeleteMarkerVersionId", done.version_id)]
    return content


def _error(key: str, version_id: str | None, error: ServiceError) -> list[xml.Element]:
    return [
        ("Key", key),
        ("VersionId", version_id),
        ("Code", error.code),
        ("Message", error.message),
    ]
