"""Deploy by ECS: imagedefinitions.json becomes a task definition, and the service rolls to it.

Follows "Amazon Elastic Container Service deploy action reference".
"""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.services.codepipeline import urls
from demitasse.services.codepipeline.providers import archives
from demitasse.services.codepipeline.providers.base import (
    CONFIGURATION,
    JOB,
    ActionFailed,
    Begun,
    Done,
    Outcome,
    Waiting,
    Work,
    timeout_of,
)
from demitasse.services.codepipeline.records import ActionItem
from demitasse.services.ecs.records import SERVICES, TASK_SETS, service_key, task_set_key
from demitasse.store import Transaction


class ImageDefinition(msgspec.Struct, frozen=True, rename="camel"):
    """One item of imagedefinitions.json."""

    name: str
    image_uri: str


async def deploy(work: Work, item: ActionItem) -> Outcome:
    """Begin the service's deployment, or follow the one that has begun."""
    if item.observed.external_id:
        return _follow(work, item)
    images = await _images(work, item)
    work.begin(item, lambda tx, _now: _begin(work, item, images, tx))
    return Waiting()


def _begin(work: Work, item: ActionItem, images: dict[str, str], tx: Transaction) -> Begun:
    given = item.desired.configuration
    cluster, name = given["ClusterName"], given["ServiceName"]
    service = tx.get(SERVICES, item.scope, service_key(cluster, name))
    if service is None:
        raise ActionFailed(
            CONFIGURATION, f"The Amazon ECS service {name} does not exist in the cluster {cluster}."
        )

    def call(operation: str, **members: Any) -> dict[str, Any]:
        return work.calls(
            tx,
            item.scope,
            item.desired.role_arn,
            service="ecs",
            operation=operation,
            given=members,
        )

    definition = call("DescribeTaskDefinition", taskDefinition=service.desired.task_definition)[
        "taskDefinition"
    ]
    containers = {each["name"]: each for each in definition["containerDefinitions"]}
    for container, uri in images.items():
        if container not in containers:
            raise ActionFailed(CONFIGURATION, f"The AWS ECS container {container} does not exist")
        containers[container] = {**containers[container], "image": uri}
    definition["containerDefinitions"] = list(containers.values())
    registered = call("RegisterTaskDefinition", **definition)["taskDefinition"]["taskDefinitionArn"]
    updated = call("UpdateService", cluster=cluster, service=name, taskDefinition=registered)
    deployment = updated["service"]["deployments"][0]["id"]
    return Begun(deployment, urls.service(item.scope, cluster, name), registered)


def _follow(work: Work, item: ActionItem) -> Outcome:
    given = item.desired.configuration
    cluster, name = given["ClusterName"], given["ServiceName"]
    deployment = item.observed.external_id
    with work.store.transaction() as tx:
        service = tx.get(SERVICES, item.scope, service_key(cluster, name))
        kept = tx.get(TASK_SETS, item.scope, task_set_key(cluster, name, deployment))
    if service is None or service.desired.deleting:
        raise ActionFailed(JOB, f"The Amazon ECS service {name} was deleted during the deployment.")
    if kept is None or (kept.desired.deleting and kept.observed.rollout != "COMPLETED"):
        raise ActionFailed(
            JOB, f"The deployment {deployment} was replaced by another one of the service {name}."
        )
    if kept.observed.rollout == "FAILED":
        raise ActionFailed(
            JOB, f"The deployment {deployment} failed: {kept.observed.rollout_reason}"
        )
    if kept.observed.rollout == "COMPLETED":
        return Done(summary=f"Deployment completed. {kept.observed.rollout_reason}".strip())
    minutes = int(given.get("DeploymentTimeout") or timeout_of(item))
    return Waiting(work.remaining(item, minutes))


async def _images(work: Work, item: ActionItem) -> dict[str, str]:
    """The image of each container that is to have another one."""
    path = item.desired.configuration.get("FileName", "imagedefinitions.json")
    (artifact,) = item.desired.inputs
    data = await work.fetch(item.scope, artifact)
    try:
        text = archives.text_of(data, path)
    except archives.Unreadable as error:
        raise ActionFailed(
            CONFIGURATION,
            f"Did not find the image definition file {path} in the input artifacts ZIP file. Verify"
            f" the file is stored in your pipeline's Amazon S3 artifact bucket: {artifact.bucket}"
            f" key: {artifact.key}. {error}.",
        ) from None
    try:
        listed = msgspec.json.decode(text, type=list[ImageDefinition])
    except msgspec.DecodeError as error:
        raise ActionFailed(
            CONFIGURATION, f"The image definition file {path} contains invalid JSON format: {error}"
        ) from None
    if not listed:
        raise ActionFailed(CONFIGURATION, f"The image definition file {path} names no container.")
    return {each.name: each.image_uri for each in listed}
