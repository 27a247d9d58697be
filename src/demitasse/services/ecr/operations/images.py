"""Images: listing, describing, fetching, pushing by the API, deleting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ecr import images
from demitasse.services.ecr.images import ImageItem, RepositoryItem
from demitasse.services.ecr.manifests import InvalidManifest, is_digest, read_manifest
from demitasse.services.ecr.operations.base import api, invalid, named, place, within
from demitasse.services.ecr.records import IMAGES, LAYERS, download_ticket, in_repository

_PAGE = 100
_REFERRERS_PAGE = 50
_ANY_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_STORED = {"ACTIVE", "ANY"}
NOT_SCANNED = {
    "status": "FAILED",
    "description": "Image scanning is not supported by Demitasse.",
}
"""What came of a scan that a repository asks for at each push."""


@api.operation("ListImages")
def list_images(context: Context, given: Input) -> Output:
    """One entry for each tag of an image, or one without a tag, in pages."""
    where = named(context, given)
    last = paging.start(given.get("nextToken"), code="InvalidParameterException")
    limit = given.get("maxResults", _PAGE)
    digest, _, given_tags = last.partition(" ")
    skip = int(given_tags) if given_tags.isdecimal() else 0
    rows = []
    for image in _page(context, where, given, digest, limit + 1, inclusive=True):
        for number, tag in enumerate(image.desired.tags or (None,)):
            if image.desired.digest != digest or number >= skip:
                shown = {"imageDigest": image.desired.digest, "imageTag": tag}
                rows.append((f"{image.desired.digest} {number + 1}", shown))
    page, more = paging.cut(rows, limit)
    return {
        "imageIds": [shown for _, shown in page],
        "nextToken": paging.token(page[-1][0]) if more else None,
    }


@api.operation("DescribeImages")
def describe_images(context: Context, given: Input) -> Output:
    """The images named, or all in pages."""
    where = named(context, given)
    if given.get("imageIds"):
        if "maxResults" in given or "nextToken" in given:
            raise invalid("maxResults", "must not be specified together with imageIds")
        found = {}
        for image_id in given["imageIds"]:
            image = by_id(context, where, image_id)
            if image is None:
                raise not_found(where, image_id)
            found[image.key] = image
        return {"imageDetails": [_detail(where, image) for image in found.values()]}
    after = paging.start(given.get("nextToken"), code="InvalidParameterException")
    limit = given.get("maxResults", _PAGE)
    page, more = paging.cut(list(_page(context, where, given, after, limit + 1)), limit)
    return {
        "imageDetails": [_detail(where, image) for image in page],
        "nextToken": paging.token(page[-1].desired.digest) if more else None,
    }


@api.operation("BatchGetImage")
def batch_get_image(context: Context, given: Input) -> Output:
    """Manifests as they were pushed; what is not there is told beside those that are."""
    where = named(context, given)
    accepted = given.get("acceptedMediaTypes")
    found, failures = [], []
    for image_id in given["imageIds"]:
        image, failure = _looked_up(context, where, image_id)
        if image is None:
            failures.append(failure)
        elif accepted and image.desired.media_type not in accepted:
            failures.append(
                _failure(
                    image_id,
                    "ImageNotFound",
                    f"Requested image is a {image.desired.media_type}, which is not accepted",
                )
            )
        else:
            found.append(_image(where, image, image_id.get("imageTag")))
    return {"images": found, "failures": failures}


@api.operation("PutImage")
def put_image(context: Context, given: Input) -> Output:
    """Push a manifest whose layers are here already, or give an image a further tag."""
    where = named(context, given)
    tag = given.get("imageTag")
    if tag is not None and not _TAG.fullmatch(tag):
        raise invalid("imageTag", f"must satisfy regular expression '{_TAG.pattern}'")
    data = given["imageManifest"].encode()
    try:
        manifest = read_manifest(data, given.get("imageManifestMediaType", ""))
    except InvalidManifest as error:
        raise invalid("ImageManifest", str(error)) from error
    if given.get("imageDigest", manifest.digest) != manifest.digest:
        raise ServiceError(
            "ImageDigestDoesNotMatchException",
            f"Provided digest '{given['imageDigest']}' does not match the digest"
            f" '{manifest.digest}' of the image manifest",
        )
    before = images.find(context.tx, where.scope, where.key, manifest.digest)
    if before is not None and (tag is None or tag in before.desired.tags):
        tagged = "" if tag is None else f" and tag '{tag}'"
        raise ServiceError(
            "ImageAlreadyExistsException",
            f"Image with digest '{manifest.digest}'{tagged} already exists in {within(where)}",
        )
    image = images.push(
        context.tx, where, manifest, data, tag=tag, ids=context.ids, now=context.now
    )
    return {"image": _image(where, image, tag)}


@api.operation("BatchDeleteImage")
def batch_delete_image(context: Context, given: Input) -> Output:
    """Delete images by digest, take away tags by tag; indexes go before what they need."""
    where = named(context, given)
    deleted: list[dict[str, str]] = []
    failures: list[dict[str, Any]] = []
    waiting: Sequence[dict[str, str]] = given["imageIds"]
    while waiting:
        failures, deleted_now = [], 0
        still: list[dict[str, str]] = []
        for image_id in waiting:
            image, failure = _looked_up(context, where, image_id)
            if image is not None:
                try:
                    deleted += _delete(context, image, image_id)
                    deleted_now += 1
                    continue
                except ServiceError as error:
                    failure = _failure(image_id, error.code, error.message)
            still.append(image_id)
            failures.append(failure)
        waiting = still if deleted_now else ()
    return {"imageIds": deleted, "failures": failures}


@api.operation("BatchCheckLayerAvailability")
def batch_check_layer_availability(context: Context, given: Input) -> Output:
    """Which layers a repository holds."""
    where = named(context, given)
    layers, failures = [], []
    for digest in given["layerDigests"]:
        if not _ANY_DIGEST.fullmatch(digest):
            failures.append(
                {
                    "layerDigest": digest,
                    "failureCode": "InvalidLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest should satisfy the"
                    f" regex '{_ANY_DIGEST.pattern}'",
                }
            )
            continue
        layer = context.tx.get(LAYERS, where.scope, in_repository(where.key, digest))
        layers.append(
            {
                "layerDigest": digest,
                "layerAvailability": "AVAILABLE" if layer else "UNAVAILABLE",
                "layerSize": layer.desired.size if layer else None,
            }
        )
    return {"layers": layers, "failures": failures}


@api.operation("GetDownloadUrlForLayer")
def get_download_url_for_layer(context: Context, given: Input) -> Output:
    """A URL that gives a layer's bytes without a login, for an hour."""
    where, digest = named(context, given), given["layerDigest"]
    if context.tx.get(LAYERS, where.scope, in_repository(where.key, digest)) is None:
        raise ServiceError(
            "LayersNotFoundException",
            f"The layer with digest '{digest}' does not exist in {within(where)}",
        )
    layer = where.key, digest
    ticket = download_ticket(context.tx, where.scope, layer, context.now, context.ids)
    query = urlencode({"ticket": ticket})
    url = f"http://{context.site.registry}/v2/{where.key}/blobs/{digest}?{query}"
    return {"downloadUrl": url, "layerDigest": digest}


