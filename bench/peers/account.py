"""The same few resources in an account of anything that speaks AWS's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Aws(Protocol):
    """Something to make resources in, and to measure."""

    @property
    def name(self) -> str: ...
    @property
    def setup(self) -> str: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def process(self) -> int:
        """The server's process id."""

    def client(self, service: str) -> Any:
        """A boto3 client."""


@dataclass(frozen=True)
class Network:
    """Where things go."""

    vpc: str
    subnets: list[str]
    security_group: str


def network(aws: Aws) -> Network:
    """The default VPC, with a security group that lets everybody in."""
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    group = ec2.create_security_group(GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0"
    )
    return Network(vpc, sorted(each["SubnetId"] for each in subnets)[:2], group)


def cluster(aws: Aws) -> None:
    """An ECS cluster."""
    aws.client("ecs").create_cluster(clusterName="bench")


def task_definition(aws: Aws) -> str:
    """A task definition of one container; its ARN."""
    made = aws.client("ecs").register_task_definition(
        family="bench",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "web", "image": "web", "portMappings": [{"containerPort": 8080}]}
        ],
    )
    arn: str = made["taskDefinition"]["taskDefinitionArn"]
    return arn


def service(aws: Aws, place: Network, definition: str) -> None:
    """An ECS service that asks for no task, in the cluster."""
    aws.client("ecs").create_service(
        cluster="bench",
        serviceName="bench",
        taskDefinition=definition,
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": place.subnets,
                "securityGroups": [place.security_group],
                "assignPublicIp": "ENABLED",
            }
        },
    )


def load_balancer(aws: Aws, place: Network) -> tuple[str, str]:
    """A load balancer; its ARN and DNS name."""
    made = aws.client("elbv2").create_load_balancer(
        Name="bench", Subnets=place.subnets, SecurityGroups=[place.security_group]
    )["LoadBalancers"][0]
    return made["LoadBalancerArn"], made["DNSName"]


def listener(
    aws: Aws, place: Network, load_balancer_arn: str, port: int, target: tuple[str, int]
) -> str:
    """A listener that forwards to one ip target, checked on ``/``; the target group's ARN."""
    elb = aws.client("elbv2")
    group: str = elb.create_target_group(
        Name="bench", Protocol="HTTP", Port=8080, VpcId=place.vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    there = {"Id": target[0], "Port": target[1], "AvailabilityZone": "all"}
    elb.register_targets(TargetGroupArn=group, Targets=[there])
    elb.create_listener(
        LoadBalancerArn=load_balancer_arn,
        Protocol="HTTP",
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return group
