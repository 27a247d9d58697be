"""A cluster with an image, and what tests of ECS do with it."""

from __future__ import annotations

import itertools
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.acceptance.commands import run
from tests.acceptance.conftest import Installation

from demitasse.accounts import identity
from demitasse.ids import RandomIds

Until = Callable[..., Any]
ROLE = "arn:aws:iam::000000000000:role/PipelineRole"
PORT = 8080
_numbers = itertools.count(1)
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Scene:
    """A cluster of its own, an image in the registry, and clients."""

    platform: Installation
    until: Until
    image: str
    cluster: str

    def __post_init__(self) -> None:
        self.ecs = self.platform.client("ecs")
        self.elb = self.platform.client("elbv2")
        self.logs = self.platform.client("logs")
        ec2 = self.platform.client("ec2")
        self.vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        self.subnets = [each["SubnetId"] for each in found["Subnets"]][:2]
        self.group = ec2.create_security_group(
            GroupName=self.cluster, Description="open", VpcId=self.vpc
        )["GroupId"]
        for port in (80, PORT):
            ec2.authorize_security_group_ingress(
                GroupId=self.group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
            )
        self.installation = identity(self.platform.settings.identity_file, RandomIds()).installation

    @property
    def network(self) -> dict[str, Any]:
        return {
            "awsvpcConfiguration": {
                "subnets": self.subnets,
                "securityGroups": [self.group],
                "assignPublicIp": "ENABLED",
            }
        }

    def register(self, *containers: dict[str, Any], **more: Any) -> str:
        """A task definition of a new family; its ARN."""
        given = {
            "family": f"family-{next(_numbers)}",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": ROLE,
            **more,
        }
        made = self.ecs.register_task_definition(
            **given, containerDefinitions=[{"image": self.image, **each} for each in containers]
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def web(self, version: str, **more: Any) -> str:
        """A task definition of the little server, logging to ``/ecs/<cluster>``."""
        return self.register(
            {
                "name": "web",
                "portMappings": [{"containerPort": PORT}],
                "environment": [{"name": "VERSION", "value": version}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": f"/ecs/{self.cluster}",
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "t",
                        "awslogs-create-group": "true",
                    },
                },
                **more,
            }
        )

    def balancer(self) -> tuple[str, str]:
        """A load balancer with one target group: the group's ARN, and the page's URL."""
        name = f"{self.cluster}-{next(_numbers)}"
        made = self.elb.create_load_balancer(
            Name=name, Subnets=self.subnets, SecurityGroups=[self.group]
        )["LoadBalancers"][0]
        group = self.elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=PORT,
            VpcId=self.vpc,
            TargetType="ip",
            HealthyThresholdCount=2,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}],
        )
        self.elb.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return group, f"http://{made['DNSName']}/"

    def service(self, definition: str, group: str = "", **more: Any) -> str:
        """A service; its name."""
        name = f"service-{next(_numbers)}"
        balancers = [{"targetGroupArn": group, "containerName": "web", "containerPort": PORT}]
        self.ecs.create_service(
            cluster=self.cluster,
            serviceName=name,
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration=self.network,
            loadBalancers=balancers if group else [],
            **{"desiredCount": 1, **more},
        )
        return name

    def stable(self, name: str) -> None:
        self.ecs.get_waiter("services_stable").wait(
            cluster=self.cluster, services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 90}
        )

    def see(self, name: str) -> dict[str, Any]:
        found = self.ecs.describe_services(cluster=self.cluster, services=[name])
        return dict(found["services"][0])

    def run(self, definition: str, **more: Any) -> str:
        made = self.ecs.run_task(
            cluster=self.cluster,
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration=self.network,
            **more,
        )
        return str(made["tasks"][0]["taskArn"])

    def task(self, arn: str) -> dict[str, Any]:
        return dict(self.ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"][0])

    def tasks(self, name: str) -> list[dict[str, Any]]:
        pages = self.ecs.get_paginator("list_tasks").paginate(
            cluster=self.cluster, serviceName=name
        )
        arns = [arn for page in pages for arn in page["taskArns"]]
        if not arns:
            return []
        return list(self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"])

    def waits(self, name: str, *arns: str) -> None:
        self.ecs.get_waiter(name).wait(
            cluster=self.cluster, tasks=list(arns), WaiterConfig={"Delay": 1, "MaxAttempts": 90}
        )

    def containers(self, kind: str = "task", *, every: bool = True) -> list[str]:
        """The engine's containers of this scene's cluster, by name."""
        found = run(
            "docker",
            "ps",
            *(("-a",) if every else ()),
            "--filter",
            f"label=demitasse.installation={self.installation}",
            "--filter",
            f"label=demitasse.kind={kind}",
            "--filter",
            f"label=demitasse.cluster={self.cluster}",
            "--format",
            "{{.Names}}",
        )
        return sorted(found.split())


def get(url: str, seconds: float = 5.0) -> str:
    with _opener.open(url, timeout=seconds) as answer:
        return str(answer.read().decode())


def address(task: dict[str, Any]) -> str:
    return str(task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"])


def container(task: dict[str, Any], name: str = "web") -> str:
    return f"demitasse-task-{task['taskArn'].rpartition('/')[2]}-{name}"
