"""What the registry holds: repositories, tags, and what refers to an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from demitasse.services.ecr import images
from demitasse.services.ecr.distribution.errors import RegistryError
from demitasse.services.ecr.distribution.http import Answer
from demitasse.services.ecr.distribution.visit import Visit, checked_digest
from demitasse.services.ecr.images import ImageItem
from demitasse.services.ecr.manifests import OCI_INDEX
from demitasse.services.ecr.records import (
    IMAGE_TAGS,
    IMAGES,
    REPOSITORIES,
    in_repository,
    tagged,
)

_PAGE = 1000
_NUMBER = re.compile(r"[0-9]{1,18}")


async def catalog(visit: Visit) -> Answer:
    """``/v2/_catalog``: the repositories of the account and region."""
    limit, last = _page(visit)
    with visit.store.transaction() as tx:
        found = tx.page(REPOSITORIES, visit.scope, after=last, limit=limit + 1)
    names = [item.key for item in found]
    return _paged("/v2/_catalog", {"repositories": names[:limit]}, names, limit)


async def tags(visit: Visit, name: str) -> Answer:
    """``/v2/<name>/tags/list``, in the order of the tags."""
    limit, last = _page(visit)
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        found = tx.page(
            IMAGE_TAGS,
            visit.scope,
            prefix=tagged(name, ""),
            after=tagged(name, last) if last else "",
            limit=limit + 1,
        )
    names = [item.desired.tag for item in found]
    return _paged(f"/v2/{name}/tags/list", {"name": name, "tags": names[:limit]}, names, limit)


async def referrers(visit: Visit, name: str, digest: str) -> Answer:
    """``/v2/<name>/referrers/<digest>``: the images that have this one as their subject."""
    checked_digest(digest)
    wanted = visit.request.query.get("artifactType")
    with visit.store.transaction() as tx:
        images.repository(tx, visit.scope, name)
        found = tx.page(IMAGES, visit.scope, where=("subject", in_repository(name, digest)))
    shown = [_descriptor(image) for image in found]
    headers = {"Content-Type": OCI_INDEX}
    if wanted:
        shown = [each for each in shown if each.get("artifactType") == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    return Answer.json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": shown}, headers)


def _descriptor(image: ImageItem) -> dict[str, object]:
    kept = image.desired
    descriptor: dict[str, object] = {
        "mediaType": kept.media_type,
        "digest": kept.digest,
        "size": len(kept.manifest),
    }
    if kind := images.artifact_type(kept):
        descriptor["artifactType"] = kind
    if kept.annotations:
        descriptor["annotations"] = kept.annotations
    return descriptor


def _page(visit: Visit) -> tuple[int, str]:
    """How many, and beyond which, as the parameters ``n`` and ``last`` have it."""
    given = visit.request.query.get("n")
    if given is not None and not _NUMBER.fullmatch(given):
        raise RegistryError(
            "PAGINATION_NUMBER_INVALID", "invalid number of results requested", status=400
        )
    return min(int(given or _PAGE), _PAGE), visit.request.query.get("last", "")


def _paged(path: str, content: object, names: Sequence[str], limit: int) -> Answer:
    if limit == 0 or len(names) <= limit:
        return Answer.json(content)
    following = urlencode({"n": limit, "last": names[limit - 1]})
    return Answer.json(content, {"Link": f'<{path}?{following}>; rel="next"'})