@api.operation("ListImageReferrers")
def list_image_referrers(context: Context, given: Input) -> Output:
    """What was pushed about an image: signatures, attestations, in pages."""
    where = named(context, given)
    digest = given["subjectId"]["imageDigest"]
    if not is_digest(digest):
        raise invalid("imageDigest", "must be a SHA-256 digest")
    after = paging.start(given.get("nextToken"), code="InvalidParameterException")
    wanted = given.get("filter", {})
    kinds = wanted.get("artifactTypes")
    rows = context.tx.page(
        IMAGES, where.scope, where=("subject", in_repository(where.key, digest)), after=after
    )
    if wanted.get("artifactStatus", "ANY") not in _STORED:
        rows = []
    if kinds:
        rows = [row for row in rows if images.artifact_type(row.desired) in kinds]
    page, more = paging.cut(rows, given.get("maxResults", _REFERRERS_PAGE))
    return {
        "referrers": [
            {
                "digest": each.desired.digest,
                "mediaType": each.desired.media_type,
                "artifactType": images.artifact_type(each.desired) or None,
                "size": len(each.desired.manifest),
                "annotations": each.desired.annotations,
                "artifactStatus": "ACTIVE",
            }
            for each in page
        ],
        "nextToken": paging.token(page[-1].key) if more else None,
    }


