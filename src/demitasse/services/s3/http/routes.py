"""Which operation a request is: by its method, what its path names, and its sub-resource."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from demitasse.errors import ServiceError
from demitasse.services.s3 import checksums, errors
from demitasse.services.s3.http import (
    access,
    buckets,
    copying,
    deleting,
    listing,
    multipart,
    object_annotations,
    reading,
    settings,
    tagging,
    writing,
)
from demitasse.services.s3.http.answers import Answer
from demitasse.services.s3.http.request import Request
from demitasse.services.s3.http.visit import Visit

Handler = Callable[[Visit], Awaitable[Answer]]

OPERATIONS: dict[str, tuple[str, Handler]] = {
    "AbortMultipartUpload": ("DELETE object uploadId", multipart.abort),
    "CompleteMultipartUpload": ("POST object uploadId", multipart.complete),
    "CopyObject": ("PUT object copy", copying.copy),
    "CreateBucket": ("PUT bucket", buckets.create),
    "CreateMultipartUpload": ("POST object uploads", multipart.begin),
    "DeleteBucket": ("DELETE bucket", buckets.delete),
    "DeleteBucketCors": ("DELETE bucket cors", settings.forget_nothing),
    "DeleteBucketEncryption": ("DELETE bucket encryption", settings.forget_nothing),
    "DeleteBucketLifecycle": ("DELETE bucket lifecycle", settings.forget_nothing),
    "DeleteBucketOwnershipControls": ("DELETE bucket ownershipControls", settings.forget_nothing),
    "DeleteBucketPolicy": ("DELETE bucket policy", settings.forget_nothing),
    "DeleteBucketReplication": ("DELETE bucket replication", settings.forget_nothing),
    "DeleteBucketTagging": ("DELETE bucket tagging", settings.delete_tags),
    "DeleteBucketWebsite": ("DELETE bucket website", settings.forget_nothing),
    "DeleteObject": ("DELETE object", deleting.delete),
    "DeleteObjectTagging": ("DELETE object tagging", tagging.delete),
    "DeleteObjects": ("POST bucket delete", deleting.delete_many),
    "DeletePublicAccessBlock": ("DELETE bucket publicAccessBlock", access.delete_public_access),
    "GetBucketAccelerateConfiguration": ("GET bucket accelerate", settings.acceleration),
    "GetBucketAcl": ("GET bucket acl", access.acl),
    "GetBucketCors": ("GET bucket cors", settings.not_set),
    "GetBucketEncryption": ("GET bucket encryption", settings.not_set),
    "GetBucketLifecycleConfiguration": ("GET bucket lifecycle", settings.not_set),
    "GetBucketLocation": ("GET bucket location", settings.location),
    "GetBucketLogging": ("GET bucket logging", settings.logging),
    "GetBucketNotificationConfiguration": ("GET bucket notification", settings.notification),
    "GetBucketOwnershipControls": ("GET bucket ownershipControls", access.ownership),
    "GetBucketPolicy": ("GET bucket policy", settings.not_set),
    "GetBucketPolicyStatus": ("GET bucket policyStatus", settings.not_set),
    "GetBucketReplication": ("GET bucket replication", settings.not_set),
    "GetBucketRequestPayment": ("GET bucket requestPayment", settings.request_payment),
    "GetBucketTagging": ("GET bucket tagging", settings.tags),
    "GetBucketVersioning": ("GET bucket versioning", settings.versioning),
    "GetBucketWebsite": ("GET bucket website", settings.not_set),
    "GetObject": ("GET object", reading.get),
    "GetObjectAcl": ("GET object acl", access.acl),
    "GetObjectAttributes": ("GET object attributes", reading.attributes),
    "GetObjectLockConfiguration": ("GET bucket object-lock", settings.not_set),
    "GetObjectTagging": ("GET object tagging", tagging.get),
    "GetPublicAccessBlock": ("GET bucket publicAccessBlock", access.public_access),
    "HeadBucket": ("HEAD bucket", buckets.head),
    "HeadObject": ("HEAD object", reading.get),
    "ListBuckets": ("GET service", buckets.list_buckets),
    "ListDirectoryBuckets": ("GET directory", buckets.list_directory_buckets),
    "ListMultipartUploads": ("GET bucket uploads", listing.uploads),
    "ListObjectAnnotations": ("GET object annotation", object_annotations.list_none),
    "ListObjectVersions": ("GET bucket versions", listing.versions),
    "ListObjects": ("GET bucket", listing.objects),
    "ListObjectsV2": ("GET bucket list-type", listing.objects_2),
    "ListParts": ("GET object uploadId", multipart.list_parts),
    "PutBucketAcl": ("PUT bucket acl", access.put_acl),
    "PutBucketNotificationConfiguration": ("PUT bucket notification", settings.put_notification),
    "PutBucketOwnershipControls": ("PUT bucket ownershipControls", access.put_ownership),
    "PutBucketTagging": ("PUT bucket tagging", settings.put_tags),
    "PutBucketVersioning": ("PUT bucket versioning", settings.put_versioning),
    "PutObject": ("PUT object", writing.put),
    "PutObjectAcl": ("PUT object acl", access.put_acl),
    "PutObjectTagging": ("PUT object tagging", tagging.put),
    "PutPublicAccessBlock": ("PUT bucket publicAccessBlock", access.put_public_access),
    "UploadPart": ("PUT object uploadId", multipart.put_part),
    "UploadPartCopy": ("PUT object uploadId+copy", multipart.copy_part),
}
"""Every operation that is carried out, by its AWS name: the requests that mean it, its handler."""

_ROUTES = dict(OPERATIONS.values())

_PARAMETERS = re.compile(
    r"x-id|x-amz-.*|awsaccesskeyid|signature|expires|content-(md5|type)|versionid|partnumber"
    r"|prefix|delimiter|marker|max-(keys|uploads|parts|(directory-)?buckets)|encoding-type|start-after"
    r"|continuation-token|fetch-owner|key-marker|version-id-marker|upload-id-marker|allow-unordered"
    r"|part-number-marker|bucket-region|max-annotation-results|annotation(-prefix|name)"
    r"|response-(cache-control|content-(disposition|encoding|language|type)|expires)",
    re.IGNORECASE,
)
"""Parameters that say more of an operation. Any other makes the request another operation, of
which there are ever more: PUT with one that is not known must not write an object.
"""

_HEADERS = re.compile(
    r"x-amz-(acl|algorithm|bucket-object-lock-enabled|bucket-region|content-sha256"
    r"|checksum-(algorithm|mode|type)"
    r"|copy-source(-if-(none-)?match|-if-(un)?modified-since|-range)?|date"
    r"|decoded-content-length|expected-bucket-owner|source-expected-bucket-owner"
    r"|max-parts|part-number-marker|object-attributes|object-ownership|meta-[a-z0-9!#$%&'*+.^_`|~-]+"
    r"|metadata-directive|mp-object-size|request-payer|sdk-checksum-algorithm|security-token"
    r"|storage-class|tagging|tagging-directive|te|trailer|user-agent)"
    rf"|{checksums.HEADERS}"
)
"""Headers that are carried out, or ask for nothing. Any other asks for something."""

_NOUNS = {
    "accelerate": "AccelerateConfiguration",
    "encryption": "Encryption",
    "cors": "Cors",
    "lifecycle": "LifecycleConfiguration",
    "logging": "Logging",
    "policy": "Policy",
    "replication": "Replication",
    "requestPayment": "RequestPayment",
    "website": "Website",
    "inventory": "InventoryConfiguration",
    "abac": "Abac",
    "analytics": "AnalyticsConfiguration",
    "metrics": "MetricsConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "legal-hold": "LegalHold",
    "retention": "Retention",
    "torrent": "Torrent",
    "annotation": "Annotation",
}
_NAMES = {
    "PUT bucket object-lock": "PutObjectLockConfiguration",
    "PUT object encryption": "UpdateObjectEncryption",
    "PUT object renameObject": "RenameObject",
    "POST object restore": "RestoreObject",
    "POST object select": "SelectObjectContent",
    "GET bucket session": "CreateSession",
}


def find_handler(request: Request, *, express: bool = False) -> Handler:
    """Who answers; ``express``: it is asked of directory buckets. ``ServiceError``: nobody does."""
    if "x-amz-account-id" in request.headers:
        raise errors.not_implemented("The API of S3 Control")
    for name in request.headers:
        if name.startswith("x-amz-") and not _HEADERS.fullmatch(name):
            raise errors.not_implemented(f"The header {name[:128]}")
    level = "object" if request.key else "bucket" if request.bucket else "service"
    if level == "service" and express:
        level = "directory"
    asked = [name for name in request.query if not _PARAMETERS.fullmatch(name)]
    if len(asked) > 1 and "select" not in asked:
        raise errors.invalid_request(f"Conflicting query parameters: {', '.join(asked)[:256]}")
    what = asked[:1]
    if "x-amz-copy-source" in request.headers and asked in ([], ["uploadId"]):
        what = ["+".join([*asked, "copy"])]
    if "annotationName" in request.query:
        what.append("name")
    place = " ".join([request.method, level, *what])
    handler = _ROUTES.get(place)
    if handler is not None:
        return handler
    raise _refusal(place, request.method, level, asked)


def _refusal(place: str, method: str, level: str, asked: list[str]) -> ServiceError:
    """Why nobody answers: by the name that AWS has for it, if it has one."""
    if not asked:
        if (method, level) == ("POST", "bucket"):
            return errors.not_implemented("Uploading by an HTML form (POST)")
        return errors.method_not_allowed(method[:32], level.upper())
    noun = _NOUNS.get(asked[0])
    name = _NAMES.get(place)
    if name is None and noun and method in ("GET", "PUT", "DELETE"):
        name = f"{method.capitalize()}{level.capitalize()}{noun}"
    if name is None:
        return errors.not_implemented(f"{method[:32]} ?{asked[0][:64]} of an S3 {level}")
    return errors.not_implemented(f"The operation s3 {name}")
