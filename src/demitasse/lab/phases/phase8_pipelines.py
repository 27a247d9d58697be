"""Phase 8: CodeDeploy and CodePipeline, from a change to production."""

from __future__ import annotations

from functools import partial
from typing import Any

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.task import Phase, Task
from demitasse.lab.workspace import Workspace

_TERMINATION_MINUTES = 5


def make_groups(lab: Workspace) -> None:
    """Create the application and a deployment group for each service."""
    deploy = lab.client("codedeploy")
    if lab.deployment_application(names.APPLICATION) is None:
        deploy.create_application(applicationName=names.APPLICATION, computePlatform="ECS")
    for service in names.SERVICES:
        if lab.deployment_group(names.deployment_group(service)) is None:
            deploy.create_deployment_group(**deployment_group(lab, service))


def check_groups(lab: Workspace) -> None:
    """Both groups are there."""
    for service in names.SERVICES:
        if lab.deployment_group(names.deployment_group(service)) is None:
            raise NotYet(f"there is no deployment group {names.deployment_group(service)}")


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
    bucket = names.artifact_bucket(lab.account())
    if not lab.has_bucket(bucket):
        where = (
            {}
            if lab.session.region_name == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": lab.session.region_name}}
        )
        lab.client("s3").create_bucket(Bucket=bucket, **where)
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
        "artifactStore": {"type": "S3", "location": names.artifact_bucket(lab.account())},
        "stages": [
            {
                "name": "Source",
                "actions": [
                    {
                        "name": "Source",
                        "actionTypeId": _action_type("Source", "CodeCommit"),
                        "outputArtifacts": [{"name": "SourceArtifact"}],
                        "configuration": {
                            "RepositoryName": names.DEPLOYMENT_REPOSITORY,
                            "BranchName": names.BRANCH,
                        },
                    },
                    {
                        "name": "Image",
                        "actionTypeId": _action_type("Source", "ECR"),
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
                        "actionTypeId": _action_type("Deploy", "CodeDeployToECS"),
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


def _action_type(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


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
    ),
)  # fmt: skip
