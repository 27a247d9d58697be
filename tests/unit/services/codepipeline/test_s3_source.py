"""Objects of S3 as sources of a pipeline."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import SCOPE, action, approval, stage

from demitasse.services.s3 import records as s3


def bucket(at: Stand, versioning: str) -> None:
    kept = s3.Bucket(
        account=SCOPE.account,
        region=SCOPE.region,
        name="sources",
        created_at=at.clock.now(),
        versioning=versioning,
    )
    at.objects.add_bucket(SCOPE, "sources")
    with at.store.transaction() as tx:
        tx.create(s3.BUCKETS, s3.GLOBAL, "sources", kept)


def put(at: Stand, version: str, key: str = "app.zip", **more: Any) -> None:
    with at.store.transaction() as tx:
        kept = s3.Version(
            "sources", SCOPE.account, key, version, at.clock.now(), etag=f"e{version}", **more
        )
        row, _ = s3.new_version(tx, "sources", key, at.ids)
        tx.create(s3.VERSIONS, s3.GLOBAL, row, kept)
    asyncio.run(at.objects.put(SCOPE, "sources", key, f"zip {version}".encode()))


def from_s3(**more: str) -> dict[str, object]:
    return action(
        "Object",
        "Source",
        "S3",
        outputs=("SourceArtifact",),
        S3Bucket="sources",
        S3ObjectKey="app.zip",
        **more,
    )


def test_a_new_version_of_an_object_starts_it() -> None:
    at = Stand()
    bucket(at, "Enabled")
    put(at, "1")
    at.create(stage("Source", from_s3()), stage("Ask", approval()))
    at.answer("Ask")
    put(at, "2")
    at.work()
    assert at.executions()[0]["sourceRevisions"][0]["revisionId"] == "2"
    assert at.history()[-2]["output"]["outputVariables"] == {
        "BucketName": "sources",
        "ETag": "e2",
        "ObjectKey": "app.zip",
        "VersionId": "2",
    }


def test_the_summary_of_an_object_is_that_of_its_metadata() -> None:
    at = Stand()
    bucket(at, "Enabled")
    put(at, "1", metadata={"codepipeline-artifact-revision-summary": "Release 1"})
    at.create(stage("Source", from_s3()), stage("Ask", approval()))
    assert at.executions()[0]["sourceRevisions"][0]["revisionSummary"] == "Release 1"
    assert at.latest("Source", "Object")["summary"] == "Release 1"


def another_object(at: Stand, *more: dict[str, str]) -> list[dict[str, str]]:
    """A start with the object ``other.zip`` instead; its source revisions."""
    revisions = [
        {"actionName": "Object", "revisionType": "S3_OBJECT_KEY", "revisionValue": "other.zip"},
        *more,
    ]
    at.start(sourceRevisions=revisions)
    return list(at.executions()[0]["sourceRevisions"])


def test_a_caller_chooses_another_object() -> None:
    at = Stand()
    bucket(at, "Enabled")
    put(at, "1")
    for version in ("1", "2"):
        put(at, version, key="other.zip")
    at.create(
        stage("Source", from_s3(AllowOverrideForS3ObjectKey="true")), stage("Ask", approval())
    )
    at.answer("Ask")
    assert another_object(at)[0]["revisionId"] == "2"
    given = at.history()[-2]["input"]
    assert given["configuration"]["S3ObjectKey"] == "app.zip"
    assert given["resolvedConfiguration"]["S3ObjectKey"] == "other.zip"
    at.answer("Ask")
    version = {"actionName": "Object", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "1"}
    assert another_object(at, version)[0]["revisionId"] == "1"


def test_another_object_has_to_be_allowed() -> None:
    at = Stand()
    bucket(at, "Enabled")
    put(at, "1")
    at.create(stage("Source", from_s3()), stage("Ask", approval()))
    given = {"actionName": "Object", "revisionType": "S3_OBJECT_KEY", "revisionValue": "other.zip"}
    refusal, message = at.refused("StartPipelineExecution", name="release", sourceRevisions=[given])
    assert refusal == "ValidationException"
    assert "only with AllowOverrideForS3ObjectKey set to true" in message


def test_a_bucket_without_versions_is_no_source() -> None:
    at = Stand()
    bucket(at, "")
    put(at, "null")
    at.create(stage("Source", from_s3()), stage("Ask", approval()))
    assert (
        "must have versioning enabled" in (at.latest("Source", "Object")["errorDetails"]["message"])
    )