# within


def _page(
    context: Context,
    where: RepositoryItem,
    given: Input,
    after: str,
    limit: int,
    *,
    inclusive: bool = False,
) -> Iterator[ImageItem]:
    """Images beyond a digest (or from it on) that pass the request's filter."""
    wanted = given.get("filter", {})
    if wanted.get("imageStatus", "ANY") not in _STORED:
        return  # nothing is ever archived here
    status = wanted.get("tagStatus", "ANY")
    index = None if status == "ANY" else ("status", f"{where.key} {status}")
    tx, prefix = context.tx, in_repository(where.key, "")
    if after and inclusive:
        first = images.find(tx, where.scope, where.key, after)
        if first and (status == "ANY" or (status == "TAGGED") == bool(first.desired.tags)):
            yield first
    start = in_repository(where.key, after) if after else ""
    yield from tx.page(IMAGES, where.scope, prefix=prefix, after=start, limit=limit, where=index)


def by_id(context: Context, where: RepositoryItem, image_id: dict[str, str]) -> ImageItem | None:
    """The image that a digest, a tag, or both (if they agree) name."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    reference = digest or tag
    if not reference or (digest and not is_digest(digest)):
        return None
    image = images.find(context.tx, where.scope, where.key, reference)
    return None if image and tag and tag not in image.desired.tags else image


def _looked_up(
    context: Context, where: RepositoryItem, image_id: dict[str, str]
) -> tuple[ImageItem | None, dict[str, Any]]:
    """The image, or why there is none as a batch operation tells it."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if not digest and not tag:
        return None, _failure(
            image_id,
            "MissingDigestAndTag",
            "Invalid request parameters: both tag and digest cannot be null",
        )
    if digest and not _ANY_DIGEST.fullmatch(digest):
        return None, _failure(
            image_id,
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex"
            f" '{_ANY_DIGEST.pattern}'",
        )
    image = by_id(context, where, image_id)
    if image is not None:
        return image, {}
    if digest and tag and images.find(context.tx, where.scope, where.key, tag):
        return None, _failure(
            image_id, "ImageTagDoesNotMatchDigest", f"Tag '{tag}' does not match digest '{digest}'"
        )
    return None, _failure(image_id, "ImageNotFound", "Requested image not found")


def _failure(image_id: dict[str, str], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def _delete(context: Context, image: ImageItem, image_id: dict[str, str]) -> list[dict[str, str]]:
    digest = image.desired.digest
    if tag := image_id.get("imageTag"):
        images.untag(context.tx, image, tag, context.ids, context.now)
        return [{"imageDigest": digest, "imageTag": tag}]
    images.delete(context.tx, image, context.ids, context.now)
    tagged = [{"imageDigest": digest, "imageTag": tag} for tag in image.desired.tags]
    return tagged or [{"imageDigest": digest}]


def not_found(where: RepositoryItem, image_id: dict[str, str]) -> ServiceError:
    """AWS's error for an image that is not there."""
    digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
    return ServiceError(
        "ImageNotFoundException",
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist"
        f" within {within(where)}",
    )


def _image(where: RepositoryItem, image: ImageItem, tag: str | None) -> dict[str, Any]:
    return {
        **place(where),
        "imageId": {"imageDigest": image.desired.digest, "imageTag": tag},
        "imageManifest": image.desired.manifest.decode(),
        "imageManifestMediaType": image.desired.media_type,
    }


def _detail(where: RepositoryItem, image: ImageItem) -> dict[str, Any]:
    kept = image.desired
    detail = {
        **place(where),
        "imageDigest": kept.digest,
        "imageTags": list(kept.tags) or None,
        "imageSizeInBytes": kept.size,
        "imagePushedAt": kept.pushed_at,
        "imageManifestMediaType": kept.media_type,
        "artifactMediaType": images.artifact_type(kept) or None,
        "lastRecordedPullTime": image.observed.pulled_at,
        "subjectManifestDigest": kept.subject or None,
        "imageStatus": "ACTIVE",
    }
    if where.desired.scan_on_push:
        detail["imageScanStatus"] = NOT_SCANNED
    return detail
