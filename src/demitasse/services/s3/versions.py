"""Versions of objects: what writing and deleting do to them, and whom that is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from demitasse.ids import Ids
from demitasse.services.events.records import emit
from demitasse.services.s3.records import (
    GLOBAL,
    NULL_VERSION,
    VERSIONS,
    Bucket,
    Version,
    find_version,
    new_version,
    newest,
)
from demitasse.store import Transaction

_ENABLED = "Enabled"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who changes objects, when, and by which request; the events say so."""

    requester: str
    request_id: str
    now: datetime
    ids: Ids


def put(tx: Transaction, bucket: Bucket, version: Version, by: Writer, reason: str) -> Version:
    """Make ``version`` the newest of its object; returns it with its id and time.

    ``reason`` is what AWS's event gives: PutObject, CopyObject, CompleteMultipartUpload.
    """
    version = _add(tx, bucket, version, by)
    _tell(tx, bucket, version, by, created=reason)
    return version


def delete(tx: Transaction, bucket: Bucket, key: str, by: Writer) -> Version | None:
    """Delete an object without naming a version; returns the delete marker, if one was made."""
    if bucket.versioning:
        marker = Version(bucket.name, bucket.account, key, "", by.now, delete_marker=True)
        marker = _add(tx, bucket, marker, by)
        _tell(tx, bucket, marker, by, deleted="Delete Marker Created")
        return marker
    delete_version(tx, bucket, key, NULL_VERSION, by)
    return None


def delete_version(
    tx: Transaction, bucket: Bucket, key: str, version_id: str, by: Writer
) -> Version | None:
    """Delete one version for good; returns what it was, ``None`` when there was none."""
    found = find_version(tx, bucket.name, key, version_id)
    if found is None:
        return None
    tx.delete(VERSIONS, found.ref)
    if found.desired.latest:
        _mark_newest(tx, bucket.name, key, latest=True)
    _tell(tx, bucket, found.desired, by, deleted="Permanently Deleted")
    return found.desired


def _add(tx: Transaction, bucket: Bucket, version: Version, by: Writer) -> Version:
    name, key = version.bucket, version.key
    record_key, version_id = new_version(tx, name, key, by.ids)
    if bucket.versioning != _ENABLED:
        version_id = NULL_VERSION
        former = find_version(tx, name, key, NULL_VERSION)
        if former is not None:
            tx.delete(VERSIONS, former.ref)
    _mark_newest(tx, name, key, latest=False)
    version = msgspec.structs.replace(version, version_id=version_id, modified_at=by.now)
    tx.create(VERSIONS, GLOBAL, record_key, version)
    return version


def _mark_newest(tx: Transaction, name: str, key: str, *, latest: bool) -> None:
    found = newest(tx, name, key)
    if found is not None:
        tx.desire(VERSIONS, found.ref, msgspec.structs.replace(found.desired, latest=latest))


def _tell(
    tx: Transaction,
    bucket: Bucket,
    version: Version,
    by: Writer,
    *,
    created: str = "",
    deleted: str = "",
) -> None:
    """Say it to EventBridge, if the bucket's notifications are set so."""
    if not bucket.tells_events:
        return
    about: dict[str, Any] = {"key": version.key}
    if created:
        about["size"] = version.size
    if version.etag:
        about["etag"] = version.etag
    if version.version_id != NULL_VERSION:
        about["version-id"] = version.version_id
    about["sequencer"] = f"{tx.next(GLOBAL, 's3.sequencer'):018X}"
    detail = {
        "version": "0",
        "bucket": {"name": version.bucket},
        "object": about,
        "request-id": by.request_id,
        "requester": by.requester,
        "source-ip-address": "127.0.0.1",
        "reason": created or "DeleteObject",
    }
    if deleted:
        detail["deletion-type"] = deleted
    emit(
        tx,
        bucket.scope,
        by.ids,
        by.now,
        source="aws.s3",
        detail_type="Object Created" if created else "Object Deleted",
        detail=detail,
        resources=(f"arn:aws:s3:::{version.bucket}",),
    )
