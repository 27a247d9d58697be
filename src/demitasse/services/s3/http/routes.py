"""Which handler answers a request: by its method, what its path names, and its sub-resource."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from demitasse.services.s3 import errors
from demitasse.services.s3.http import (
    buckets,
    copying,
    deleting,
    listing,
    multipart,
    reading,
    settings,
    tagging,
    writing,
)
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.request import Request
from demitasse.services.s3.http.visit import Visit

Handler = Callable[[Visit], Awaitable[Answer]]

_SUB_RESOURCES = frozenset(
    {
        *("abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption"),
        *("intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging"),
        *("metadataConfiguration", "metadataInventoryTable", "metadataJournalTable"),
        *("metadataTable", "metrics", "notification", "object-lock", "ownershipControls"),
        *("policy", "policyStatus", "publicAccessBlock", "renameObject", "replication"),
        *("requestPayment", "restore", "retention", "select", "session", "tagging", "torrent"),
        *("uploadId", "uploads", "versioning", "versions", "website"),
    }
)
"""The query parameters that make a request another operation, here or on AWS alone."""

_ROUTES: dict[tuple[str, str, str], Handler] = {
    ("GET", "service", ""): buckets.list_buckets,
    ("PUT", "bucket", ""): buckets.create,
    ("HEAD", "bucket", ""): buckets.head,
    ("DELETE", "bucket", ""): buckets.delete,
    ("GET", "bucket", ""): listing.objects,
    ("GET", "bucket", "versions"): listing.versions,
    ("GET", "bucket", "uploads"): listing.uploads,
    ("POST", "bucket", "delete"): deleting.delete_many,
    ("GET", "bucket", "location"): settings.location,
    ("GET", "bucket", "versioning"): settings.versioning,
    ("PUT", "bucket", "versioning"): settings.put_versioning,
    ("GET", "bucket", "tagging"): settings.tags,
    ("PUT", "bucket", "tagging"): settings.put_tags,
    ("DELETE", "bucket", "tagging"): settings.delete_tags,
    ("GET", "bucket", "notification"): settings.notification,
    ("PUT", "bucket", "notification"): settings.put_notification,
    ("GET", "bucket", "acl"): settings.acl,
    ("GET", "bucket", "accelerate"): settings.constant("AccelerateConfiguration"),
    ("GET", "bucket", "logging"): settings.constant("BucketLoggingStatus"),
    ("GET", "bucket", "requestPayment"): settings.constant(
        "RequestPaymentConfiguration", ("Payer", "BucketOwner")
    ),
    **{("GET", "bucket", name): settings.not_set(name) for name in settings.NOT_SET},
    **{
        ("DELETE", "bucket", name): settings.forget_nothing
        for name in settings.NOT_SET
        if name not in ("policyStatus", "object-lock")
    },
    ("PUT", "object", ""): writing.put,
    ("PUT", "object", "copy"): copying.copy,
    ("GET", "object", ""): reading.get,
    ("HEAD", "object", ""): reading.get,
    ("DELETE", "object", ""): deleting.delete,
    ("GET", "object", "attributes"): reading.attributes,
    ("GET", "object", "acl"): settings.acl,
    ("GET", "object", "tagging"): tagging.get,
    ("PUT", "object", "tagging"): tagging.put,
    ("DELETE", "object", "tagging"): tagging.delete,
    ("POST", "object", "uploads"): multipart.begin,
    ("PUT", "object", "uploadId"): multipart.put_part,
    ("POST", "object", "uploadId"): multipart.complete,
    ("DELETE", "object", "uploadId"): multipart.abort,
    ("GET", "object", "uploadId"): multipart.list_parts,
}

# Headers beginning with x-amz- that are understood, or ask for nothing. Any other one asks for
# something, and is refused rather than ignored.
_HEADERS = re.compile(
    r"x-amz-(acl|algorithm|bucket-object-lock-enabled|bucket-region|content-sha256"
    r"|checksum-(algorithm|mode|type|crc32|crc32c|crc64nvme|sha1|sha256)"
    r"|copy-source(-if-(none-)?match|-if-(un)?modified-since|-range)?|date"
    r"|decoded-content-length|expected-bucket-owner|source-expected-bucket-owner"
    r"|max-parts|part-number-marker|object-attributes|object-ownership|meta-.+"
    r"|metadata-directive|mp-object-size|request-payer|sdk-checksum-algorithm|security-token"
    r"|storage-class|tagging|tagging-directive|te|trailer|user-agent)"
)


def find_handler(request: Request) -> Handler:
    """Who answers. ``ServiceError`` when nobody does."""
    level = "object" if request.key else "bucket" if request.bucket else "service"
    if "x-amz-account-id" in request.headers:
        raise errors.not_implemented("The API of S3 Control")
    asked = [name for name in request.query if name in _SUB_RESOURCES]
    for name in request.headers:
        if name.startswith("x-amz-") and not _HEADERS.fullmatch(name):
            raise errors.not_implemented(f"The header {name[:128]}")
    copying_one = "x-amz-copy-source" in request.headers and not asked
    for sub_resource in asked or ["copy" if copying_one else ""]:
        handler = _ROUTES.get((request.method, level, sub_resource))
        if handler is not None:
            return handler
    if asked:
        raise errors.not_implemented(f"{request.method} ?{asked[0]} of S3 ({level})")
    if request.method == "POST" and level == "bucket":
        raise errors.not_implemented("Uploading by an HTML form (POST)")
    raise errors.method_not_allowed(request.method[:32], level.upper())
