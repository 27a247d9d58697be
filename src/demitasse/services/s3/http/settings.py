"""What is set on a bucket: versioning, tags, notifications; and what is not, and cannot be."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.errors import ServiceError
from demitasse.services.s3 import errors
from demitasse.services.s3.http import xml
from demitasse.services.s3.http.answers import Answer
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
}
"""Configurations that no bucket here has, by sub-resource: the error of asking for them."""


async def not_set(visit: Visit) -> Answer:
    """None is set: no bucket here has such a configuration."""
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
    name = next(name for name in visit.request.query if name in NOT_SET)
    code, message = NOT_SET[name]
    raise ServiceError(code, message, status=404, BucketName=bucket.name)


async def forget_nothing(visit: Visit) -> Answer:
    """Delete a configuration that no bucket here has: done, as on AWS."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
    return Answer(204)


async def acceleration(visit: Visit) -> Answer:
    """No bucket here is accelerated."""
    return _constant(visit, "AccelerateConfiguration")


async def logging(visit: Visit) -> Answer:
    """No bucket here keeps a log of its requests."""
    return _constant(visit, "BucketLoggingStatus")


async def request_payment(visit: Visit) -> Answer:
    """The owner pays."""
    return _constant(visit, "RequestPaymentConfiguration", ("Payer", "BucketOwner"))


async def location(visit: Visit) -> Answer:
    """The bucket's region; empty for us-east-1."""
    with visit.store.transaction() as tx:
        region = visit.bucket(tx).region
    return Answer(
        200,
        {"Content-Type": "application/xml"},
        xml.document("LocationConstraint", "" if region == _CLASSIC else region),
    )


async def versioning(visit: Visit) -> Answer:
    """Whether the bucket keeps versions; empty when that was never set."""
    with visit.store.transaction() as tx:
        state = visit.bucket(tx).versioning
    return Answer.xml("VersioningConfiguration", [("Status", state or None)])


async def put_versioning(visit: Visit) -> Answer:
    """Keep versions from now on, or no longer. No MFA delete."""
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
    """The bucket's tags."""
    with visit.store.transaction() as tx:
        bucket = visit.bucket(tx)
    if not bucket.tags:
        raise ServiceError(
            "NoSuchTagSet", "The TagSet does not exist", status=404, BucketName=bucket.name
        )
    return Answer.xml("Tagging", tag_set(bucket.tags))


async def put_tags(visit: Visit) -> Answer:
    """Replace the bucket's tags, 50 at most."""
    given = tags_in(await document(visit, "Tagging"), _MOST_TAGS)
    return _change(visit, 204, tags=given)


async def delete_tags(visit: Visit) -> Answer:
    """Take all tags away."""
    return _change(visit, 204, tags={})


async def notification(visit: Visit) -> Answer:
    """Whether EventBridge is told."""
    with visit.store.transaction() as tx:
        tells = visit.bucket(tx).tells_events
    return Answer.xml(
        "NotificationConfiguration", [("EventBridgeConfiguration", "")] if tells else []
    )


async def put_notification(visit: Visit) -> Answer:
    """Tell EventBridge what happens to objects, or nobody."""
    given = (await document(visit, "NotificationConfiguration")).children()
    for child in given:
        if child.name != "EventBridgeConfiguration":
            raise errors.not_implemented(f"A notification by {child.name[:64]}")
    return _change(visit, tells_events=bool(given))


def _constant(visit: Visit, root: str, *content: xml.Element) -> Answer:
    """What is the same for all buckets."""
    with visit.store.transaction() as tx:
        visit.bucket(tx)
    return Answer.xml(root, content)


def _change(visit: Visit, status: int = 200, **what: Any) -> Answer:
    with visit.store.transaction() as tx:
        bucket: Bucket = visit.bucket(tx)
        tx.desire(BUCKETS, Ref(GLOBAL, bucket.name), msgspec.structs.replace(bucket, **what))
    return Answer(status)
