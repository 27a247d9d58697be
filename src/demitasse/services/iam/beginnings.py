"""The roles that an account has from the start: the course's, and services' own."""

from __future__ import annotations

import json
from typing import Any

from demitasse.services.base import Context
from demitasse.services.iam.records import ACCOUNTS, ROLES, Account, Role, everywhere

_KEY = "account"
_AWS = "arn:aws:iam::aws:policy"


def trust_of(*services: str) -> str:
    """A trust policy that lets services assume the role."""
    principal: Any = list(services) if len(services) > 1 else services[0]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_PIPELINE = (
    "codebuild.amazonaws.com",
    "codecommit.amazonaws.com",
    "codedeploy.amazonaws.com",
    "codepipeline.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "events.amazonaws.com",
)
_PIPELINE_POLICIES = (
    f"{_AWS}/AWSCodeBuildDeveloperAccess",
    f"{_AWS}/AWSCodeCommitFullAccess",
    f"{_AWS}/AWSCodeDeployFullAccess",
    f"{_AWS}/AWSCodePipeline_FullAccess",
    f"{_AWS}/AmazonEC2ContainerRegistryFullAccess",
    f"{_AWS}/AmazonECS_FullAccess",
    f"{_AWS}/AmazonS3FullAccess",
    f"{_AWS}/CloudWatchLogsFullAccess",
    f"{_AWS}/service-role/AmazonECSTaskExecutionRolePolicy",
)

SERVICE_LINKED = {
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "ecs.application-autoscaling.amazonaws.com": (
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    ),
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "events.amazonaws.com": "AWSServiceRoleForCloudWatchEvents",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
}
"""Services that have a role of their own in an account, and its name."""

_FROM_THE_START = {
    "ecs.amazonaws.com": "Role to enable Amazon ECS to manage your cluster.",
    "elasticloadbalancing.amazonaws.com": "Allows ELB to call AWS services on your behalf.",
    "rds.amazonaws.com": "Allows Amazon RDS to manage AWS resources on your behalf",
}


def service_linked(ctx: Context, service: str, description: str = "") -> Role:
    """A service's own role, not kept yet."""
    return Role(
        name=SERVICE_LINKED[service],
        role_id=ctx.ids.unique_id("AROA"),
        trust_policy=trust_of(service),
        created_at=ctx.now.replace(microsecond=0),
        path=f"/aws-service-role/{service}/",
        description=description,
    )


def seed(ctx: Context) -> None:
    """Make the first roles, once per account: those that are deleted later stay so."""
    scope = everywhere(ctx.scope)
    if ctx.tx.get(ACCOUNTS, scope, _KEY) is not None:
        return
    now = ctx.now.replace(microsecond=0)
    ctx.tx.create(ACCOUNTS, scope, _KEY, Account(created_at=now))
    for role in (
        Role(
            name="PipelineRole",
            role_id=ctx.ids.unique_id("AROA"),
            trust_policy=trust_of(*_PIPELINE),
            created_at=now,
            description="Runs the course's tasks, builds and pipelines",
            attached_policies=_PIPELINE_POLICIES,
        ),
        Role(
            name="DeployRole",
            role_id=ctx.ids.unique_id("AROA"),
            trust_policy=trust_of("codedeploy.amazonaws.com"),
            created_at=now,
            description="Lets CodeDeploy shift traffic between task sets",
            attached_policies=(f"{_AWS}/AWSCodeDeployRoleForECS",),
        ),
        *(service_linked(ctx, *pair) for pair in _FROM_THE_START.items()),
    ):
        if ctx.tx.get(ROLES, scope, role.name) is None:
            ctx.tx.create(ROLES, scope, role.name, role)
