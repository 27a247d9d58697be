"""Phase 5, tasks 5.3 to 5.6: the deployment files in a repository of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.git import AUTHOR_EMAIL, AUTHOR_NAME
from demitasse.lab.phases import phase0_preparation, phase3_repository
from demitasse.lab.workspace import Workspace

_IMAGE_PLACE = "<IMAGE1_NAME>"
_HOST = "APP_DB_HOST"


def write_files(lab: Workspace) -> None:
    """Write the four files and push them; later, mend in the repository what is out of date."""
    url = phase3_repository.create_repository(
        lab, names.DEPLOYMENT_REPOSITORY, "Task definitions and AppSpecs"
    )
    if lab.branch_head(names.DEPLOYMENT_REPOSITORY, names.BRANCH) is None:
        _publish(lab, url)
    wrong = _wrong(lab)
    if wrong:
        lab.client("codecommit").create_commit(
            repositoryName=names.DEPLOYMENT_REPOSITORY,
            branchName=names.BRANCH,
            parentCommitId=lab.branch_head(names.DEPLOYMENT_REPOSITORY, names.BRANCH),
            authorName=AUTHOR_NAME,
            email=AUTHOR_EMAIL,
            commitMessage="the database server's address",
            putFiles=[
                {"filePath": name, "fileContent": content.encode()}
                for name, content in wrong.items()
            ],
        )
        lab.git.follow(working_folder(lab))


def check_files(lab: Workspace) -> None:
    """The branch has the files; those with our database's address have the one it has now."""
    if lab.branch_head(names.DEPLOYMENT_REPOSITORY, names.BRANCH) is None:
        raise NotYet(f"the repository {names.DEPLOYMENT_REPOSITORY} has no branch {names.BRANCH}")
    for name in _wrong(lab):
        raise NotYet(f"{name} is not in the repository, or names a database that is gone")


def _publish(lab: Workspace, url: str) -> None:
    folder = working_folder(lab)
    folder.mkdir(parents=True, exist_ok=True)
    for service in names.SERVICES:
        for name, content in files(lab, service).items():
            if not (folder / name).exists():  # what is there is the person's
                (folder / name).write_text(content, encoding="utf-8")
    lab.git.publish(folder, url, names.BRANCH, "task definitions and AppSpecs of both services")


def _wrong(lab: Workspace) -> dict[str, str]:
    """What has to be written into the repository: name → content. All else is the person's."""
    wrong = {}
    for service in names.SERVICES:
        for name, content in files(lab, service).items():
            found = lab.repository_file(names.DEPLOYMENT_REPOSITORY, names.BRANCH, name)
            if found is None:
                wrong[name] = content
            elif (mended := _mended(lab, found)) != found:
                wrong[name] = mended
    return wrong


def _mended(lab: Workspace, text: str) -> str:
    """A file in which the address of a database of ours that is gone is that of the one we have."""
    for host in sorted(_hosts(text)):
        if phase0_preparation.is_stale(lab, host):
            text = text.replace(json.dumps(host), json.dumps(phase0_preparation.endpoint(lab)))
    return text


def _hosts(text: str) -> set[str]:
    """The values of APP_DB_HOST in a task definition's file; none if it is no such file."""
    try:
        return database_hosts(json.loads(text))
    except (ValueError, TypeError, AttributeError, KeyError):
        return set()


def database_hosts(definition: dict[str, Any]) -> set[str]:
    """The values of APP_DB_HOST in a task definition."""
    return {
        str(variable.get("value", ""))
        for container in definition["containerDefinitions"]
        for variable in container.get("environment", ())
        if variable.get("name") == _HOST
    }


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
                "environment": [{"name": _HOST, "value": phase0_preparation.endpoint(lab)}],
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
