"""What ECS tells EventBridge of tasks, deployments and services."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.events import hear_everything, heard

from .stand import IMAGE, SCOPE, Stand


@pytest.fixture
def ecs() -> Stand:
    stand = Stand()
    stand.cluster()
    stand.register()
    hear_everything(stand.store, SCOPE)
    return stand


def told(ecs: Stand, kind: str) -> list[dict[str, Any]]:
    events = heard(ecs.store, SCOPE, "aws.ecs")
    return [each.detail for each in events if each.detail_type == kind]


def test_each_state_of_a_task_is_told_once(ecs: Stand) -> None:
    async def scenario() -> None:
        arn = ecs.run_task()
        await ecs.until(lambda: ecs.see_task(arn)["lastStatus"] == "RUNNING")
        ecs.ecs("StopTask", cluster="c", task=arn, reason="enough")
        await ecs.until(lambda: ecs.see_task(arn)["lastStatus"] == "STOPPED")

    ecs.run(scenario)
    details = told(ecs, "ECS Task State Change")
    states = [(each["lastStatus"], each["desiredStatus"]) for each in details]
    once = list(dict.fromkeys(states))
    assert once == [
        ("PROVISIONING", "RUNNING"),
        ("PENDING", "RUNNING"),
        ("ACTIVATING", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("RUNNING", "STOPPED"),
        ("DEACTIVATING", "STOPPED"),
        ("STOPPING", "STOPPED"),
        ("DEPROVISIONING", "STOPPED"),
        ("STOPPED", "STOPPED"),
    ]
    versions = [each["version"] for each in details]
    assert versions == sorted(set(versions))


def test_a_task_is_told_in_aws_shape(ecs: Stand) -> None:
    async def scenario() -> None:
        arn = ecs.run_task(startedBy="me")
        await ecs.until(lambda: ecs.see_task(arn)["lastStatus"] == "RUNNING")

    ecs.run(scenario)
    event = [
        each
        for each in heard(ecs.store, SCOPE, "aws.ecs")
        if each.detail["lastStatus"] == "RUNNING"
    ][-1]
    detail = event.detail
    assert event.resources == (detail["taskArn"],)
    assert detail["group"] == "family:web"
    assert detail["startedBy"] == "me"
    assert detail["createdAt"] == "2026-01-01T00:00:00.000Z"
    assert detail["attachments"][0]["type"] == "eni"
    assert detail["containers"][0]["image"] == IMAGE
    assert detail["containers"][0]["lastStatus"] == "RUNNING"
    assert detail["overrides"] == {
        "containerOverrides": [{"name": "web"}],
        "inferenceAcceleratorOverrides": [],
    }
    assert "tags" not in detail
    assert "stoppedAt" not in detail


def test_a_deployment_and_the_steady_state_are_told(ecs: Stand) -> None:
    async def scenario() -> None:
        ecs.service()
        await ecs.until(lambda: "steady state" in ecs.messages()[0])

    ecs.run(scenario)
    (deployment,) = ecs.see_service()["deployments"]
    names = [
        (each["eventName"], each["eventType"], each["deploymentId"])
        for each in told(ecs, "ECS Deployment State Change")
    ]
    assert names == [
        ("SERVICE_DEPLOYMENT_IN_PROGRESS", "INFO", deployment["id"]),
        ("SERVICE_DEPLOYMENT_COMPLETED", "INFO", deployment["id"]),
    ]
    (action,) = told(ecs, "ECS Service Action")
    assert (action["eventName"], action["eventType"]) == ("SERVICE_STEADY_STATE", "INFO")
    assert action["clusterArn"].endswith(":cluster/c")


def test_a_deployment_that_fails_is_told(ecs: Stand) -> None:
    ecs.register("broken", container={"image": "127.0.0.1:4566/nothing:1"})

    async def scenario() -> None:
        ecs.service(
            taskDefinition="broken",
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": False}
            },
        )
        await ecs.until(
            lambda: ecs.see_service()["deployments"][0]["rolloutState"] == "FAILED", seconds=600
        )

    ecs.run(scenario)
    failed = told(ecs, "ECS Deployment State Change")[-1]
    assert (failed["eventName"], failed["eventType"]) == ("SERVICE_DEPLOYMENT_FAILED", "ERROR")
    assert failed["reason"] == "ECS deployment circuit breaker: tasks failed to start."
    impaired = told(ecs, "ECS Service Action")
    assert [each["eventName"] for each in impaired] == ["SERVICE_TASK_START_IMPAIRED"]
