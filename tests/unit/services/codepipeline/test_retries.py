"""Stages that run again: retried, or rolled back."""

from __future__ import annotations

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    approval,
    asking,
    code,
    stage,
)


def retry(at: Stand, execution: str, mode: str = "FAILED_ACTIONS", stage_name: str = "Ask") -> None:
    at.do(
        "RetryStageExecution",
        pipelineName="release",
        stageName=stage_name,
        pipelineExecutionId=execution,
        retryMode=mode,
    )


def failed_beside() -> tuple[Stand, str]:
    """A and B have run together: A succeeded, B did not."""
    at = Stand()
    execution = at.create(stage("Source", code()), stage("Ask", approval("A"), approval("B")))
    at.answer("Ask", action_name="A")
    at.answer("Ask", "Rejected", action_name="B")
    assert at.statuses() == ["Failed"]
    return at, execution


def test_failed_actions_are_retried_alone() -> None:
    at, execution = failed_beside()
    retry(at, execution)
    assert at.statuses() == ["InProgress"]
    assert [each["actionName"] for each in at.history()] == ["Code", "A", "B", "B"]
    assert at.stages()["Ask"]["retryStageMetadata"] == {
        "manualStageRetryAttempt": 1,
        "latestRetryTrigger": "ManualStageRetry",
    }
    at.answer("Ask", action_name="B")
    assert at.statuses() == ["Succeeded"]


def test_all_actions_are_retried() -> None:
    at, execution = failed_beside()
    retry(at, execution, "ALL_ACTIONS")
    assert [each["actionName"] for each in at.history()] == ["Code", "A", "B", "A", "B"]
    latest = at.history(
        filter={
            "latestInPipelineExecution": {
                "pipelineExecutionId": execution,
                "startTimeRange": "Latest",
            }
        }
    )
    assert [each["status"] for each in latest] == ["Succeeded", "InProgress", "InProgress"]


def test_what_was_stopped_is_retried() -> None:
    at = Stand()
    first = at.create(*asking("Ask", "Then")["stages"])
    given = {"pipelineName": "release", "pipelineExecutionId": first}
    at.do("StopPipelineExecution", **given, abandon=True)
    retry(at, first)
    assert at.statuses() == ["InProgress"]
    at.answer("Ask")
    at.answer("Then")
    assert at.statuses() == ["Succeeded"]


def test_retries_that_make_no_sense_are_refused() -> None:
    at, execution = failed_beside()
    given = {
        "pipelineName": "release",
        "stageName": "Ask",
        "pipelineExecutionId": execution,
        "retryMode": "ALL_ACTIONS",
    }

    def code_of(**changes: str) -> str:
        return at.refused("RetryStageExecution", **(given | changes))[0]

    assert code_of(stageName="Source") == "StageNotRetryableException"
    assert code_of(stageName="No") == "StageNotFoundException"
    at.call("codepipeline", "RetryStageExecution", **given)
    assert code_of() == "ConflictException"
    at.work()
    assert code_of() == "ConflictException"
    at.answer("Ask", "Rejected", action_name="A")
    at.answer("Ask", "Rejected", action_name="B")
    at.start()
    assert code_of() == "NotLatestPipelineExecutionException"
    at.do("UpdatePipeline", pipeline=asking("Ask"))
    assert code_of() == "StageNotRetryableException"


def v2(on_failure: str = "", *, target: bool = True) -> tuple[Stand, list[str]]:
    at = Stand()
    asked = stage(
        "Ask", approval(), **({"onFailure": {"result": on_failure}} if on_failure else {})
    )
    done = [at.create(stage("Source", code()), asked, stage("Then", approval()), pipelineType="V2")]
    if target:
        at.answer("Ask")
        at.answer("Then")
    return at, done


def test_a_stage_is_rolled_back_to_what_has_succeeded_there() -> None:
    at, (first,) = v2()
    at.push("second", {"a": b"b"})
    at.work()
    at.answer("Ask", "Rejected")
    answer = at.do(
        "RollbackStage", pipelineName="release", stageName="Ask", targetPipelineExecutionId=first
    )
    shown = at.execution(answer["pipelineExecutionId"])
    assert shown["executionType"] == "ROLLBACK"
    assert shown["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": first}
    assert shown["trigger"]["triggerType"] == "ManualRollback"
    assert shown["artifactRevisions"][0]["revisionSummary"] == "first"
    at.answer("Ask")
    assert at.execution(answer["pipelineExecutionId"])["status"] == "Succeeded"
    assert [each["stageName"] for each in at.history()].count("Then") == 1


@pytest.mark.parametrize(("on_failure", "target"), [("ROLLBACK", True), ("ROLLBACK", False)])
def test_a_failed_stage_rolls_itself_back(on_failure: str, *, target: bool) -> None:
    at, (first,) = v2(on_failure, target=target)
    if target:
        at.start()
    at.answer("Ask", "Rejected")
    if not target:
        assert at.statuses() == ["Failed"]
        return
    assert at.statuses() == ["Succeeded", "Failed", "InProgress"]
    rollback = at.executions()[0]
    assert rollback["trigger"]["triggerType"] == "AutomatedRollback"
    assert rollback["rollbackMetadata"]["rollbackTargetPipelineExecutionId"] == first
    at.answer("Ask", "Rejected")
    assert at.statuses() == ["Succeeded", "Failed", "Failed"]


def test_a_failed_stage_retries_itself_once() -> None:
    at, (execution,) = v2("RETRY", target=False)
    at.answer("Ask", "Rejected")
    assert at.statuses() == ["InProgress"]
    assert at.stages()["Ask"]["retryStageMetadata"] == {
        "autoStageRetryAttempt": 1,
        "latestRetryTrigger": "AutomatedStageRetry",
    }
    at.answer("Ask", "Rejected")
    assert at.statuses() == ["Failed"]
    retry(at, execution)
    assert at.stages()["Ask"]["retryStageMetadata"] == {
        "autoStageRetryAttempt": 1,
        "manualStageRetryAttempt": 1,
        "latestRetryTrigger": "ManualStageRetry",
    }


def test_rollbacks_that_make_no_sense_are_refused() -> None:
    at, (first,) = v2()
    second = at.start()
    given = {"pipelineName": "release", "stageName": "Ask", "targetPipelineExecutionId": second}

    def code_of(**changes: str) -> str:
        return at.refused("RollbackStage", **(given | changes))[0]

    assert code_of() == "UnableToRollbackStageException"
    assert code_of(stageName="Source", targetPipelineExecutionId=first) == (
        "UnableToRollbackStageException"
    )
    assert at.refused("RollbackStage", **(given | {"targetPipelineExecutionId": first})) == (
        "UnableToRollbackStageException",
        f"The stage 'Ask' is running: the pipeline execution {second} is in it",
    )
    at.do("UpdatePipeline", pipeline=asking("Ask", "Then", pipelineType="V2"))
    assert code_of(targetPipelineExecutionId=first) == "PipelineExecutionOutdatedException"


def test_executions_are_listed_by_the_stage_they_succeeded_in() -> None:
    at, (first,) = v2()
    at.start()
    listed = at.call(
        "codepipeline",
        "ListPipelineExecutions",
        pipelineName="release",
        filter={"succeededInStage": {"stageName": "Ask"}},
    )["pipelineExecutionSummaries"]
    assert [each["pipelineExecutionId"] for each in listed] == [first]
