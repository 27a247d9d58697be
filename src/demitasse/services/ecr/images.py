"""The one place where images are pushed, tagged, untagged and deleted.

``docker push``, PutImage, BatchDeleteImage and lifecycle policies all come through here, so that
whatever must happen together with such a change happens in its transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.ecr.manifests import Manifest, is_digest
from demitasse.services.ecr.records import (
    IMAGE_TAGS,
    IMAGES,
    LAYERS,
    LIFECYCLE_PREVIEWS,
    REPOSITORIES,
    UPLOADS,
    Image,
    ImageObserved,
    ImageTag,
    Layer,
    Repository,
    RepositoryObserved,
    in_repository,
    tagged,
)
from demitasse.services.events.records import emit
from demitasse.store import Item, Ref, Transaction

RepositoryItem = Item[Repository, RepositoryObserved]
ImageItem = Item[Image, ImageObserved]


def repository(
    tx: Transaction, scope: Scope, name: str, registry: str | None = None
) -> RepositoryItem:
    """A repository; ``ServiceError`` RepositoryNotFoundException.

    ``registry`` is the registry id that a caller gave: other accounts' repositories are not seen.
    """
    registry = registry or scope.account
    item = tx.get(REPOSITORIES, scope, name) if registry == scope.account else None
    if item is None:
        raise ServiceError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id"
            f" '{registry}'",
        )
    return item


def find(tx: Transaction, scope: Scope, name: str, reference: str) -> ImageItem | None:
    """The image of a repository that a tag or a digest names, or ``None``."""
    if not is_digest(reference):
        tag = tx.get(IMAGE_TAGS, scope, tagged(name, reference))
        if tag is None:
            return None
        reference = tag.desired.digest
    return tx.get(IMAGES, scope, in_repository(name, reference))


def artifact_type(image: Image) -> str:
    """What kind of artifact an image is, as OCI defines it; "" for an index that does not say."""
    return image.artifact_type or image.config_media_type


def is_immutable(kept: Repository, tag: str) -> bool:
    """Whether a tag, once given, stays with its image."""
    excluded = any(_matches(pattern, tag) for pattern in kept.exclusions)
    if kept.tag_mutability in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        return not excluded
    return kept.tag_mutability == "MUTABLE_WITH_EXCLUSION" and excluded


def check_tag(tx: Transaction, where: RepositoryItem, tag: str) -> None:
    """Refuse to give a tag again that is immutable: ImageTagAlreadyExistsException."""
    if is_immutable(where.desired, tag) and tx.get(IMAGE_TAGS, where.scope, tagged(where.key, tag)):
        raise ServiceError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{where.key}' repository and cannot be"
            " overwritten because the tag is immutable.",
        )


def push(
    tx: Transaction,
    where: RepositoryItem,
    manifest: Manifest,
    data: bytes,
    *,
    tag: str | None,
    ids: Ids,
    now: datetime,
) -> ImageItem:
    """Keep a manifest, and give it a tag, which leaves the image that had it.

    A push is told as an event, unless it changes nothing.
    Raises ``ServiceError``: ImageTagAlreadyExistsException, LayersNotFoundException,
    ReferencedImagesNotFoundException.
    """
    scope, name = where.scope, where.key
    if tag is not None:
        check_tag(tx, where, tag)
    before = image = find(tx, scope, name, manifest.digest)
    if image is None:
        size = _size(tx, where, manifest)
        image = tx.create(
            IMAGES,
            scope,
            in_repository(name, manifest.digest),
            Image(
                name,
                manifest.digest,
                manifest.media_type,
                data,
                size,
                now,
                layers=manifest.layers,
                manifests=manifest.manifests,
                artifact_type=manifest.artifact_type,
                config_media_type=manifest.config_media_type,
                subject=manifest.subject,
                annotations=manifest.annotations,
            ),
        )
    if tag is not None:
        image = _give_tag(tx, image, tag)
    if before is None or before.desired != image.desired:
        _tell(tx, image, "PUSH", tag, ids=ids, now=now)
    return image


def untag(tx: Transaction, image: ImageItem, tag: str, ids: Ids, now: datetime) -> None:
    """Take a tag away; an image that loses its last tag so is deleted, as on AWS.

    ``ServiceError`` ImageReferencedByManifestList, as for ``delete``.
    """
    if image.desired.tags == (tag,):
        delete(tx, image, ids, now)
    else:
        tx.delete(IMAGE_TAGS, Ref(image.scope, tagged(image.desired.repository, tag)))
        _take_tag(tx, image, tag)
        _tell(tx, image, "DELETE", tag, ids=ids, now=now)


def delete(tx: Transaction, image: ImageItem, ids: Ids, now: datetime) -> None:
    """Delete an image with its tags, and what was pushed about it (signatures, attestations).

    ``ServiceError`` ImageReferencedByManifestList when an index needs it.
    """
    lists = lists_with(tx, image)
    if lists:
        raise ServiceError(
            "ImageReferencedByManifestList",
            f"Requested image referenced by manifest list: [{', '.join(lists)}]",
        )
    _delete(tx, image, ids, now)
    for referrer in tx.page(IMAGES, image.scope, where=("subject", image.key)):
        if not lists_with(tx, referrer):
            delete(tx, referrer, ids, now)


def lists_with(tx: Transaction, image: ImageItem) -> list[str]:
    """The digests of (up to ten) indexes that need an image."""
    found = tx.page(IMAGES, image.scope, where=("manifest", image.key), limit=10)
    return [item.desired.digest for item in found]


def delete_repository(tx: Transaction, where: RepositoryItem, ids: Ids, now: datetime) -> None:
    """Delete a repository with all that it holds. The bytes are swept up later."""
    scope, name = where.scope, where.key
    for image in tx.page(IMAGES, scope, prefix=in_repository(name, "")):
        _delete(tx, image, ids, now)
    for layer in tx.page(LAYERS, scope, prefix=in_repository(name, "")):
        tx.delete(LAYERS, layer.ref)
    for upload in tx.page(UPLOADS, scope, where=("repository", name)):
        tx.delete(UPLOADS, upload.ref)
    tx.delete(LIFECYCLE_PREVIEWS, where.ref)
    tx.delete(REPOSITORIES, where.ref)


def want_layer(
    tx: Transaction, where: RepositoryItem, digest: str, size: int, now: datetime
) -> None:
    """Note that a repository holds a layer, and that somebody wants it now."""
    key = in_repository(where.key, digest)
    if tx.get(LAYERS, where.scope, key) is None:
        tx.create(LAYERS, where.scope, key, Layer(digest, size, now))
    else:
        tx.desire(LAYERS, Ref(where.scope, key), Layer(digest, size, now))


# within


def _matches(pattern: str, tag: str) -> bool:
    """Whether a wildcard filter (``*``: any characters) matches the whole tag."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None


