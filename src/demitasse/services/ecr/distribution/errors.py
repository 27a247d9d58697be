"""The registry's errors: codes and statuses of the distribution API, sentences of ECR."""

from __future__ import annotations

from typing import Any

from demitasse.errors import DemitasseError, ServiceError

_OF_SERVICE = {
    "RepositoryNotFoundException": ("NAME_UNKNOWN", 404),
    "ImageTagAlreadyExistsException": ("TAG_INVALID", 400),
    "LayersNotFoundException": ("MANIFEST_BLOB_UNKNOWN", 400),
    "ReferencedImagesNotFoundException": ("MANIFEST_BLOB_UNKNOWN", 400),
    "ImageReferencedByManifestList": ("UNSUPPORTED", 405),
}


class RegistryError(DemitasseError):
    """An answer of the registry that is no success: one of the distribution API's codes."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        detail: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.detail = detail
        self.headers = headers or {}

    def shown(self) -> dict[str, Any]:
        """As it stands in the answer's list of errors."""
        error = {"code": self.code, "message": self.message}
        return error if self.detail is None else {**error, "detail": self.detail}


def of_service(error: ServiceError) -> RegistryError:
    """The registry's error for one that the API has, too."""
    code, status = _OF_SERVICE.get(error.code, ("DENIED", 403))
    return RegistryError(code, error.message, status=status)


def blob_unknown(digest: str) -> RegistryError:
    """The repository holds no such blob."""
    return RegistryError(
        "BLOB_UNKNOWN", "blob unknown to registry", status=404, detail={"digest": digest}
    )


def upload_unknown(upload: str) -> RegistryError:
    """There is no such upload, or no longer."""
    return RegistryError(
        "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", status=404, detail=upload
    )


def manifest_unknown() -> RegistryError:
    """The repository holds no such image."""
    return RegistryError("MANIFEST_UNKNOWN", "Requested image not found", status=404)


def manifest_invalid(why: str) -> RegistryError:
    """A manifest that cannot be kept."""
    return RegistryError("MANIFEST_INVALID", f"manifest invalid: {why}", status=400)


def digest_invalid(why: str) -> RegistryError:
    """A digest that is none, or not that of the bytes."""
    return RegistryError("DIGEST_INVALID", why, status=400)


def size_invalid(why: str, *, status: int = 400) -> RegistryError:
    """More or fewer bytes than said or allowed."""
    return RegistryError("SIZE_INVALID", why, status=status)


def range_invalid(size: int) -> RegistryError:
    """A range of which a blob of this size has nothing."""
    return RegistryError(
        "RANGE_INVALID",
        f"invalid content range: the blob has {size} bytes",
        status=416,
        headers={"Content-Range": f"bytes */{size}"},
    )


def unsupported(what: str) -> RegistryError:
    """What the registry does not do."""
    return RegistryError("UNSUPPORTED", what, status=405)


def unavailable(why: str, *, status: int = 503) -> RegistryError:
    """The registry itself is in trouble; trying again later may help."""
    return RegistryError("UNAVAILABLE", why, status=status)
