"""Beyond the course: a push of code builds the changed service, and that starts its deployment.

Both pipelines start with each push. Which service changed is for the buildspec to find out: on
AWS a CodeCommit source has no filter by path.
"""

from __future__ import annotations

from typing import Any

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.phases.phase8_parts import action_type, artifact_store, make_bucket
from demitasse.lab.workspace import Workspace

_IMAGE = "aws/codebuild/standard:7.0"


def make_builds(lab: Workspace) -> None:
    """Create for each service the project that builds it, and the pipeline in front of that."""
    make_bucket(lab)
    for service in names.SERVICES:
        if not lab.has_project(names.build(service)):
            lab.client("codebuild").create_project(**project(lab, service))
        if lab.pipeline(names.build(service)) is None:
            lab.client("codepipeline").create_pipeline(pipeline=pipeline(lab, service))


def check_builds(lab: Workspace) -> None:
    """The projects and their pipelines are there."""
    for service in names.SERVICES:
        if not lab.has_project(names.build(service)):
            raise NotYet(f"there is no project {names.build(service)}")
        if lab.pipeline(names.build(service)) is None:
            raise NotYet(f"there is no pipeline {names.build(service)}")


def project(lab: Workspace, service: str) -> dict[str, Any]:
    """The input of CreateProject. ``privilegedMode`` lets a build run docker."""
    return {
        "name": names.build(service),
        "description": f"Tests {service}, builds its image, pushes it",
        "source": {"type": "CODEPIPELINE", "buildspec": f"{service}/buildspec.yml"},
        "artifacts": {"type": "CODEPIPELINE"},
        "cache": {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": _IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": True,
        },
        "serviceRole": f"arn:aws:iam::{lab.account()}:role/{names.EXECUTION_ROLE}",
    }


def pipeline(lab: Workspace, service: str) -> dict[str, Any]:
    """The pipeline's structure: the code's branch, then the project."""
    return {
        "name": names.build(service),
        "roleArn": f"arn:aws:iam::{lab.account()}:role/{names.EXECUTION_ROLE}",
        "artifactStore": artifact_store(lab),
        "stages": [
            {
                "name": "Source",
                "actions": [
                    {
                        "name": "Source",
                        "actionTypeId": action_type("Source", "CodeCommit"),
                        "outputArtifacts": [{"name": "SourceArtifact"}],
                        "configuration": {
                            "RepositoryName": names.CODE_REPOSITORY,
                            "BranchName": names.BRANCH,
                        },
                    }
                ],
            },
            {
                "name": "Build",
                "actions": [
                    {
                        "name": f"Build-{service}",
                        "actionTypeId": action_type("Build", "CodeBuild"),
                        "inputArtifacts": [{"name": "SourceArtifact"}],
                        "configuration": {"ProjectName": names.build(service)},
                    }
                ],
            },
        ],
        "version": 1,
    }
