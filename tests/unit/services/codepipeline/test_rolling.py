"""Deploy by ECS: imagedefinitions.json becomes what a service rolls to."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import ROLE, SCOPE, action, code, stage

from demitasse.services.ec2 import operations as ec2
from demitasse.services.ec2.records import SUBNETS
from demitasse.services.ecs.records import SERVICES, TASK_SETS, TaskSetObserved, task_set_key
from demitasse.store import Ref

IMAGES = json.dumps([{"name": "web", "imageUri": "web:2"}]).encode()


def rolled(files: dict[str, bytes], *, service: bool = True, controller: str = "ECS") -> Stand:
    """A pipeline that has begun to deploy files to a service ``api``."""
    at = Stand(ec2.api)
    at.call("ec2", "DescribeVpcs")
    at.call("ecs", "CreateCluster", clusterName="c")
    if service:
        serve(at, controller)
    at.push("second", files)
    deploy = action(
        "Roll",
        "Deploy",
        "ECS",
        inputs=("SourceArtifact",),
        ClusterName="c",
        ServiceName="api",
        DeploymentTimeout="15",
    )
    at.create(stage("Source", code()), stage("Deploy", deploy))
    return at


def serve(at: Stand, controller: str) -> None:
    with at.store.transaction() as tx:
        subnet = tx.page(SUBNETS, SCOPE)[0].key
    at.call(
        "ecs",
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=ROLE,
        containerDefinitions=[{"name": "web", "image": "web:1"}, {"name": "side", "image": "s"}],
    )
    at.call(
        "ecs",
        "CreateService",
        cluster="c",
        serviceName="api",
        taskDefinition="web:1",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )
    with at.store.transaction() as tx:
        kept = tx.get(SERVICES, SCOPE, "c/api")
        assert kept is not None
        changed = msgspec.structs.replace(kept.desired, controller=controller)
        tx.desire(SERVICES, kept.ref, changed)


def see(at: Stand, **changes: Any) -> None:
    """What the scheduler sees of the deployment."""
    key = task_set_key("c", "api", at.latest("Deploy", "Roll")["externalExecutionId"])
    with at.store.transaction() as tx:
        seen = msgspec.structs.replace(TaskSetObserved(), **changes)
        tx.observe(TASK_SETS, Ref(SCOPE, key), seen)
    at.work()


def failure(at: Stand) -> str:
    assert at.statuses() == ["Failed"]
    return str(at.latest("Deploy", "Roll")["errorDetails"]["message"])


def test_the_service_rolls_to_the_image_and_the_action_follows() -> None:
    at = rolled({"imagedefinitions.json": IMAGES})
    with at.store.transaction() as tx:
        service = tx.get(SERVICES, SCOPE, "c/api")
    assert service is not None
    assert service.desired.task_definition.endswith("task-definition/web:2")
    definition = at.call("ecs", "DescribeTaskDefinition", taskDefinition="web:2")["taskDefinition"]
    assert [each["image"] for each in definition["containerDefinitions"]] == ["web:2", "s"]
    assert at.latest("Deploy", "Roll")["externalExecutionId"] == service.desired.primary
    assert at.statuses() == ["InProgress"]
    see(at, rollout="COMPLETED", rollout_reason="ECS deployment completed.")
    assert at.statuses() == ["Succeeded"]


def test_a_rollout_that_fails_is_said() -> None:
    at = rolled({"imagedefinitions.json": IMAGES})
    see(at, rollout="FAILED", rollout_reason="tasks failed to start.")
    assert failure(at).endswith("failed: tasks failed to start.")


def test_a_rollout_that_takes_too_long_is_given_up() -> None:
    at = rolled({"imagedefinitions.json": IMAGES})
    at.work(15 * 60)
    assert failure(at) == "The action timed out after 15 minutes."


def test_a_deployment_that_is_gone_is_said() -> None:
    at = rolled({"imagedefinitions.json": IMAGES})
    key = task_set_key("c", "api", at.latest("Deploy", "Roll")["externalExecutionId"])
    with at.store.transaction() as tx:
        tx.delete(TASK_SETS, Ref(SCOPE, key))
    at.work()
    assert "was replaced by another one of the service api" in failure(at)


def test_a_service_that_is_deleted_is_said() -> None:
    at = rolled({"imagedefinitions.json": IMAGES})
    with at.store.transaction() as tx:
        tx.delete(SERVICES, Ref(SCOPE, "c/api"))
    see(at, running=1)
    assert failure(at) == "The Amazon ECS service api was deleted during the deployment."


@pytest.mark.parametrize(
    ("files", "more", "says"),
    [
        ({"a": b""}, {}, "Did not find the image definition file imagedefinitions.json"),
        ({"imagedefinitions.json": b"{}"}, {}, "contains invalid JSON format"),
        ({"imagedefinitions.json": b"[]"}, {}, "names no container"),
        (
            {"imagedefinitions.json": b'[{"name": "no", "imageUri": "i"}]'},
            {},
            "The AWS ECS container no does not exist",
        ),
        (
            {"imagedefinitions.json": IMAGES},
            {"service": False},
            "The Amazon ECS service api does not exist in the cluster c.",
        ),
        (
            {"imagedefinitions.json": IMAGES},
            {"controller": "CODE_DEPLOY"},
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller",
        ),
    ],
)
def test_what_cannot_be_deployed_is_said(
    files: dict[str, bytes], more: dict[str, Any], says: str
) -> None:
    at = rolled(files, **more)
    assert says in failure(at)
    assert len(at.call("ecs", "ListTaskDefinitions")["taskDefinitionArns"]) <= 1, "nothing is left"
