"""Phase 5: registry, cluster and task definitions."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from demitasse.lab import names
from demitasse.lab.docker import names_and_contents
from demitasse.lab.phases import phase0_preparation, phase5_files
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
        if lab.pushed_digest(service) is None:
            uri = phase5_files.image_uri(lab, service)
            for name in (uri.replace(":latest", f":{_source_tag(lab, service)}"), uri):
                lab.docker.tag(f"{service}:latest", name)
                lab.docker.push(name)


def _source_tag(lab: Workspace, service: str) -> str:
    """The tag by which the service's buildspec knows that an image is of these very files."""
    return f"source-{names_and_contents(lab.sources / service)}"


def check_images(lab: Workspace) -> None:
    """Each repository has an image ``latest``: ours, or a later one that a pipeline brought."""
    for service in names.SERVICES:
        if lab.pushed_digest(service) is None:
            raise NotYet(f"the repository {service} does not hold an image latest")


def make_cluster(lab: Workspace) -> None:
    """Create the cluster."""
    lab.client("ecs").create_cluster(clusterName=names.CLUSTER)


def check_cluster(lab: Workspace) -> None:
    """The cluster is ACTIVE."""
    found = lab.client("ecs").describe_clusters(clusters=[names.CLUSTER])["clusters"]
    if not found or found[0]["status"] != "ACTIVE":
        raise NotYet(f"the cluster {names.CLUSTER} is not ACTIVE")


def register(lab: Workspace) -> None:
    """Register the task definitions that are missing, or that name a database that is gone."""
    for service in names.SERVICES:
        if not _is_registered(lab, service):
            lab.client("ecs").register_task_definition(**phase5_files.task_definition(lab, service))


def check_task_definitions(lab: Workspace) -> None:
    """Both families are there. What a deployment registered since is not ours to judge."""
    for service in names.SERVICES:
        if not _is_registered(lab, service):
            raise NotYet(
                f"the family {names.family(service)} is not registered,"
                " or names a database that is gone"
            )


def _is_registered(lab: Workspace, service: str) -> bool:
    found = lab.task_definition(names.family(service))
    return found is not None and not any(
        phase0_preparation.is_stale(lab, host) for host in phase5_files.database_hosts(found)
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
        Task("5.6", "Deployment files in CodeCommit", "Fichiers de déploiement dans CodeCommit",
             phase5_files.write_files, phase5_files.check_files),
    ),
)  # fmt: skip
