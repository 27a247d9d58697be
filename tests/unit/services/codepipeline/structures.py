"""Structures of pipelines, as callers give them, and what their repository holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.kit import stand

SCOPE = stand.SCOPE
Change = Callable[[dict[str, Any]], object]
ROLE = SCOPE.global_arn("iam", "role/PipelineRole")
BUCKET = "artifacts"
APPSPEC = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo:
          ContainerName: "web"
          ContainerPort: 8080
"""
TASKDEF = {
    "family": "web",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "512",
    "memory": "1024",
    "executionRoleArn": ROLE,
    "containerDefinitions": [
        {
            "name": "web",
            "image": "<IMAGE1_NAME>",
            "essential": True,
            "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        }
    ],
}
FILES = {"appspec.yaml": APPSPEC.encode(), "taskdef.json": json.dumps(TASKDEF).encode()}


def action(
    name: str,
    category: str,
    provider: str,
    *,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    order: int = 1,
    namespace: str = "",
    **configuration: str,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "actionTypeId": {
            "category": category,
            "owner": "AWS",
            "provider": provider,
            "version": "1",
        },
        "runOrder": order,
        "configuration": configuration,
        "inputArtifacts": [{"name": each} for each in inputs],
        "outputArtifacts": [{"name": each} for each in outputs],
    }
    return made | ({"namespace": namespace} if namespace else {})


def code(**more: str) -> dict[str, Any]:
    return action(
        "Code",
        "Source",
        "CodeCommit",
        outputs=("SourceArtifact",),
        namespace="SourceVariables",
        RepositoryName="deployment",
        BranchName="dev",
        **more,
    )


def image(repository: str = "web") -> dict[str, Any]:
    return action(
        "Image" if repository == "web" else f"Image-{repository}",
        "Source",
        "ECR",
        outputs=(f"image-{repository}",),
        RepositoryName=repository,
        ImageTag="latest",
    )


def blue_green(**more: str) -> dict[str, Any]:
    return action(
        "Blue",
        "Deploy",
        "CodeDeployToECS",
        inputs=("SourceArtifact", "image-web"),
        ApplicationName="app",
        DeploymentGroupName="group",
        TaskDefinitionTemplateArtifact="SourceArtifact",
        AppSpecTemplateArtifact="SourceArtifact",
        Image1ArtifactName="image-web",
        Image1ContainerName="IMAGE1_NAME",
        **more,
    )


def approval(name: str = "Ask", *, order: int = 1) -> dict[str, Any]:
    return action(name, "Approval", "Manual", order=order)


def stage(name: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "actions": list(actions), **more}


def structure(*stages: dict[str, Any], name: str = "release", **more: Any) -> dict[str, Any]:
    return copy.deepcopy(
        {
            "name": name,
            "roleArn": ROLE,
            "artifactStore": {"type": "S3", "location": BUCKET},
            "stages": list(stages),
            **more,
        }
    )


def asking(*names: str, **more: Any) -> dict[str, Any]:
    """A pipeline with a source and a stage of one approval for each name."""
    return structure(stage("Source", code()), *(stage(name, approval()) for name in names), **more)


def deploying() -> dict[str, Any]:
    return structure(stage("Source", code(), image()), stage("Deploy", blue_green()))


def first(given: dict[str, Any], of_stage: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = given["stages"][of_stage]["actions"][0]
    return found


def building(variables: str) -> dict[str, Any]:
    return action(
        "Build",
        "Build",
        "CodeBuild",
        inputs=("SourceArtifact",),
        ProjectName="tests",
        EnvironmentVariables=variables,
    )


def publishing(**more: str) -> dict[str, Any]:
    given = {"BucketName": "site", "Extract": "true"} | more
    return action("Put", "Deploy", "S3", inputs=("SourceArtifact",), **given)
