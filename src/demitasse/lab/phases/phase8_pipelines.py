"""Phase 8: CodeDeploy and CodePipeline, from a change to production."""

from __future__ import annotations

from functools import partial
from typing import Any

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.phases import phase8_builds
from demitasse.lab.phases.phase8_parts import action_type, artifact_store, make_bucket
from demitasse.lab.task import Phase, Task
from demitasse.lab.workspace import Workspace

_TERMINATION_MINUTES = 5


def make_groups(lab: Workspace) -> None:
    """Create the application and a deployment group for each service."""
    deploy = lab.client("codedeploy")
    if lab.deployment_application(names.APPLICATION) is None:
        deploy.create_application(applicationName=names.APPLICATION, computePlatform="ECS")
    for service in names.SERVICES:
        found, wanted = _group(lab, service), deployment_group(lab, service)
        if found is None:
            deploy.create_deployment_group(**wanted)
        elif not _has_listeners(lab, found):
            deploy.update_deployment_group(
                applicationName=names.APPLICATION,
                currentDeploymentGroupName=wanted["deploymentGroupName"],
                loadBalancerInfo=wanted["loadBalancerInfo"],
            )


def check_groups(lab: Workspace) -> None:
    """Both groups are there, and move the traffic of the listeners that there are."""
    for service in names.SERVICES:
        found = _group(lab, service)
        if found is None or not _has_listeners(lab, found):
            raise NotYet(
                f"there is no deployment group {names.deployment_group(service)}"
                " for the load balancer's listeners"
            )


def _group(lab: Workspace, service: str) -> dict[str, Any] | None:
    return lab.deployment_group(names.deployment_group(service))


def _has_listeners(lab: Workspace, group: dict[str, Any]) -> bool:
    """Whether a group's listeners are there: a load balancer made anew has others."""
    there = set(lab.listeners().values())
    pairs = group.get("loadBalancerInfo", {}).get("targetGroupPairInfoList", ())
    named = {
        arn
        for pair in pairs
        for route in ("prodTrafficRoute", "testTrafficRoute")
        for arn in pair.get(route, {}).get("listenerArns", ())
    }
    return bool(named) and named <= there


def deployment_group(lab: Workspace, service: str) -> dict[str, Any]:
    """The input of CreateDeploymentGroup; the course's own command, mended."""
    listeners = lab.listeners()
    return {
        "applicationName": names.APPLICATION,
        "deploymentGroupName": names.deployment_group(service),
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "serviceRoleArn": f"arn:aws:iam::{lab.account()}:role/{names.DEPLOY_ROLE}",
        "deploymentStyle": {
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {
                "actionOnTimeout": "CONTINUE_DEPLOYMENT",
                "waitTimeInMinutes": 0,
            },
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": _TERMINATION_MINUTES,
            },
        },
        "ecsServices": [{"clusterName": names.CLUSTER, "serviceName": names.family(service)}],
        "loadBalancerInfo": {
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [
                        {"name": names.target_group(service, "two")},
                        {"name": names.target_group(service, "one")},
                    ],
                    "prodTrafficRoute": {"listenerArns": [listeners[names.PRODUCTION_PORT]]},
                    "testTrafficRoute": {"listenerArns": [listeners[names.TEST_PORT]]},
                }
            ]
        },
    }


def make_pipeline(service: str, lab: Workspace) -> None:
    """Create the bucket for artifacts and the pipeline, which starts at once."""
    make_bucket(lab)
    if lab.pipeline(names.pipeline(service)) is None:
        lab.client("codepipeline").create_pipeline(pipeline=pipeline(lab, service))


def check_pipeline(service: str, lab: Workspace) -> None:
    """The pipeline is there."""
    if lab.pipeline(names.pipeline(service)) is None:
        raise NotYet(f"there is no pipeline {names.pipeline(service)}")


def pipeline(lab: Workspace, service: str) -> dict[str, Any]:
    """The pipeline's structure: the course's create-pipeline.json, whose body it leaves out."""
    image = f"image-{service}"
    return {
        "name": names.pipeline(service),
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
                            "RepositoryName": names.DEPLOYMENT_REPOSITORY,
                            "BranchName": names.BRANCH,
                        },
                    },
                    {
                        "name": "Image",
                        "actionTypeId": action_type("Source", "ECR"),
                        "outputArtifacts": [{"name": image}],
                        "configuration": {"RepositoryName": service, "ImageTag": "latest"},
                    },
                ],
            },
            {
                "name": "Deploy",
                "actions": [
                    {
                        "name": f"Deploy-{service}",
                        "actionTypeId": action_type("Deploy", "CodeDeployToECS"),
                        "inputArtifacts": [{"name": "SourceArtifact"}, {"name": image}],
                        "configuration": {
                            "ApplicationName": names.APPLICATION,
                            "DeploymentGroupName": names.deployment_group(service),
                            "TaskDefinitionTemplateArtifact": "SourceArtifact",
                            "TaskDefinitionTemplatePath": f"taskdef-{service}.json",
                            "AppSpecTemplateArtifact": "SourceArtifact",
                            "AppSpecTemplatePath": f"appspec-{service}.yaml",
                            "Image1ArtifactName": image,
                            "Image1ContainerName": "IMAGE1_NAME",
                        },
                    }
                ],
            },
        ],
        "version": 1,
    }


PHASE = Phase(
    8,
    "CodeDeploy and CodePipeline",
    "CodeDeploy et CodePipeline",
    (
        Task("8.1", "Application and deployment groups", "Application et groupes de déploiement",
             make_groups, check_groups),
        Task("8.2", "Pipeline of customer", "Pipeline du microservice client",
             partial(make_pipeline, "customer"), partial(check_pipeline, "customer")),
        Task("8.4", "Pipeline of employee", "Pipeline du microservice employé",
             partial(make_pipeline, "employee"), partial(check_pipeline, "employee")),
        Task("8.7", "Builds of both services", "Construction des deux services",
             phase8_builds.make_builds, phase8_builds.check_builds),
    ),
)  # fmt: skip