def _size(tx: Transaction, where: RepositoryItem, manifest: Manifest) -> int:
    """AWS's imageSizeInBytes; checks that all that the manifest names is here."""
    scope, name = where.scope, where.key
    layers = [tx.get(LAYERS, scope, in_repository(name, each)) for each in manifest.layers]
    images = [tx.get(IMAGES, scope, in_repository(name, each)) for each in manifest.manifests]
    _all_there("LayersNotFoundException", "layers", where, manifest.layers, layers)
    _all_there("ReferencedImagesNotFoundException", "images", where, manifest.manifests, images)
    if manifest.manifests:  # a list counts as its largest image
        return max(image.desired.size for image in images if image)
    return sum(layer.desired.size for layer in layers if layer)


def _all_there(
    code: str,
    what: str,
    where: RepositoryItem,
    digests: tuple[str, ...],
    found: Sequence[object | None],
) -> None:
    missing = [digest for digest, item in zip(digests, found, strict=True) if item is None]
    if missing:
        raise ServiceError(
            code,
            f"The {what} with digests '{', '.join(missing)}' required for pushing image into"
            f" repository with name '{where.key}' in the registry with id"
            f" '{where.scope.account}' do not exist",
        )


def _give_tag(tx: Transaction, image: ImageItem, tag: str) -> ImageItem:
    if tag in image.desired.tags:
        return image
    name, digest = image.desired.repository, image.desired.digest
    key = tagged(name, tag)
    before = tx.get(IMAGE_TAGS, image.scope, key)
    if before is None:
        tx.create(IMAGE_TAGS, image.scope, key, ImageTag(name, tag, digest))
    else:
        tx.desire(IMAGE_TAGS, before.ref, ImageTag(name, tag, digest))
        previous = tx.get(IMAGES, image.scope, in_repository(name, before.desired.digest))
        if previous is not None:
            _take_tag(tx, previous, tag)
    tags = (*image.desired.tags, tag)
    return tx.desire(IMAGES, image.ref, msgspec.structs.replace(image.desired, tags=tags))


def _take_tag(tx: Transaction, image: ImageItem, tag: str) -> None:
    tags = tuple(each for each in image.desired.tags if each != tag)
    tx.desire(IMAGES, image.ref, msgspec.structs.replace(image.desired, tags=tags))


def _delete(tx: Transaction, image: ImageItem, ids: Ids, now: datetime) -> None:
    for tag in image.desired.tags:
        tx.delete(IMAGE_TAGS, Ref(image.scope, tagged(image.desired.repository, tag)))
    tx.delete(IMAGES, image.ref)
    for told in image.desired.tags or (None,):
        _tell(tx, image, "DELETE", told, ids=ids, now=now)


def _tell(
    tx: Transaction, image: ImageItem, action: str, tag: str | None, *, ids: Ids, now: datetime
) -> None:
    """ECR's own event, as its user guide gives it ("Amazon ECR events and EventBridge")."""
    detail = {
        "result": "SUCCESS",
        "repository-name": image.desired.repository,
        "image-digest": image.desired.digest,
        "action-type": action,
        **({} if tag is None else {"image-tag": tag}),
    }
    emit(
        tx,
        image.scope,
        ids,
        now,
        source="aws.ecr",
        detail_type="ECR Image Action",
        detail=detail,
    )
