"""What starts a pipeline: changes of its sources, rules, callers."""

from __future__ import annotations

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import SCOPE, approval, asking, code, image, stage

from demitasse.errors import ServiceError
from demitasse.services.codecommit.records import REPOSITORIES
from demitasse.services.codepipeline.records import SourceRevision, start_execution
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


def test_two_sources_of_one_repository_start_it_once() -> None:
    other = code() | {"name": "Again", "namespace": "Again"}
    other["outputArtifacts"] = [{"name": "AgainArtifact"}]
    at = waiting(code(), other)
    commit = at.push("second", {"a": b"b"})
    at.work()
    assert len(at.executions()) == 2
    taken = at.executions()[0]["sourceRevisions"]
    assert [(each["actionName"], each["revisionId"]) for each in taken] == [
        ("Code", commit),
        ("Again", commit),
    ]


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
        ({"variables": [{"name": "a", "value": "b"}] * 2}, "variable name is already in use: a"),
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


def test_an_execution_that_lacks_the_value_of_a_variable_fails() -> None:
    at = Stand()
    at.rule({"source": ["aws.codepipeline"]})
    first = at.create(*asking("Ask")["stages"], variables=[{"name": "who"}])
    assert at.statuses() == ["Failed"]
    shown = at.execution(first)
    assert shown["statusSummary"] == "Values for required variables haven't been provided: who"
    assert shown.get("variables", []) == []
    assert [each["detail"]["state"] for each in at.told()] == ["STARTED", "FAILED"]
    second = at.start(variables=[{"name": "who", "value": "me"}])
    assert at.execution(second)["variables"] == [{"name": "who", "resolvedValue": "me"}]
    at.push("second", {"a": b"b"})
    at.work()
    assert at.statuses() == ["Failed", "InProgress", "Failed"]


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
