"""Deploy by CodeDeployToECS: templates become a task definition and a deployment.

Follows "Amazon Elastic Container Service and CodeDeploy blue-green deploy action reference": the
image URIs replace their placeholders in the task definition's template, which is registered; its
ARN replaces ``<TASK_DEFINITION>`` in the AppSpec's template, which CodeDeploy deploys.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from demitasse.services.codedeploy.records import DEPLOYMENTS, create_deployment
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
    as_object,
    timeout_of,
)
from demitasse.services.codepipeline.records import ActionItem
from demitasse.store import Transaction

_PLACE = "<TASK_DEFINITION>"


async def deploy(work: Work, item: ActionItem) -> Outcome:
    """Begin the deployment, or follow the one that has begun."""
    if item.observed.external_id:
        return _follow(work, item)
    given = item.desired.configuration
    definition = await _definition(work, item)
    appspec = await _read(
        work,
        item,
        given["AppSpecTemplateArtifact"],
        given.get("AppSpecTemplatePath", "appspec.yaml"),
        "AppSpec",
    )

    def make(tx: Transaction, now: datetime) -> Begun:
        registered = work.calls(
            tx,
            item.scope,
            item.desired.role_arn,
            service="ecs",
            operation="RegisterTaskDefinition",
            given=definition,
        )["taskDefinition"]["taskDefinitionArn"]
        deployment_id = create_deployment(
            tx,
            item.scope,
            work.ids,
            now,
            application=given["ApplicationName"],
            group=given["DeploymentGroupName"],
            appspec=appspec.replace(_PLACE, registered),
            creator="codePipeline",
        )
        return Begun(deployment_id, urls.deployment(item.scope, deployment_id), registered)

    work.begin(item, make)
    return Waiting()


def _follow(work: Work, item: ActionItem) -> Outcome:
    deployment_id = item.observed.external_id
    with work.store.transaction() as tx:
        deployment = tx.get(DEPLOYMENTS, item.scope, deployment_id)
    if deployment is None:
        raise ActionFailed(JOB, f"The deployment {deployment_id} is no longer there.")
    seen = deployment.observed
    if seen.status == "Succeeded":
        return Done(summary="Deployment Succeeded")
    if seen.status in ("Failed", "Stopped"):
        how = "failed" if seen.status == "Failed" else "was stopped"
        why = f" {seen.error.message} (Error Code: {seen.error.code})" if seen.error else ""
        raise ActionFailed(
            JOB, f"Deployment {deployment_id} {how}.{why}", summary=f"Deployment {seen.status}"
        )
    return Waiting(work.remaining(item, timeout_of(item)))


async def _definition(work: Work, item: ActionItem) -> dict[str, Any]:
    """The input of RegisterTaskDefinition."""
    given = item.desired.configuration
    artifact = given["TaskDefinitionTemplateArtifact"]
    path = given.get("TaskDefinitionTemplatePath", "taskdef.json")
    text = await _read(work, item, artifact, path, "task definition")
    for number in range(1, 5):
        image = given.get(f"Image{number}ArtifactName")
        if image is None:
            continue
        name = given[f"Image{number}ContainerName"]
        text = text.replace(f"<{name}>", await _image_uri(work, item, image))
    try:
        definition = as_object(msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise ActionFailed(
            CONFIGURATION,
            f"The task definition template {path} in the artifact {artifact} is not JSON: {error}",
        ) from None
    if definition is None:
        raise ActionFailed(
            CONFIGURATION,
            f"The task definition template {path} in the artifact {artifact} must be a JSON object.",
        )
    # Templates are often what DescribeTaskDefinition has answered, as a whole.
    return as_object(definition.get("taskDefinition")) or definition


async def _image_uri(work: Work, item: ActionItem, artifact: str) -> str:
    text = await _read(work, item, artifact, "imageDetail.json", "image")
    try:
        detail = as_object(msgspec.json.decode(text)) or {}
    except msgspec.DecodeError as error:
        raise ActionFailed(
            CONFIGURATION, f"imageDetail.json in the artifact {artifact} is not JSON: {error}"
        ) from None
    uri = detail.get("ImageURI")
    if not isinstance(uri, str) or not uri:
        raise ActionFailed(
            CONFIGURATION, f"imageDetail.json in the artifact {artifact} has no ImageURI."
        )
    return uri


async def _read(work: Work, item: ActionItem, artifact: str, path: str, what: str) -> str:
    data = await work.input(item, artifact)
    try:
        return archives.text_of(data, path)
    except archives.Unreadable as error:
        raise ActionFailed(
            CONFIGURATION,
            f"Exception while trying to read the {what} artifact file from: {artifact}. {error}.",
        ) from None
