"""``/v2/<name>/manifests/<reference>``: images, by tag or digest."""

from __future__ import annotations

import re
from datetime import timedelta

from demitasse.services.ecr import images
from demitasse.services.ecr.distribution import errors
from demitasse.services.ecr.distribution.errors import RegistryError
from demitasse.services.ecr.distribution.http import Answer
from demitasse.services.ecr.distribution.visit import Visit, checked_digest
from demitasse.services.ecr.images import ImageItem
from demitasse.services.ecr.manifests import InvalidManifest, digest_of, read_manifest
from demitasse.services.ecr.records import IMAGES, ImageObserved

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LIMIT = 4 * 1024 * 1024
_PULL_NOTED = timedelta(hours=24)


async def get(visit: Visit, name: str, reference: str) -> Answer:
    """The manifest as it was pushed."""
    _checked(reference)
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        image = images.find(tx, visit.scope, name, reference)
        if image is None:
            raise errors.manifest_unknown()
        _check_accepted(visit, image)
        if visit.request.method == "GET":
            # AWS, too, notes pulls only once a day.
            now, noted = visit.clock.now(), image.observed.pulled_at
            if noted is None or now - noted >= _PULL_NOTED:
                tx.observe(IMAGES, image.ref, ImageObserved(now))
    kept = image.desired
    return Answer(
        200,
        {
            "Content-Type": kept.media_type,
            "Docker-Content-Digest": kept.digest,
            "ETag": f'"{kept.digest}"',
        },
        kept.manifest,
    )


async def put(visit: Visit, name: str, reference: str) -> Answer:
    """Push an image: its blobs must be here already."""
    by_digest = _checked(reference)
    with visit.store.transaction() as tx:
        where = images.repository(tx, visit.scope, name)
        if not by_digest:
            # First, because docker 20.10 answers any refusal by trying again with an old schema.
            images.check_tag(tx, where, reference)
    data = await visit.request.body(_LIMIT)
    try:
        manifest = read_manifest(data, visit.request.headers.get("content-type", ""))
    except InvalidManifest as error:
        raise errors.manifest_invalid(str(error)) from error
    if by_digest and reference != manifest.digest:
        raise errors.digest_invalid(
            f"provided digest did not match uploaded content: it is {digest_of(data)}"
        )
    with visit.store.transaction() as tx:
        where = images.repository(tx, visit.scope, name)
        tag = None if by_digest else reference
        images.push(tx, where, manifest, data, tag=tag, ids=visit.ids, now=visit.clock.now())
    headers = {
        "Location": f"/v2/{name}/manifests/{manifest.digest}",
        "Docker-Content-Digest": manifest.digest,
    }
    if manifest.subject:
        headers["OCI-Subject"] = manifest.subject
    return Answer(201, headers)


async def delete(visit: Visit, name: str, reference: str) -> Answer:
    """Delete an image by its digest, or take its tag away (its last one: delete it, too)."""
    by_digest = _checked(reference)
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        image = images.find(tx, visit.scope, name, reference)
        if image is None:
            raise errors.manifest_unknown()
        if by_digest:
            images.delete(tx, image, visit.ids, visit.clock.now())
        else:
            images.untag(tx, image, reference, visit.ids, visit.clock.now())
    return Answer(202)


def _checked(reference: str) -> bool:
    """Whether a reference is a digest; ``RegistryError`` if it is neither that nor a tag."""
    if ":" in reference:
        checked_digest(reference)
        return True
    if not _TAG.fullmatch(reference):
        raise RegistryError(
            "TAG_INVALID", f"manifest tag '{reference[:200]}' is not a tag", status=400
        )
    return False


def _check_accepted(visit: Visit, image: ImageItem) -> None:
    """Refuse a client that says it could not read the manifest."""
    accept = visit.request.headers.get("accept", "")
    accepted = {kind.partition(";")[0].strip() for kind in accept.split(",")}
    if accept.strip() and not accepted & {image.desired.media_type, "*/*", "application/*"}:
        raise RegistryError(
            "MANIFEST_UNKNOWN",
            f"the image is a {image.desired.media_type}, which the Accept header leaves out",
            status=404,
        )
