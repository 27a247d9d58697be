"""Phase 5, tasks 5.3 to 5.6: the deployment files in a repository of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.phases import phase0_preparation, phase3_repository
from demitasse.lab.workspace import Workspace

_IMAGE_PLACE = "<IMAGE1_NAME>"


def write_files(lab: Workspace) -> None:
    """Write the four files, and push them."""
    folder = working_folder(lab)
    folder.mkdir(parents=True, exist_ok=True)
    for service in names.SERVICES:
        for name, content in files(lab, service).items():
            (folder / name).write_text(content, encoding="utf-8")
    url = phase3_repository.create_repository(
        lab, names.DEPLOYMENT_REPOSITORY, "Task definitions and AppSpecs"
    )
    lab.git.publish(folder, url, names.BRANCH, "task definitions and AppSpecs of both services")


def check_files(lab: Workspace) -> None:
    """The branch is there, and the files speak of the database as it is now."""
    if lab.branch_head(names.DEPLOYMENT_REPOSITORY, names.BRANCH) is None:
        raise NotYet(f"the repository {names.DEPLOYMENT_REPOSITORY} has no branch {names.BRANCH}")
    codecommit = lab.client("codecommit")
    for service in names.SERVICES:
        for name, content in files(lab, service).items():
            found = codecommit.get_file(
                repositoryName=names.DEPLOYMENT_REPOSITORY,
                commitSpecifier=names.BRANCH,
                filePath=name,
            )["fileContent"]
            if name.startswith("taskdef-") and json.loads(found) != json.loads(content):
                raise NotYet(f"{name} in the repository is not as it should be")


def files(lab: Workspace, service: str) -> dict[str, str]:
    """The deployment files of a service: name → content."""
    definition = task_definition(lab, service)
    definition["containerDefinitions"][0]["image"] = _IMAGE_PLACE
    return {
        f"taskdef-{service}.json": json.dumps(definition, indent=2) + "\n",
        f"appspec-{service}.yaml": f"""\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo:
          ContainerName: "{service}"
          ContainerPort: {names.CONTAINER_PORT}
""",
    }


def working_folder(lab: Workspace) -> Path:
    """Where the deployment repository is worked on."""
    return lab.folder / names.DEPLOYMENT_REPOSITORY


def task_definition(lab: Workspace, service: str) -> dict[str, Any]:
    """The input of RegisterTaskDefinition, as the course's file has it."""
    return {
        "family": names.family(service),
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "512",
        "memory": "1024",
        "executionRoleArn": f"arn:aws:iam::{lab.account()}:role/{names.EXECUTION_ROLE}",
        "containerDefinitions": [
            {
                "name": service,
                "image": image_uri(lab, service),
                "essential": True,
                "portMappings": [
                    {
                        "hostPort": names.CONTAINER_PORT,
                        "containerPort": names.CONTAINER_PORT,
                        "protocol": "tcp",
                    }
                ],
                "environment": [{"name": "APP_DB_HOST", "value": phase0_preparation.endpoint(lab)}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-create-group": "true",
                        "awslogs-group": names.LOG_GROUP,
                        "awslogs-region": lab.session.region_name,
                        "awslogs-stream-prefix": names.LOG_GROUP,
                    },
                },
            }
        ],
    }


def image_uri(lab: Workspace, service: str) -> str:
    """The image's full name in the registry; ``NotYet`` while there is no repository."""
    repository = lab.repository(service)
    if repository is None:
        raise NotYet(f"there is no repository {service}")
    return f"{repository['repositoryUri']}:latest"
