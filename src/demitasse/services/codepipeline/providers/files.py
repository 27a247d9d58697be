"""Deploy by S3: an artifact, or the files in it, put into a bucket.

Follows "Amazon S3 deploy action reference".
"""

from __future__ import annotations

import mimetypes

from demitasse.engines.objects.protocol import NoSuchObject
from demitasse.services.codepipeline.providers import archives
from demitasse.services.codepipeline.providers.base import (
    CONFIGURATION,
    ActionFailed,
    Done,
    Outcome,
    Work,
)
from demitasse.services.codepipeline.records import ActionItem


async def deploy(work: Work, item: ActionItem) -> Outcome:
    """Put everything; what is put again after a crash is put at the same place."""
    given = item.desired.configuration
    bucket, where = given["BucketName"], given.get("ObjectKey", "")
    (artifact,) = item.desired.inputs
    data = await work.fetch(item.scope, artifact)

    async def put(key: str, content: bytes, kind: str) -> None:
        await work.objects.put(
            item.scope,
            bucket,
            key,
            content,
            content_type=kind,
            cache_control=given.get("CacheControl", ""),
        )

    try:
        if given["Extract"].lower() != "true":
            await put(where, data, "application/zip")
            return Done(summary="Deployment Succeeded")
        prefix = f"{where.rstrip('/')}/" if where else ""
        for path, content in archives.files_of(data):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            await put(f"{prefix}{path}", content, kind)
    except archives.Unreadable as error:
        raise ActionFailed(
            CONFIGURATION, f"The artifact {artifact.name} cannot be extracted. {error}."
        ) from None
    except NoSuchObject as error:
        raise ActionFailed(
            CONFIGURATION, f"The action failed because of the bucket {bucket}: {error}"
        ) from None
    return Done(summary="Deployment Succeeded")
