"""Reading manifests: what an image is made of. Pure.

Docker's schema 2 and OCI's image manifest, Docker's manifest list and OCI's index are read, as
their specifications have them; Docker's schema 1 and anything else is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import msgspec

DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"

_IMAGES = {DOCKER_IMAGE, OCI_IMAGE}
_INDEXES = {DOCKER_LIST, OCI_INDEX}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class InvalidManifest(ValueError):
    """The bytes are no manifest that a registry can keep; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says. ``layers`` are all blobs that must be there, the config first."""

    digest: str
    media_type: str
    layers: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    config_media_type: str = ""
    artifact_type: str = ""
    subject: str = ""
    annotations: dict[str, str] = field(default_factory=dict)


class _Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str
    digest: str
    size: int

    @property
    def elsewhere(self) -> bool:
        """Whether the bytes are fetched from their maker's site, never from a registry."""
        return "foreign" in self.media_type or "nondistributable" in self.media_type


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    schema_version: int
    media_type: str = ""
    config: _Descriptor | None = None
    layers: tuple[_Descriptor, ...] | None = None
    manifests: tuple[_Descriptor, ...] | None = None
    subject: _Descriptor | None = None
    artifact_type: str = ""
    annotations: dict[str, str] | None = None


_decode = msgspec.json.Decoder(_Document).decode


def digest_of(data: bytes) -> str:
    """The digest of a manifest, ``sha256:…``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def is_digest(reference: str) -> bool:
    """Whether this names an image by its digest rather than a tag."""
    return _DIGEST.fullmatch(reference) is not None


def read_manifest(data: bytes, media_type: str = "") -> Manifest:
    """Read a manifest's bytes; ``media_type`` is what the client says they are, "" for nothing.

    Raises ``InvalidManifest``.
    """
    try:
        document = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidManifest(f"The manifest cannot be read: {error}") from error
    said = media_type.partition(";")[0].strip()
    if document.schema_version != 2:
        raise InvalidManifest(
            f"The manifest's schemaVersion is {document.schema_version}; only 2 is supported"
        )
    if said and document.media_type and said != document.media_type:
        raise InvalidManifest(
            f"The manifest's mediaType '{document.media_type}' is not the Content-Type '{said}'"
        )
    kind = said or document.media_type
    if kind in _IMAGES:
        return _image(document, kind, digest_of(data))
    if kind in _INDEXES:
        return _index(document, kind, digest_of(data))
    raise InvalidManifest(f"The manifest's media type '{kind}' is not supported")


def _image(document: _Document, kind: str, digest: str) -> Manifest:
    if document.config is None or document.layers is None or document.manifests is not None:
        raise InvalidManifest("An image's manifest has a config and layers, and no manifests")
    needed = [document.config, *(layer for layer in document.layers if not layer.elsewhere)]
    return Manifest(
        digest,
        kind,
        layers=_digests(needed),
        config_media_type=document.config.media_type,
        artifact_type=document.artifact_type,
        subject=_subject(document),
        annotations=document.annotations or {},
    )


def _index(document: _Document, kind: str, digest: str) -> Manifest:
    if document.manifests is None or document.config is not None or document.layers is not None:
        raise InvalidManifest("An index has manifests, and neither a config nor layers")
    return Manifest(
        digest,
        kind,
        manifests=_digests(document.manifests),
        artifact_type=document.artifact_type,
        subject=_subject(document),
        annotations=document.annotations or {},
    )


def _subject(document: _Document) -> str:
    return "" if document.subject is None else _digests([document.subject])[0]


def _digests(descriptors: list[_Descriptor] | tuple[_Descriptor, ...]) -> tuple[str, ...]:
    for descriptor in descriptors:
        if not is_digest(descriptor.digest):
            raise InvalidManifest(f"'{descriptor.digest}' is not a SHA-256 digest")
        if descriptor.size < 0:
            raise InvalidManifest(f"The size of {descriptor.digest} is {descriptor.size}")
    return tuple(dict.fromkeys(descriptor.digest for descriptor in descriptors))
