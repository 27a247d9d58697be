"""Phase 5: registry, cluster and task definitions."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

from demitasse.lab import names
from demitasse.lab.phases import phase0_preparation
from demitasse.lab.task import NotYet, Phase, Task
from demitasse.lab.workspace import Workspace


def push_images(lab: Workspace) -> None:
    """Make the repositories, log docker in, push both images as ``latest``."""
    ecr = lab.client("ecr")
    for service in names.SERVICES:
        if lab.repository(service) is None:
            ecr.create_repository(repositoryName=service)
    login = ecr.get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(login["authorizationToken"]).decode().split(":", 1)
    lab.docker.login(urlsplit(login["proxyEndpoint"]).netloc, user, password)
    for service in names.SERVICES:
        if not _is_pushed(lab, service):
            lab.docker.tag(f"{service}:latest", image_uri(lab, service))
            lab.docker.push(image_uri(lab, service))


def check_images(lab: Workspace) -> None:
    """Each repository's ``latest`` is the image built here."""
    for service in names.SERVICES:
        if not _is_pushed(lab, service):
            raise NotYet(f"the repository {service} does not hold the image {service}:latest")


def make_cluster(lab: Workspace) -> None:
    """Create the cluster."""
    lab.client("ecs").create_cluster(clusterName=names.CLUSTER)


def check_cluster(lab: Workspace) -> None:
    """The cluster is ACTIVE."""
    found = lab.client("ecs").describe_clusters(clusters=[names.CLUSTER])["clusters"]
    if not found or found[0]["status"] != "ACTIVE":
        raise NotYet(f"the cluster {names.CLUSTER} is not ACTIVE")


def register(lab: Workspace) -> None:
    """Register the task definitions that are missing or differ."""
    for service in names.SERVICES:
        if not _is_registered(lab, service):
            lab.client("ecs").register_task_definition(**task_definition(lab, service))


def check_task_definitions(lab: Workspace) -> None:
    """Both families' newest revisions are as they should be."""
    for service in names.SERVICES:
        if not _is_registered(lab, service):
            raise NotYet(f"the family {names.family(service)} is not registered as it should be")


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


def _is_pushed(lab: Workspace, service: str) -> bool:
    digest, image = lab.pushed_digest(service), lab.docker.image(service)
    if digest is None or image is None:
        return False
    return any(name.endswith(f"@{digest}") for name in image.get("RepoDigests") or [])


def _is_registered(lab: Workspace, service: str) -> bool:
    found = lab.task_definition(names.family(service))
    if found is None:
        return False
    wanted = task_definition(lab, service)
    container, asked = found["containerDefinitions"][0], wanted["containerDefinitions"][0]
    return (
        all(found.get(key) == wanted[key] for key in ("cpu", "memory", "executionRoleArn"))
        and container["image"] == asked["image"]
        and container["environment"] == asked["environment"]
    )


PHASE = Phase(
    5,
    "Registry, cluster and task definitions",
    "Registre, cluster et définitions de tâche",
    (
        Task("5.1", "Repositories with both images", "Référentiels et images",
             push_images, check_images),
        Task("5.2", "The ECS cluster", "Le cluster ECS", make_cluster, check_cluster),
        Task("5.4", "Task definitions", "Définitions de tâche", register, check_task_definitions),
    ),
)  # fmt: skip
