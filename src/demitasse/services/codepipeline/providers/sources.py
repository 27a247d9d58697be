"""Source actions: a revision of CodeCommit, ECR or S3 becomes an artifact.

Follows the pages "CodeCommit", "Amazon ECR" and "Amazon S3 source action" of CodePipeline's action
reference. What is put twice after a crash stands at the same place.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from demitasse.api import Scope
from demitasse.engines.git.protocol import NoSuchObject as NoSuchCommit
from demitasse.engines.git.protocol import Person
from demitasse.engines.objects.protocol import NoSuchObject
from demitasse.errors import EngineUnavailable, NotFoundInEngine
from demitasse.services.codecommit.records import find_repository
from demitasse.services.codepipeline import sources, urls
from demitasse.services.codepipeline.providers import archives
from demitasse.services.codepipeline.providers.base import (
    CONFIGURATION,
    REVISION,
    ActionFailed,
    Done,
    Outcome,
    Work,
)
from demitasse.services.codepipeline.records import ActionItem, Revision
from demitasse.services.ecr.records import IMAGES, REPOSITORIES, Image, in_repository
from demitasse.services.s3.records import NULL_VERSION, find_bucket, find_version

_LONGEST = 2048
_SUMMARY = "codepipeline-artifact-revision-summary"
"""The key under which an object's metadata says what AWS shows of a revision."""


async def codecommit(work: Work, item: ActionItem) -> Outcome:
    """The files of a commit, as a zip without git's own."""
    given = item.desired.configuration
    name, branch = given["RepositoryName"], given["BranchName"]
    with work.store.transaction() as tx:
        repository = find_repository(tx, item.scope, name)
    if repository is None:
        raise ActionFailed(
            CONFIGURATION,
            f"The action failed because the CodeCommit repository {name} does not exist.",
        )
    commit_id = item.desired.pin or repository.observed.branches.get(branch, "")
    if not commit_id:
        raise ActionFailed(
            CONFIGURATION,
            f"The action failed because no branch named {branch} was found in the selected AWS"
            f" CodeCommit repository {name}. Make sure you are using the correct branch name, and"
            " then try again.",
        )
    identity = repository.desired.repository_id
    try:
        commit = await work.git.commit(identity, commit_id)
        data = await work.git.archive(identity, commit_id)
    except NoSuchCommit:
        raise ActionFailed(REVISION, f"The repository {name} has no commit {commit_id}.") from None
    except EngineUnavailable:
        raise
    except NotFoundInEngine as error:  # deleted since it was looked up
        raise ActionFailed(REVISION, f"The repository {name} cannot be read: {error}") from None
    await work.put(item, data)
    message = commit.message.rstrip("\n")
    return Done(
        summary=message[:_LONGEST],
        external_id=commit_id,
        external_url=urls.commit(item.scope, name, commit_id),
        revision=_revision(
            item,
            commit_id,
            message,
            urls.commit(item.scope, name, commit_id),
            datetime.fromtimestamp(commit.committer.seconds, UTC),
        ),
        variables={
            "AuthorDate": _date(commit.author),
            "BranchName": branch,
            "CommitId": commit_id,
            "CommitMessage": message,
            "CommitterDate": _date(commit.committer),
            "RepositoryName": name,
        },
    )


async def ecr(work: Work, item: ActionItem) -> Outcome:
    """What a tag names, as imageDetail.json."""
    given = item.desired.configuration
    name, tag = given["RepositoryName"], given.get("ImageTag", sources.LATEST)
    with work.store.transaction() as tx:
        known = tx.get(REPOSITORIES, item.scope, name) is not None
        digest = item.desired.pin or sources.current(tx, item.scope, "ECR", given)
        image = tx.get(IMAGES, item.scope, in_repository(name, digest)) if digest else None
    if not known:
        raise ActionFailed(
            CONFIGURATION, f"The action failed because the ECR repository {name} does not exist."
        )
    if image is None:
        which = f"with the digest {digest}" if digest else f"with the tag {tag}"
        raise ActionFailed(
            REVISION if digest else CONFIGURATION,
            f"The action failed because no image {which} was found in the ECR repository {name}.",
        )
    uri = f"{work.site.registry}/{name}@{digest}"
    detail = image_detail(item.scope, image.desired, uri)
    await work.put(item, archives.pack({"imageDetail.json": msgspec.json.encode(detail)}))
    return Done(
        external_id=digest,
        external_url=urls.image(item.scope, name),
        revision=_revision(
            item, digest, tag, urls.image(item.scope, name), image.desired.pushed_at
        ),
        variables={
            "ImageDigest": digest,
            "ImageTag": tag,
            "ImageURI": uri,
            "RegistryId": item.scope.account,
            "RepositoryName": name,
        },
    )


def image_detail(scope: Scope, image: Image, uri: str) -> dict[str, object]:
    """The content of imageDetail.json, member by member as CodePipeline writes it."""
    return {
        "ImageSizeInBytes": str(image.size),
        "ImageDigest": image.digest,
        "Version": "1.0",
        "ImagePushedAt": f"{image.pushed_at.astimezone(UTC):%a %b %d %H:%M:%S} UTC"
        f" {image.pushed_at.year}",
        "RegistryId": scope.account,
        "RepositoryName": image.repository,
        "ImageURI": uri,
        "ImageTags": list(image.tags),
    }


async def s3(work: Work, item: ActionItem) -> Outcome:
    """A version of an object, as it is: an archive."""
    given = item.desired.configuration
    bucket, key = given["S3Bucket"], given["S3ObjectKey"]
    with work.store.transaction() as tx:
        found = find_bucket(tx, bucket)
        version_id = item.desired.pin or sources.current(tx, item.scope, "S3", given)
        version = find_version(tx, bucket, key, version_id) if found and version_id else None
    if found is None or found.scope != item.scope:
        raise ActionFailed(
            CONFIGURATION, f"The action failed because the S3 bucket {bucket} was not found here."
        )
    if found.versioning != "Enabled" or version_id == NULL_VERSION:
        raise ActionFailed(
            CONFIGURATION,
            f"The S3 bucket {bucket} must have versioning enabled to be the source of a pipeline.",
        )
    if version is None:
        raise ActionFailed(
            REVISION, f"The action failed because there is no object {key} in the bucket {bucket}."
        )
    try:
        data = await work.objects.get(item.scope, bucket, key, version_id)
    except NoSuchObject as error:
        raise ActionFailed(REVISION, f"The action failed because of its source: {error}") from None
    await work.put(item, data)
    summary = version.desired.metadata.get(_SUMMARY, f"Amazon S3 version id: {version_id}")
    return Done(
        summary=summary[:_LONGEST],
        external_id=version_id,
        revision=_revision(item, version_id, summary, "", version.desired.modified_at),
        variables={
            "BucketName": bucket,
            "ETag": version.desired.etag,
            "ObjectKey": key,
            "VersionId": version_id,
        },
    )


def _revision(
    item: ActionItem, revision: str, summary: str, url: str, created: datetime
) -> Revision:
    (artifact,) = item.desired.outputs
    return Revision(
        id=revision,
        action=item.desired.name,
        artifact=artifact.name,
        summary=summary[:_LONGEST],
        url=url,
        created=created,
    )


def _date(person: Person) -> str:
    return f"{datetime.fromtimestamp(person.seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
