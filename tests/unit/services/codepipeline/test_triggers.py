"""What starts a pipeline: changes of its sources, rules, callers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.services.codepipeline.stand import (
    SCOPE,
    Stand,
    action,
    approval,
    asking,
    code,
    image,
    stage,
)

from demitasse.errors import ServiceError
from demitasse.services.codecommit.records import REPOSITORIES
from demitasse.services.codepipeline.records import SourceRevision, start_execution
from demitasse.services.s3 import records as s3
from demitasse.store import Ref


def waiting(*sources: dict[str, object]) -> Stand:
    """A pipeline whose first execution is at its end."""
    at = Stand()
    at.create(stage("Source", *(sources or (code(),))), stage("Ask", approval()))
    at.answer("Ask")
    assert at.statuses() == ["Succeeded"]
    return at


def test_a_push_starts_it_with_that_commit() -> None:
    at = waiting()
    commit = at.push("second", {"a": b"b"})
    at.work()
    started = at.executions()[0]
    assert started["status"] == "InProgress"
    assert started["trigger"] == {"triggerType": "PollForSourceChanges", "triggerDetail": "Code"}
    assert started["sourceRevisions"][0]["revisionId"] == commit
    assert started["sourceRevisions"][0]["revisionSummary"] == "second"


def test_nothing_starts_without_a_change() -> None:
    at = waiting()
    at.work(3600)
    at.push("elsewhere", {"a": b"b"}, branch="other")
    at.work()
    assert len(at.executions()) == 1


def test_a_push_between_creation_and_the_first_look_is_not_lost() -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    commit = at.push("second", {"a": b"b"})
    at.work()
    assert [each["trigger"]["triggerType"] for each in at.executions()] == [
        "PollForSourceChanges",
        "CreatePipeline",
    ]
    assert at.executions()[0]["sourceRevisions"][0]["revisionId"] == commit


@pytest.mark.parametrize("said", ["false", "False"])
def test_a_source_that_is_not_polled_starts_nothing(said: str) -> None:
    at = waiting(code(PollForSourceChanges=said))
    at.push("second", {"a": b"b"})
    at.work()
    assert len(at.executions()) == 1


def test_an_image_starts_it() -> None:
    at = waiting(code(), image())
    digest = at.push_image("2" * 64)
    at.work()
    started = at.executions()[0]
    assert started["trigger"]["triggerType"] == "CloudWatchEvent"
    assert started["sourceRevisions"][1]["revisionId"] == digest
    at.push_image("3" * 64, tag="other")
    at.work()
    assert len(at.executions()) == 2


def test_an_image_that_a_rule_tells_of_starts_it_once() -> None:
    at = waiting(code(), image())
    at.rule({"source": ["aws.ecr"]})
    at.push_image("2" * 64)
    at.work()
    assert len(at.executions()) == 1


def test_a_rule_starts_it() -> None:
    at = waiting(code(PollForSourceChanges="false"))
    rule = SCOPE.arn("events", "rule/r")
    with at.store.transaction() as tx:
        started = start_execution(
            tx,
            SCOPE,
            at.ids,
            at.clock.now(),
            "release",
            trigger_type="CloudWatchEvent",
            trigger_detail=rule,
        )
    at.work()
    assert at.execution(started)["trigger"] == {
        "triggerType": "CloudWatchEvent",
        "triggerDetail": rule,
    }


def test_a_branch_that_is_deleted_starts_nothing_and_its_return_does() -> None:
    at = waiting()
    with at.store.transaction() as tx:
        item = tx.get(REPOSITORIES, SCOPE, "deployment")
        assert item is not None
        tx.observe(REPOSITORIES, item.ref, REPOSITORIES.observed())
    at.work()
    assert len(at.executions()) == 1
    at.push("back", {"a": b"b"})
    at.work()
    assert len(at.executions()) == 2


def test_a_repository_that_is_deleted_is_said_by_the_next_execution() -> None:
    at = waiting()
    with at.store.transaction() as tx:
        tx.delete(REPOSITORIES, Ref(SCOPE, "deployment"))
    at.start()
    assert at.latest("Source", "Code")["errorDetails"]["message"] == (
        "The action failed because the CodeCommit repository deployment does not exist."
    )


def test_an_update_follows_its_new_source_from_now_on() -> None:
    at = waiting()
    at.push("other", {"a": b"b"}, branch="other")
    wanted = asking("Ask")
    wanted["stages"][0]["actions"][0]["configuration"]["BranchName"] = "other"
    at.do("UpdatePipeline", pipeline=wanted)
    assert len(at.executions()) == 1
    at.push("dev", {"a": b"c"})
    at.work()
    assert len(at.executions()) == 1
    commit = at.push("other", {"a": b"d"}, branch="other")
    at.work()
    assert at.executions()[0]["sourceRevisions"][0]["revisionId"] == commit


def test_a_caller_chooses_the_revision() -> None:
    at = waiting()
    before = at.executions()[0]["sourceRevisions"][0]["revisionId"]
    at.push("second", {"a": b"b"})
    at.work()
    at.answer("Ask")
    at.start(
        sourceRevisions=[
            {"actionName": "Code", "revisionType": "COMMIT_ID", "revisionValue": before}
        ]
    )
    assert at.executions()[0]["sourceRevisions"][0]["revisionId"] == before


def test_a_revision_that_is_not_there_fails_the_source() -> None:
    at = waiting()
    at.start(
        sourceRevisions=[
            {"actionName": "Code", "revisionType": "COMMIT_ID", "revisionValue": "0" * 40}
        ]
    )
    assert at.latest("Source", "Code")["errorDetails"] == {
        "code": "RevisionUnavailable",
        "message": f"The repository deployment has no commit {'0' * 40}.",
    }


def test_the_same_token_starts_it_once() -> None:
    at = waiting()
    assert at.start(clientRequestToken="once") == at.start(clientRequestToken="once")
    assert len(at.executions()) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"variables": [{"name": "a", "value": "b"}]}, "not declared"),
        (
            {
                "sourceRevisions": [
                    {"actionName": "No", "revisionType": "COMMIT_ID", "revisionValue": "a"}
                ]
            },
            "does not have a source action with name 'No'",
        ),
        (
            {
                "sourceRevisions": [
                    {"actionName": "Code", "revisionType": "IMAGE_DIGEST", "revisionValue": "a"}
                ]
            },
            "takes revisions of type COMMIT_ID",
        ),
    ],
)
def test_what_cannot_be_started_is_refused(given: dict[str, object], said: str) -> None:
    at = waiting()
    refusal, message = at.refused("StartPipelineExecution", name="release", **given)
    assert refusal == "ValidationException"
    assert said in message


def test_a_rule_that_names_a_source_that_is_not_there_starts_nothing() -> None:
    at = waiting()
    with at.store.transaction() as tx, pytest.raises(ServiceError, match="source action"):
        start_execution(
            tx,
            SCOPE,
            at.ids,
            at.clock.now(),
            "release",
            trigger_type="CloudWatchEvent",
            source_revisions=[SourceRevision("No", "COMMIT_ID", "a")],
        )


def test_too_many_executions_are_refused_and_a_change_waits_for_its_turn() -> None:
    at = Stand()
    at.create(*asking("Ask")["stages"], pipelineType="V2", executionMode="PARALLEL")
    for _ in range(49):
        at.call("codepipeline", "StartPipelineExecution", name="release")
    at.work()
    refusal, _ = at.refused("StartPipelineExecution", name="release")
    assert refusal == "ConcurrentPipelineExecutionsLimitExceededException"
    commit = at.push("second", {"a": b"b"})
    at.work()
    assert len(at.executions()) == 50
    first = at.executions()[-1]["pipelineExecutionId"]
    at.do("StopPipelineExecution", pipelineName="release", pipelineExecutionId=first, abandon=True)
    assert at.executions()[0]["sourceRevisions"][0]["revisionId"] == commit


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
