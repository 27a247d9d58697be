"""S3's errors: codes, sentences and statuses of its API reference."""

from __future__ import annotations

from demitasse.errors import ServiceError


def no_such_bucket(name: str) -> ServiceError:
    """There is no bucket of that name."""
    return ServiceError(
        "NoSuchBucket", "The specified bucket does not exist", status=404, BucketName=name
    )


def access_denied(message: str = "Access Denied") -> ServiceError:
    """What belongs to another account, or is signed by nobody."""
    return ServiceError("AccessDenied", message, status=403)


def no_such_key(key: str) -> ServiceError:
    """The bucket holds no object of that name."""
    return ServiceError("NoSuchKey", "The specified key does not exist.", status=404, Key=key)


def no_such_version(key: str, version_id: str) -> ServiceError:
    """The object has no version of that id."""
    return ServiceError(
        "NoSuchVersion",
        "The specified version does not exist.",
        status=404,
        Key=key,
        VersionId=version_id,
    )


def no_such_upload(upload_id: str) -> ServiceError:
    """There is no such multipart upload, or no longer."""
    return ServiceError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have"
        " been aborted or completed.",
        status=404,
        UploadId=upload_id,
    )


def invalid_argument(message: str, name: str = "", value: str = "") -> ServiceError:
    """A parameter or header that cannot be what it says."""
    members = {"ArgumentName": name, "ArgumentValue": value[:1024]} if name else {}
    return ServiceError("InvalidArgument", message, status=400, **members)


def invalid_request(message: str) -> ServiceError:
    """A request that contradicts itself or the rules."""
    return ServiceError("InvalidRequest", message, status=400)


def malformed_xml(message: str = "") -> ServiceError:
    """A body that is not the XML that S3 publishes."""
    return ServiceError(
        "MalformedXML",
        message
        or "The XML you provided was not well-formed or did not validate against our published"
        " schema",
        status=400,
    )


def bad_digest(what: str) -> ServiceError:
    """The bytes that came are not those that a checksum was made of."""
    return ServiceError(
        "BadDigest", f"The {what} you specified did not match what we received.", status=400
    )


def precondition_failed(condition: str) -> ServiceError:
    """A condition of the request does not hold."""
    return ServiceError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        Condition=condition,
    )


def method_not_allowed(method: str, resource: str) -> ServiceError:
    """A method that the resource does not know."""
    return ServiceError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        status=405,
        Method=method,
        ResourceType=resource,
    )


def not_implemented(what: str) -> ServiceError:
    """Refuses by name what AWS does and Demitasse does not.

    The code is S3's own; its status would be 501, but clients repeat a 5xx.
    """
    return ServiceError("NotImplemented", f"{what} is not supported by Demitasse.", status=400)
