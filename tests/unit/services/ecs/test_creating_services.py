"""Creating services: once, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.ecs.stand import Stand

SERVICE: dict[str, Any] = {
    "cluster": "c",
    "serviceName": "web",
    "taskDefinition": "web",
    "desiredCount": 1,
    "launchType": "FARGATE",
}


def test_a_service_is_made_once() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    first = stand.service(clientToken="t")
    assert stand.service(clientToken="t")["serviceArn"] == first["serviceArn"]
    answer = stand.refusal("CreateService", **{**SERVICE, "networkConfiguration": stand.network})
    assert answer == ("InvalidParameterException", "Creation of service was not idempotent.")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networkConfiguration": None}, "Network Configuration must be provided when networkMode"),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-x"]}}},
            "The subnet ID 'subnet-x' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
        ),
        (
            {
                "networkConfiguration": lambda stand: {
                    "awsvpcConfiguration": {
                        "subnets": stand.subnets[:1],
                        "securityGroups": ["sg-x"],
                    }
                }
            },
            "The security group 'sg-x' does not exist (ErrorCode: InvalidGroup.NotFound)",
        ),
        ({"taskDefinition": None}, "TaskDefinition can not be blank."),
        ({"taskDefinition": "nope"}, "TaskDefinition not found."),
        ({"desiredCount": None}, "DesiredCount is required"),
        ({"desiredCount": -1}, "desired count"),
        ({"launchType": "EC2"}, "launchType EC2 is not supported by Demitasse"),
        ({"launchType": "EXTERNAL"}, "launchType EXTERNAL is not supported by Demitasse"),
        ({"launchType": None}, "launchType EC2 (meant when neither"),
        ({"schedulingStrategy": "DAEMON"}, "DAEMON is not supported for the FARGATE launch type"),
        ({"platformVersion": "9.9.9"}, "The specified platform does not exist"),
        ({"serviceRegistries": [{"registryArn": "a"}]}, "serviceRegistries"),
        ({"enableExecuteCommand": True}, "enableExecuteCommand"),
        ({"healthCheckGracePeriodSeconds": 5}, "Health check grace period is only valid for"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "strategy BLUE_GREEN"),
        (
            {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}},
            "Both maximumPercent and minimumHealthyPercent cannot be 100",
        ),
        (
            {
                "deploymentController": {"type": "CODE_DEPLOY"},
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {"enable": True, "rollback": False}
                },
            },
            "DeploymentCircuitBreaker feature can only be enabled with ECS deployment controller.",
        ),
        (
            {"deploymentController": {"type": "CODE_DEPLOY"}},
            "must have exactly one target group",
        ),
        (
            {
                "loadBalancers": [
                    {"targetGroupArn": "arn:x", "containerName": "web", "containerPort": 8080}
                ]
            },
            "The specified target group arn:x does not exist.",
        ),
        (
            {
                "loadBalancers": [
                    {"loadBalancerName": "classic", "containerName": "web", "containerPort": 8080}
                ]
            },
            "a Classic Load Balancer",
        ),
        (
            {
                "loadBalancers": lambda stand: [
                    {
                        "targetGroupArn": stand.target_group(),
                        "containerName": "nope",
                        "containerPort": 8080,
                    }
                ]
            },
            "The container nope does not exist in the task definition.",
        ),
        (
            {
                "loadBalancers": lambda stand: [
                    {
                        "targetGroupArn": stand.target_group(),
                        "containerName": "web",
                        "containerPort": 80,
                    }
                ]
            },
            "The container web did not have a container port 80 defined.",
        ),
        (
            {
                "loadBalancers": lambda stand: [
                    {
                        "targetGroupArn": stand.elb(
                            "CreateTargetGroup",
                            Name="alone",
                            Protocol="HTTP",
                            Port=80,
                            VpcId=stand.vpc,
                            TargetType="ip",
                        )["TargetGroups"][0]["TargetGroupArn"],
                        "containerName": "web",
                        "containerPort": 8080,
                    }
                ]
            },
            "does not have an associated load balancer.",
        ),
    ],
)
def test_services_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    given = {**SERVICE, "networkConfiguration": stand.network, **changes}
    given = {
        key: value(stand) if callable(value) else value
        for key, value in given.items()
        if value is not None
    }
    _, said = stand.refusal("CreateService", **given)
    assert message in said
    assert stand.ecs("ListServices", cluster="c")["serviceArns"] == []
