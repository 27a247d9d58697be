"""Image references as Docker reads them: ``customer`` means ``docker.io/library/customer:latest``."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A reference taken apart. At least one of ``tag`` and ``digest`` is given."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Registry and repository: ``127.0.0.1:4566/customer``, ``docker.io/library/busybox``."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar_name(self) -> str:
        """The name as Docker shows it: what is implied by ``docker.io`` is left out."""
        if self.registry != DEFAULT_REGISTRY:
            return self.name
        return self.repository.removeprefix("library/")

    @property
    def selector(self) -> str:
        """What is pulled from the repository: the digest, else the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def parse(image: str) -> ImageReference:
    """Take ``image`` apart as Docker does; does not check that registry or image exist.

    Raises ``ValueError`` with Docker's own words for what cannot be a reference.
    """
    rest, at, digest = image.partition("@")
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        registry, path = head, tail
    else:
        registry, path = DEFAULT_REGISTRY, rest
    if registry == "index.docker.io":
        registry = DEFAULT_REGISTRY
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, ""
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    if not _PATH.fullmatch(repository):
        lower = _PATH.fullmatch(repository.lower()) is not None
        why = ": repository name must be lowercase" if lower else ""
        raise ValueError(f"invalid reference format{why}")
    if (
        not _REGISTRY.fullmatch(registry)
        or (colon and not _TAG.fullmatch(tag))
        or (at and not _DIGEST.fullmatch(digest))
    ):
        raise ValueError("invalid reference format")
    return ImageReference(
        registry=registry,
        repository=repository,
        tag=tag or (None if digest else DEFAULT_TAG),
        digest=digest or None,
    )


def checked(image: str) -> str:
    """``image`` itself if it is an image's id or a reference. Raises ``ValueError``."""
    if not _ID.fullmatch(image):
        parse(image)
    return image
