"""Deployments by CodeDeployToECS: what becomes of templates and images."""

from __future__ import annotations

import json

from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import (
    FILES,
    SCOPE,
    TASKDEF,
    blue_green,
    code,
    image,
    stage,
)

from demitasse.services.codedeploy.records import Problem
from demitasse.services.ecr import records as ecr
from demitasse.services.ecs.records import find_task_definition


def released() -> Stand:
    at = Stand()
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    return at


def test_creation_runs_the_pipeline_once_up_to_its_deployment() -> None:
    at = released()
    (shown,) = at.executions()
    assert shown["status"] == "InProgress"
    assert shown["trigger"] == {
        "triggerType": "CreatePipeline",
        "triggerDetail": f"arn:aws:iam::{SCOPE.account}:user/student",
    }
    assert {name: each["latestExecution"]["status"] for name, each in at.stages().items()} == {
        "Source": "Succeeded",
        "Deploy": "InProgress",
    }
    deployment_id, deployment = at.deployment()
    seen = at.latest("Deploy", "Blue")
    assert seen["externalExecutionId"] == deployment_id
    assert deployment_id in seen["externalExecutionUrl"]
    definition = SCOPE.arn("ecs", "task-definition/web:1")
    assert f"TaskDefinition: {definition}" in deployment.revision.content
    with at.store.transaction() as tx:
        registered = find_task_definition(tx, SCOPE, definition)
    assert registered is not None
    assert registered.desired.containers[0].image == f"127.0.0.1:4566/web@sha256:{'1' * 64}"
    assert registered.desired.registered_by.endswith(":assumed-role/PipelineRole/demitasse")


def test_it_succeeds_with_its_deployment() -> None:
    at = released()
    at.end_deployment("Succeeded")
    assert at.statuses() == ["Succeeded"]
    assert at.latest("Deploy", "Blue")["summary"] == "Deployment Succeeded"
    assert [each["status"] for each in at.history()] == ["Succeeded"] * 3


def test_it_fails_with_its_deployment_and_says_why() -> None:
    at = released()
    key, _ = at.deployment()
    at.end_deployment("Failed", Problem("HEALTH_CONSTRAINTS", "No task was healthy."))
    assert at.statuses() == ["Failed"]
    assert at.latest("Deploy", "Blue")["errorDetails"] == {
        "code": "JobFailed",
        "message": f"Deployment {key} failed. No task was healthy. (Error Code: HEALTH_CONSTRAINTS)",
    }
    assert at.stages()["Deploy"]["latestExecution"]["status"] == "Failed"


def test_several_images_and_templates_of_other_names() -> None:
    at = Stand()
    containers = [
        {**TASKDEF["containerDefinitions"][0], "name": name, "image": f"<{name.upper()}>"}
        for name in ("web", "proxy")
    ]
    containers[1]["portMappings"] = []
    task = json.dumps(TASKDEF | {"containerDefinitions": containers}).encode()
    at.push("two", {"ecs/task.json": task, "ecs/app.yaml": FILES["appspec.yaml"]})
    with at.store.transaction() as tx:
        tx.create(ecr.REPOSITORIES, SCOPE, "proxy", ecr.Repository(at.clock.now()))
    at.push_image("2" * 64, repository="proxy")
    deploy = blue_green(
        TaskDefinitionTemplatePath="ecs/task.json", AppSpecTemplatePath="ecs/app.yaml"
    )
    deploy["inputArtifacts"].append({"name": "image-proxy"})
    deploy["configuration"] |= {
        "Image1ContainerName": "WEB",
        "Image2ArtifactName": "image-proxy",
        "Image2ContainerName": "PROXY",
    }
    at.create(stage("Source", code(), image(), image("proxy")), stage("Deploy", deploy))
    with at.store.transaction() as tx:
        registered = find_task_definition(tx, SCOPE, "web")
    assert registered is not None
    assert [each.image for each in registered.desired.containers] == [
        f"127.0.0.1:4566/web@sha256:{'1' * 64}",
        f"127.0.0.1:4566/proxy@sha256:{'2' * 64}",
    ]


def refused_at_deploy(files: dict[str, bytes]) -> dict[str, str]:
    at = Stand()
    at.push("second", files)
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    assert at.statuses() == ["Failed"]
    return dict(at.latest("Deploy", "Blue")["errorDetails"])


def test_a_missing_template_fails_the_deployment() -> None:
    assert refused_at_deploy({"taskdef.json": FILES["taskdef.json"]}) == {
        "code": "ConfigurationError",
        "message": "Exception while trying to read the AppSpec artifact file from: SourceArtifact."
        " It holds no file appspec.yaml.",
    }


def test_a_task_definition_that_ecs_refuses_fails_the_deployment() -> None:
    bad = json.dumps(TASKDEF | {"cpu": "100"}).encode()
    said = refused_at_deploy({**FILES, "taskdef.json": bad})
    assert said["code"] == "ConfigurationError"
    assert "ClientException" in said["message"]


def test_a_task_definition_of_wrong_types_fails_the_deployment() -> None:
    bad = json.dumps(TASKDEF | {"containerDefinitions": "web"}).encode()
    said = refused_at_deploy({**FILES, "taskdef.json": bad})
    assert "containerDefinitions" in said["message"]


def test_a_task_definition_that_is_no_json_fails_the_deployment() -> None:
    said = refused_at_deploy({**FILES, "taskdef.json": b"{family"})
    assert "taskdef.json in the artifact SourceArtifact is not JSON" in said["message"]


def test_a_bad_appspec_registers_nothing() -> None:
    at = Stand()
    at.push("second", {**FILES, "appspec.yaml": b"version: 7"})
    at.create(stage("Source", code(), image()), stage("Deploy", blue_green()))
    assert "InvalidRevisionException" in at.latest("Deploy", "Blue")["errorDetails"]["message"]
    with at.store.transaction() as tx:
        assert find_task_definition(tx, SCOPE, "web") is None
