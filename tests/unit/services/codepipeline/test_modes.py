"""Several executions at a time, stopping, updates, closed transitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    FILES,
    SCOPE,
    asking,
    blue_green,
    code,
    image,
    stage,
)

from demitasse.services.codedeploy.records import DEPLOYMENTS
from demitasse.services.codepipeline.records import ACTIONS, EXECUTIONS
from demitasse.store import Ref


def made(mode: str = "SUPERSEDED", *names: str, **more: object) -> Stand:
    at = Stand()
    kind = {} if mode == "SUPERSEDED" else {"pipelineType": "V2", "executionMode": mode}
    at.create(*asking(*(names or ("Ask", "Then")))["stages"], **kind, **more)
    return at


def stop(at: Stand, execution: str, **given: object) -> None:
    at.do("StopPipelineExecution", pipelineName="release", pipelineExecutionId=execution, **given)


def test_a_newer_execution_supersedes_one_that_waits() -> None:
    at = made()
    second, third = at.start(), at.start()
    assert at.statuses() == ["InProgress", "Superseded", "InProgress"]
    assert at.execution(second)["statusSummary"] == f"Superseded by {third}"
    assert at.stages()["Ask"]["inboundExecution"] == {
        "pipelineExecutionId": third,
        "status": "InProgress",
        "type": "STANDARD",
    }
    at.answer("Ask")
    assert at.stages()["Ask"]["latestExecution"]["pipelineExecutionId"] == third
    assert at.stages()["Then"]["latestExecution"]["status"] == "InProgress"


def test_queued_executions_wait_for_their_turn() -> None:
    at = made("QUEUED")
    second, third = at.start(), at.start()
    assert at.statuses() == ["InProgress"] * 3
    waiting = at.stages()["Ask"]["inboundExecutions"]
    assert [each["pipelineExecutionId"] for each in waiting] == [second, third]
    at.answer("Ask")
    assert at.stages()["Ask"]["latestExecution"]["pipelineExecutionId"] == second


def test_parallel_executions_do_not_see_each_other() -> None:
    at = made("PARALLEL")
    at.start()
    at.start()
    running = [each for each in at.history() if each["status"] == "InProgress"]
    assert [each["stageName"] for each in running] == ["Ask"] * 3


def test_two_pushes_in_quick_succession_deploy_both_or_the_newer() -> None:
    at = Stand()
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    first = at.push("second", {"a": b"b"})
    at.work()
    newer = at.push("third", {"a": b"c"})
    at.work()
    assert at.statuses() == ["InProgress", "Superseded", "InProgress"]
    revisions = [each["sourceRevisions"][0]["revisionId"] for each in at.executions()]
    assert revisions[:2] == [newer, first]


def test_a_push_during_a_deployment_waits_for_it() -> None:
    at = Stand()
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    at.push("second", {**FILES, "a": b"b"})
    at.work()
    assert at.stages()["Source"]["latestExecution"]["status"] == "Succeeded"
    with at.store.transaction() as tx:
        assert len(tx.page(DEPLOYMENTS, SCOPE)) == 1
    at.end_deployment("Succeeded")
    with at.store.transaction() as tx:
        assert len(tx.page(DEPLOYMENTS, SCOPE)) == 2
    at.end_deployment("Succeeded")
    assert at.statuses() == ["Succeeded", "Succeeded"]


@pytest.mark.parametrize("mode", ["SUPERSEDED", "QUEUED"])
def test_an_update_cancels_what_is_under_way(mode: str) -> None:
    at = Stand()
    at.create(*asking("Ask")["stages"], pipelineType="V2", executionMode=mode)
    at.start()
    token = at.latest("Ask", "Ask")["token"]
    at.rule({"source": ["aws.codepipeline"]})
    at.do(
        "UpdatePipeline",
        pipeline=asking("Ask", "Then", pipelineType="V2", executionMode=mode),
    )
    assert at.statuses() == ["Cancelled", "Cancelled"]
    assert at.executions()[0]["statusSummary"] == "The pipeline was updated to version 2"
    shown = at.stages()
    assert shown["Ask"]["latestExecution"]["status"] == "Cancelled"
    assert "inboundExecutions" not in shown["Ask"]
    assert at.latest("Ask", "Ask")["status"] == "Abandoned"
    assert [(each["detail-type"].split()[1], each["detail"]["state"]) for each in at.told()] == [
        ("Action", "CANCELED"),
        ("Stage", "CANCELED"),
        ("Pipeline", "CANCELED"),
        ("Pipeline", "CANCELED"),
    ]
    approve = {"status": "Approved", "summary": ""}
    given = {"pipelineName": "release", "stageName": "Ask", "actionName": "Ask"}
    code_said, message = at.refused("PutApprovalResult", **given, result=approve, token=token)
    assert code_said == "InvalidApprovalTokenException"
    assert message.startswith("The pipeline release has been updated")
    assert at.execution(at.start())["pipelineVersion"] == 2


def test_an_update_leaves_parallel_executions_their_structure() -> None:
    at = Stand()
    mode = {"pipelineType": "V2", "executionMode": "PARALLEL"}
    first = at.create(*asking("Ask")["stages"], **mode)
    at.do("UpdatePipeline", pipeline=asking("Ask", "Then", **mode))
    at.answer("Ask")
    assert at.execution(first)["status"] == "Succeeded"
    assert at.execution(at.start())["pipelineVersion"] == 2
    at.answer("Ask")
    assert at.statuses() == ["Succeeded", "InProgress"]


def test_stopping_waits_for_the_actions_in_progress() -> None:
    at = made()
    (first,) = at.executions()
    stop(at, first["pipelineExecutionId"], reason="enough")
    assert at.statuses() == ["Stopping"]
    assert at.stages()["Ask"]["latestExecution"]["status"] == "Stopping"
    at.answer("Ask")
    assert at.statuses() == ["Stopped"]
    assert at.executions()[0]["stopTrigger"] == {"reason": "enough"}
    assert "latestExecution" not in at.stages()["Then"]


def test_abandoning_does_not_wait() -> None:
    at = made()
    (first,) = at.executions()
    stop(at, first["pipelineExecutionId"], abandon=True)
    assert at.statuses() == ["Stopped"]
    assert at.latest("Ask", "Ask")["status"] == "Abandoned"
    assert at.stages()["Ask"]["latestExecution"]["status"] == "Stopped"


def test_a_stop_is_asked_for_once_and_only_of_what_runs() -> None:
    at = made()
    given = {
        "pipelineName": "release",
        "pipelineExecutionId": at.executions()[0]["pipelineExecutionId"],
    }
    at.do("StopPipelineExecution", **given)
    assert at.refused("StopPipelineExecution", **given)[0] == "DuplicatedStopRequestException"
    at.do("StopPipelineExecution", **given, abandon=True)
    for wanted in (given, given | {"pipelineExecutionId": "0" * 8 + "-0000-0000-0000-" + "0" * 12}):
        assert at.refused("StopPipelineExecution", **wanted)[0] == (
            "PipelineExecutionNotStoppableException"
        )


def test_one_that_waits_stops_at_once() -> None:
    at = made()
    waiting = at.start()
    stop(at, waiting)
    assert at.statuses() == ["InProgress", "Stopped"]


def test_a_closed_transition_holds_executions_back_the_newest_alone() -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    at.do(
        "DisableStageTransition",
        pipelineName="release",
        stageName="Ask",
        transitionType="Inbound",
        reason="not now",
    )
    closed = at.stages()["Ask"]["inboundTransitionState"]
    assert (closed["enabled"], closed["disabledReason"]) == (False, "not now")
    newest = at.start()
    assert at.statuses() == ["Superseded", "InProgress"]
    assert at.stages()["Ask"]["inboundExecution"]["pipelineExecutionId"] == newest
    at.do(
        "EnableStageTransition", pipelineName="release", stageName="Ask", transitionType="Inbound"
    )
    assert at.stages()["Ask"]["inboundTransitionState"]["enabled"] is True
    assert at.latest("Ask", "Ask")["status"] == "InProgress"


def test_a_pipeline_is_deleted_while_it_runs() -> None:
    at = Stand()
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    at.do("DeletePipeline", name="release")
    assert at.refused("GetPipelineState", name="release")[0] == "PipelineNotFoundException"
    at.end_deployment("Succeeded")
    at.do("DeletePipeline", name="release")
    again = at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    assert [each["pipelineExecutionId"] for each in at.executions()] == [again]
    assert at.statuses() == ["InProgress"]


def during_the_source(at: Stand, happens: Callable[[], object]) -> None:
    """Let something happen while the source's artifact is on its way to its bucket."""
    put = at.objects.put

    async def slow_put(*given: Any, **more: Any) -> str:
        happens()
        await at.pipelines.reconcile(Ref(SCOPE, "release"))
        return await put(*given, **more)

    at.objects.put = slow_put  # type: ignore[method-assign]
    at.work()


def test_what_comes_after_an_action_was_abandoned_changes_nothing() -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    (first,) = at.executions()
    given = {"pipelineName": "release", "pipelineExecutionId": first["pipelineExecutionId"]}
    during_the_source(
        at, lambda: at.call("codepipeline", "StopPipelineExecution", **given, abandon=True)
    )
    assert at.statuses() == ["Stopped"]
    assert [each["status"] for each in at.history()] == ["Abandoned"]


def test_a_pipeline_is_deleted_while_an_action_works() -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    during_the_source(at, lambda: at.call("codepipeline", "DeletePipeline", name="release"))
    with at.store.transaction() as tx:
        assert (tx.count(ACTIONS, SCOPE), tx.count(EXECUTIONS, SCOPE)) == (0, 0)
