"""The events that pipelines send, member by member as the user guide shows them."""

from __future__ import annotations

import pytest
from tests.kit.asgi import CALLER
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    SCOPE,
    approval,
    asking,
    blue_green,
    code,
    image,
    stage,
)

ARN = SCOPE.arn("codepipeline", "release")


def test_each_change_of_state_is_told() -> None:
    at = Stand()
    at.rule({"source": ["aws.codepipeline"]})
    execution = at.create(stage("Source", code()), stage("Ask", approval()))
    at.answer("Ask")
    told = at.told()
    assert [
        (
            each["detail-type"]
            .removeprefix("CodePipeline ")
            .removesuffix(" Execution State Change"),
            each["detail"].get("action") or each["detail"].get("stage") or "",
            each["detail"]["state"],
        )
        for each in told
    ] == [
        ("Pipeline", "", "STARTED"),
        ("Stage", "Source", "STARTED"),
        ("Action", "Code", "STARTED"),
        ("Action", "Code", "SUCCEEDED"),
        ("Stage", "Source", "SUCCEEDED"),
        ("Stage", "Ask", "STARTED"),
        ("Action", "Ask", "STARTED"),
        ("Action", "Ask", "SUCCEEDED"),
        ("Stage", "Ask", "SUCCEEDED"),
        ("Pipeline", "", "SUCCEEDED"),
    ]
    assert [each["resources"] for each in told] == [[ARN]] * 10
    now = f"{at.clock.now():%Y-%m-%dT%H:%M:%S}.000Z"
    always = {
        "pipeline": "release",
        "execution-id": execution,
        "start-time": now,
        "version": 1.0,
        "pipeline-execution-attempt": 1.0,
    }
    trigger = {"trigger-type": "CreatePipeline", "trigger-detail": CALLER.arn}
    assert told[0]["detail"] == always | {"state": "STARTED", "execution-trigger": trigger}
    assert told[1]["detail"] == always | {"stage": "Source", "state": "STARTED"}
    taken = at.history()[0]
    action_of = always | {
        "stage": "Source",
        "action": "Code",
        "action-execution-id": taken["actionExecutionId"],
        "region": SCOPE.region,
        "type": {"owner": "AWS", "provider": "CodeCommit", "category": "Source", "version": "1"},
    }
    assert told[2]["detail"] == action_of | {"state": "STARTED"}
    result = taken["output"]["executionResult"]
    assert told[3]["detail"] == action_of | {
        "state": "SUCCEEDED",
        "output-artifacts": taken["output"]["outputArtifacts"],
        "execution-result": {
            "external-execution-id": result["externalExecutionId"],
            "external-execution-summary": "first",
            "external-execution-url": result["externalExecutionUrl"],
        },
    }
    assert told[9]["detail"] == always | {"state": "SUCCEEDED"}


@pytest.mark.parametrize("waits", [False, True])
def test_what_is_abandoned_is_stopping_first(*, waits: bool) -> None:
    at = Stand()
    at.create(*asking("Ask")["stages"])
    execution = at.start() if waits else at.executions()[0]["pipelineExecutionId"]
    at.rule({"source": ["aws.codepipeline"]})
    at.do(
        "StopPipelineExecution", pipelineName="release", pipelineExecutionId=execution, abandon=True
    )
    told = [(each["detail-type"].split()[1], each["detail"]["state"]) for each in at.told()]
    entered = [("Stage", "STOPPING"), ("Action", "ABANDONED"), ("Stage", "STOPPED")]
    before, *within = entered
    pipeline = [("Pipeline", "STOPPING"), ("Pipeline", "STOPPED")]
    assert told == (pipeline if waits else [before, pipeline[0], *within, pipeline[1]])


def test_a_failure_a_retry_and_a_stop_are_told() -> None:
    at = Stand()
    execution = at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    given = {"pipelineName": "release", "pipelineExecutionId": execution}
    at.rule({"source": ["aws.codepipeline"]})
    at.end_deployment("Failed")
    at.do("RetryStageExecution", **given, stageName="Deploy", retryMode="FAILED_ACTIONS")
    at.do("StopPipelineExecution", **given, reason="for an update")
    failed, _, _, resumed, stage_resumed, again, _, stopping = (
        each["detail"] for each in at.told()
    )
    assert failed["execution-result"]["error-code"] == "JobFailed"
    assert "input-artifacts" not in failed
    assert (resumed["state"], resumed["pipeline-execution-attempt"]) == ("RESUMED", 2.0)
    assert "execution-trigger" not in resumed
    assert "stage-last-retry-attempt-time" in stage_resumed
    assert [each["name"] for each in again["input-artifacts"]] == ["SourceArtifact", "image-web"]
    assert again["pipeline-execution-attempt"] == 2.0
    assert (stopping["state"], stopping["stop-execution-comments"]) == ("STOPPING", "for an update")
