"""What is set on a bucket: versioning, tags, notifications; and what is not, and cannot be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.buckets import owner
from demitasse.services.s3.http.receiving import document
from demitasse.services.s3.http.tagging import tag_set, tags_in
from demitasse.services.s3.http.visit import Visit
from demitasse.services.s3.records import BUCKETS, GLOBAL, Bucket
from demitasse.store import Ref

_MOST_TAGS = 50
_CLASSIC = "us-east-1"

NOT_SET = {
    "policy": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "policyStatus": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "cors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "website": (
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
    ),
    "lifecycle": (
        "NoSuchLifecycleConfiguration",
        "The lifecycle configuration does not exist",
    ),
    "replication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "encryption": (
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    "object-lock": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "publicAccessBlock": (
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    "ownershipControls": (
        "OwnershipControlsNotFoundError",
        "The bucket ownership controls were not found",
    ),
}
"""Configurations that no bucket here has, by sub-resource: the error of asking for them."""


def not_set(name: str) -> Callable[[Visit], Awaitable[Answer]]:
    """The answer for a configuration that no bucket here has."""
    code, message = NOT_SET[name]

    async def handler(visit: Visit) -> Answer:
        with visit.store.transaction() as tx:
            bucket = visit.bucket(tx)
        raise ServiceError(code, message, status=404, BucketName=bucket.name)

    return handler


async def forget_nothing(visit: Visit) -> Answer:
    """Delete a configuration that no bucket here has: done, as on AWS."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
    return Answer(204)


def constant(root: str, *content: xml.Element) -> Callable[[Visit], Awaitable[Answer]]:
    """The answer for a configuration that all buckets here share."""

    async def handler(visit: Visit) -> Answer:
        with visit.store.transaction() as tx:
            visit.bucket(tx)
        return Answer.xml(root, content)

    return handler


async def location(visit: Visit) -> Answer:
    """GetBucketLocation."""
    with visit.store.transaction() as tx:
        region = visit.bucket(tx).region
    return Answer(
        200,
        {"Content-Type": "application/xml"},
        xml.document("LocationConstraint", "" if region == _CLASSIC else region),
    )


async def acl(visit: Visit) -> Answer:
    """GetBucketAcl, GetObjectAcl: everything belongs to the account, and to it alone."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
        if visit.key:
            visit.version(tx)
    who = owner(visit.account)
    grantee = xml.Typed("CanonicalUser", who)
    grant: list[xml.Element] = [("Grantee", grantee), ("Permission", "FULL_CONTROL")]
    return Answer.xml(
        "AccessControlPolicy", [("Owner", who), ("AccessControlList", [("Grant", grant)])]
    )


async def versioning(visit: Visit) -> Answer:
    """GetBucketVersioning."""
    with visit.store.transaction() as tx:
        state = visit.bucket(tx).versioning
    return Answer.xml("VersioningConfiguration", [("Status", state or None)])


async def put_versioning(visit: Visit) -> Answer:
    """PutBucketVersioning."""
    given = await document(visit, "VersioningConfiguration")
    status = given.get("Status")
    if given.get("MfaDelete") not in (None, "Disabled"):
        raise errors.not_implemented("MFA delete")
    if status not in ("Enabled", "Suspended"):
        raise ServiceError(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
            status=400,
        )
    return _change(visit, versioning=status)


async def tags(visit: Visit) -> Answer:
    """GetBucketTagging."""
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
    if not bucket.tags:
        raise ServiceError(
            "NoSuchTagSet", "The TagSet does not exist", status=404, BucketName=bucket.name
        )
    return Answer.xml("Tagging", tag_set(bucket.tags))


async def put_tags(visit: Visit) -> Answer:
    """PutBucketTagging."""
    given = tags_in(await document(visit, "Tagging"), _MOST_TAGS)
    return _change(visit, 204, tags=given)


async def delete_tags(visit: Visit) -> Answer:
    """DeleteBucketTagging."""
    return _change(visit, 204, tags={})


async def notification(visit: Visit) -> Answer:
    """GetBucketNotificationConfiguration."""
    with visit.store.transaction() as tx:
        tells = visit.bucket(tx).tells_events
    return Answer.xml(
        "NotificationConfiguration", [("EventBridgeConfiguration", "")] if tells else []
    )


async def put_notification(visit: Visit) -> Answer:
    """PutBucketNotificationConfiguration: to EventBridge, or not at all."""
    given = (await document(visit, "NotificationConfiguration")).children()
    for child in given:
        if child.name != "EventBridgeConfiguration":
            raise errors.not_implemented(f"A notification by {child.name[:64]}")
    return _change(visit, tells_events=bool(given))


def _change(visit: Visit, status: int = 200, **what: Any) -> Answer:
    with visit.store.transaction() as tx:
        bucket: Bucket = visit.bucket(tx)
        tx.desire(BUCKETS, Ref(GLOBAL, bucket.name), msgspec.structs.replace(bucket, **what))
    return Answer(status)
