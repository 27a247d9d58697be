"""Where a revision is: an AppSpec in the call itself, or an object of S3."""

from __future__ import annotations

import hashlib

import msgspec

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.codedeploy.records import Revision
from demitasse.services.codedeploy.records.creating import text_revision


def read(given: Input | None) -> Revision:
    """A ``RevisionLocation`` as kept."""
    if not given:
        raise ServiceError("RevisionRequiredException", "The revision must be specified.")
    type_ = given.get("revisionType")
    member = {"S3": "s3Location", "String": "string", "AppSpecContent": "appSpecContent"}.get(
        type_ or ""
    )
    if type_ == "GitHub":
        raise NotSupported("revisionType GitHub")
    if member is None:
        raise _invalid("The revision type must be specified.")
    location = given.get(member)
    if not location:
        raise _invalid(f"The revision type {type_} needs {member}.")
    return _s3(location) if type_ == "S3" else _text(location, str(type_))


def _text(given: Input, type_: str) -> Revision:
    content = given.get("content")
    if not content:
        raise _invalid("The content of the AppSpec must be specified.")
    kept = text_revision(content)
    sha256 = given.get("sha256")
    if sha256 and sha256.lower() != hashlib.sha256(content.encode()).hexdigest():
        raise _invalid("The SHA256 hash does not match the content of the AppSpec.")
    return msgspec.structs.replace(kept, type=type_)


def _s3(given: Input) -> Revision:
    if not given.get("bucket") or not given.get("key"):
        raise _invalid("The bucket and the key of the revision must be specified.")
    bundle = given.get("bundleType", "")
    if bundle not in {"YAML", "JSON"}:
        raise _invalid("For ECS deployment, BundleType must be either YAML or JSON")
    return Revision(
        "S3",
        bucket=given["bucket"],
        key=given["key"],
        bundle_type=bundle,
        version=given.get("version", ""),
        etag=given.get("eTag", ""),
    )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidRevisionException", message)
