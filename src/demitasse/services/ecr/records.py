"""What is kept of ECR: repositories, their images and layers, uploads, and login tokens.

Bytes of layers stand in the blob engine; which repository holds which layer stands here.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.store import Kind, Transaction
from demitasse.store.kinds import Nothing

Tags = dict[str, str]


class Repository(msgspec.Struct, frozen=True, omit_defaults=True):
    """A repository; ``key`` is its name.

    ``tag_mutability`` and ``exclusions`` (wildcards) are AWS's imageTagMutability and its
    exclusion filters. Policies are kept as the caller wrote them, "" for none.
    """

    created_at: datetime
    tag_mutability: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()
    scan_on_push: bool = False
    policy: str = ""
    lifecycle_policy: str = ""
    tags: Tags = msgspec.field(default_factory=dict)


class RepositoryObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """When the lifecycle policy was last carried out; ``None``: never."""

    lifecycle_evaluated_at: datetime | None = None


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """One manifest of a repository; ``key`` is ``in_repository(repository, digest)``.

    ``manifest`` holds the bytes as they were pushed: their SHA-256 is ``digest``. ``layers`` are
    the blobs it needs (its config among them), ``manifests`` the images that an index names,
    ``subject`` the image that it is about. ``size`` is AWS's imageSizeInBytes.
    """

    repository: str
    digest: str
    media_type: str
    manifest: bytes
    size: int
    pushed_at: datetime
    tags: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    artifact_type: str = ""
    config_media_type: str = ""
    subject: str = ""
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class ImageObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """When the image was last pulled, to the day as on AWS; ``None``: never."""

    pulled_at: datetime | None = None


class ImageTag(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which image a tag names; ``key`` is ``tagged(repository, tag)``."""

    repository: str
    tag: str
    digest: str


class Layer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A blob that a repository holds; ``key`` is ``in_repository(repository, digest)``.

    ``wanted_at`` is when a client last uploaded, mounted or asked for it: a layer that no image
    needs is kept for a while, because its manifest may still be on its way.
    """

    digest: str
    size: int
    wanted_at: datetime


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """An upload that has begun; ``key`` is its id. Its bytes so far are the blob engine's."""

    repository: str
    started_at: datetime


class AuthorizationToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A login to the registry; ``key`` is the SHA-256 of its password, which is not kept."""

    expires_at: datetime


class LayerDownload(msgspec.Struct, frozen=True, omit_defaults=True):
    """Leave to fetch one layer without a login; ``key`` is the SHA-256 of its ticket."""

    repository: str
    digest: str
    expires_at: datetime


class LifecyclePreview(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a lifecycle policy would do was asked for; ``key`` is the repository's name."""

    policy: str
    started_at: datetime


class Expiring(msgspec.Struct, frozen=True):
    """One image that a lifecycle policy would expire, and the priority of the rule that does."""

    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime
    priority: int


class LifecyclePreviewObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer, once ``completed_at`` is set."""

    completed_at: datetime | None = None
    expiring: tuple[Expiring, ...] = ()


def in_repository(repository: str, digest: str) -> str:
    """The key of an image or a layer: sorted by repository, and ``@`` is in no name."""
    return f"{repository}@{digest}"


def tagged(repository: str, tag: str) -> str:
    """The key of a tag: sorted by repository, then tag; ``:`` is in no name."""
    return f"{repository}:{tag}"


REPOSITORIES: Kind[Repository, RepositoryObserved] = Kind(
    "ecr.repository", Repository, RepositoryObserved
)
IMAGES: Kind[Image, ImageObserved] = Kind(
    "ecr.image",
    Image,
    ImageObserved,
    {
        "status": lambda item: (
            f"{item.desired.repository} {'TAGGED' if item.desired.tags else 'UNTAGGED'}"
        ),
        "layer": lambda item: [
            in_repository(item.desired.repository, digest) for digest in item.desired.layers
        ],
        "manifest": lambda item: [
            in_repository(item.desired.repository, digest) for digest in item.desired.manifests
        ],
        "subject": lambda item: (
            in_repository(item.desired.repository, item.desired.subject)
            if item.desired.subject
            else None
        ),
    },
)
IMAGE_TAGS: Kind[ImageTag, Nothing] = Kind("ecr.image-tag", ImageTag, Nothing)
LAYERS: Kind[Layer, Nothing] = Kind(
    "ecr.layer", Layer, Nothing, {"digest": lambda item: item.desired.digest}
)
UPLOADS: Kind[Upload, Nothing] = Kind(
    "ecr.upload", Upload, Nothing, {"repository": lambda item: item.desired.repository}
)
AUTHORIZATION_TOKENS: Kind[AuthorizationToken, Nothing] = Kind(
    "ecr.authorization-token", AuthorizationToken, Nothing
)
LAYER_DOWNLOADS: Kind[LayerDownload, Nothing] = Kind("ecr.layer-download", LayerDownload, Nothing)
LIFECYCLE_PREVIEWS: Kind[LifecyclePreview, LifecyclePreviewObserved] = Kind(
    "ecr.lifecycle-preview", LifecyclePreview, LifecyclePreviewObserved
)

TOKEN_USER = "AWS"  # noqa: S105 - the user name that ECR's logins have
TOKEN_LIFETIME = timedelta(hours=12)
DOWNLOAD_LIFETIME = timedelta(hours=1)
_SECRET_LENGTH = 64


def authorization_token(tx: Transaction, scope: Scope, now: datetime, ids: Ids) -> tuple[str, str]:
    """Make a login to the registry of ``scope``: user and password, good for twelve hours.

    Only a hash of the password is kept. What the login may see is what ``scope`` holds.
    """
    password = _secret_of(scope, ids)
    tx.create(
        AUTHORIZATION_TOKENS, scope, _hashed(password), AuthorizationToken(now + TOKEN_LIFETIME)
    )
    return TOKEN_USER, password


def find_token(tx: Transaction, user: str, password: str) -> tuple[Scope, datetime] | None:
    """Whose login this is and when it expires, also when that has passed; ``None``: nobody's."""
    if user != TOKEN_USER:
        return None
    scope = _scope_of(password)
    token = scope and tx.get(AUTHORIZATION_TOKENS, scope, _hashed(password))
    return (scope, token.desired.expires_at) if scope and token else None


def download_ticket(
    tx: Transaction, scope: Scope, layer: tuple[str, str], now: datetime, ids: Ids
) -> str:
    """Give leave to fetch one ``layer`` (repository and digest) for an hour, to who has the ticket."""
    ticket = _secret_of(scope, ids)
    tx.create(
        LAYER_DOWNLOADS, scope, _hashed(ticket), LayerDownload(*layer, now + DOWNLOAD_LIFETIME)
    )
    return ticket


def find_download(
    tx: Transaction, ticket: str, now: datetime
) -> tuple[Scope, LayerDownload] | None:
    """What a ticket gives leave to fetch; ``None``: nothing, or no longer."""
    scope = _scope_of(ticket)
    found = scope and tx.get(LAYER_DOWNLOADS, scope, _hashed(ticket))
    return (scope, found.desired) if scope and found and now < found.desired.expires_at else None


def forget_expired(tx: Transaction, before: datetime) -> None:
    """Delete the logins and tickets that expired before a moment."""
    for token in tx.everywhere(AUTHORIZATION_TOKENS):
        if token.desired.expires_at < before:
            tx.delete(AUTHORIZATION_TOKENS, token.ref)
    for ticket in tx.everywhere(LAYER_DOWNLOADS):
        if ticket.desired.expires_at < before:
            tx.delete(LAYER_DOWNLOADS, ticket.ref)


def _secret_of(scope: Scope, ids: Ids) -> str:
    """A new secret that tells where it belongs, so that finding it needs no search."""
    where = base64.urlsafe_b64encode(f"{scope.account}/{scope.region}".encode()).decode()
    return f"{where}.{ids.secret(_SECRET_LENGTH)}"


def _scope_of(secret: str) -> Scope | None:
    try:
        where = base64.urlsafe_b64decode(secret.partition(".")[0].encode()).decode()
    except ValueError:
        return None
    account, _, region = where.partition("/")
    return Scope(account, region)


def _hashed(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
