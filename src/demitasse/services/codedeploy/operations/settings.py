"""A deployment group's settings, checked as CodeDeploy checks them for the ECS platform."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy.records import (
    GROUPS,
    AutoRollback,
    BlueGreen,
    Pair,
    find_config,
)
from demitasse.services.codedeploy.records.creating import config_missing
from demitasse.services.ecs.records import SERVICES, service_key
from demitasse.services.ecs.records.services import status_of
from demitasse.services.elbv2.records import LISTENERS, TARGET_GROUPS

LONGEST_WAIT = 2880
"""Minutes: CodeDeploy waits two days at most."""

_ROLE = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,512}")
_OF_INSTANCES = (
    "ec2TagFilters",
    "onPremisesInstanceTagFilters",
    "autoScalingGroups",
    "ec2TagSet",
    "onPremisesTagSet",
    "ec2DeploymentOptions",
)


def refuse_foreign(given: Input) -> None:
    """What concerns instances, and what is not carried out here."""
    for member in _OF_INSTANCES:
        if given.get(member):
            raise ServiceError(
                "InvalidInputException", f"For ECS deployment group, {member} can not be specified"
            )
    for member in ("triggerConfigurations", "terminationHookEnabled"):
        if given.get(member):
            raise NotSupported(member)
    refuse_alarms(given.get("alarmConfiguration"), "alarmConfiguration")


def refuse_alarms(given: Input | None, member: str) -> None:
    """Alarms are CloudWatch's, and would roll back what goes wrong."""
    if given and (given.get("enabled") or given.get("alarms")):
        raise NotSupported(member)


def style(given: Input | None) -> None:
    """Blue/green with traffic control, said in so many words."""
    given = given or {}
    if (given.get("deploymentType"), given.get("deploymentOption")) != (
        "BLUE_GREEN",
        "WITH_TRAFFIC_CONTROL",
    ):
        raise ServiceError(
            "InvalidDeploymentStyleException",
            "For ECS deployment group, deployment type must be BLUE_GREEN and deployment option"
            " must be WITH_TRAFFIC_CONTROL",
        )


def role(ctx: Context, arn: str) -> str:
    """A role of this account."""
    found = _ROLE.fullmatch(arn)
    if found is None:
        raise ServiceError("InvalidRoleException", f"The role ARN {arn} is not valid.")
    if found[1] != ctx.scope.account:
        raise ServiceError("InvalidRoleException", "Cross-account pass role is not allowed.")
    return arn


def config(ctx: Context, name: str) -> str:
    """A deployment configuration that exists."""
    if find_config(ctx.tx, ctx.scope, name) is None:
        raise config_missing(name)
    return name


def ecs_service(ctx: Context, given: Sequence[Input] | None, *, but: str = "") -> tuple[str, str]:
    """Cluster and name of the one service, which no other group (than ``but``) has."""
    if not given or len(given) != 1:
        raise ServiceError(
            "InvalidECSServiceException",
            "For ECS deployment group, exactly one ECS service must be specified",
        )
    name = _last(given[0].get("serviceName", ""))
    cluster = _last(given[0].get("clusterName") or "default")
    service = ctx.tx.get(SERVICES, ctx.scope, service_key(cluster, name))
    if service is None or status_of(service) != "ACTIVE":
        raise ServiceError(
            "InvalidECSServiceException",
            f"The ECS service {name!r} could not be found in the cluster {cluster!r}.",
        )
    if service.desired.controller != "CODE_DEPLOY":
        raise ServiceError(
            "InvalidECSServiceException",
            "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment"
            " controller.",
        )
    for other in ctx.tx.page(GROUPS, ctx.scope, where=("service", f"{cluster}/{name}")):
        if other.desired.id != but:
            raise ServiceError(
                "ECSServiceMappingLimitExceededException",
                "The Amazon ECS service is associated with more than one deployment groups. An"
                " Amazon ECS service can be associated with only one deployment group"
                f" (it is with {other.desired.name}).",
            )
    return cluster, name


def pair(ctx: Context, given: Input | None) -> Pair:
    """Two target groups and the listeners of the load balancer in front of them."""
    given = given or {}
    for member in ("elbInfoList", "targetGroupInfoList"):
        if given.get(member):
            raise _balancer(
                f"For ECS deployment group, {member} can not be specified; use"
                " targetGroupPairInfoList"
            )
    pairs: list[Any] = list(given.get("targetGroupPairInfoList") or ())
    if len(pairs) != 1:
        raise _balancer(
            "For ECS deployment group, loadBalancerInfo must be specified with exactly one target"
            " group pair"
        )
    named = [each.get("name", "") for each in pairs[0].get("targetGroups") or ()]
    if len(named) != 2 or not all(named):
        raise _pair("A target group pair must have two target groups.")
    if named[0] == named[1]:
        raise _pair("Target group pair must have distinct target groups.")
    for name in named:
        if ctx.tx.one(TARGET_GROUPS, ctx.scope, "name", name) is None:
            raise _pair(f"The target group {name} could not be found.")
    production = _listener(ctx, pairs[0].get("prodTrafficRoute"), "prodTrafficRoute")
    if not production:
        raise _pair("A target group pair must have a production traffic route (prodTrafficRoute).")
    test = _listener(ctx, pairs[0].get("testTrafficRoute"), "testTrafficRoute")
    if test == production:
        raise _pair("The production and the test traffic route must have different listeners.")
    return Pair((named[0], named[1]), production, test)


def blue_green(given: Input | None) -> BlueGreen:
    """The waits of a blue/green deployment."""
    if not given:
        raise _waits("For ECS deployment group, blueGreenDeploymentConfiguration must be specified")
    if given.get("greenFleetProvisioningOption"):
        raise ServiceError(
            "InvalidGreenFleetProvisioningOptionException",
            "For ECS deployment group, greenFleetProvisioningOption can not be specified",
        )
    ready = given.get("deploymentReadyOption") or {}
    action = ready.get("actionOnTimeout", "CONTINUE_DEPLOYMENT")
    ready_wait = _minutes(ready, "waitTimeInMinutes", "deploymentReadyOption")
    if action == "CONTINUE_DEPLOYMENT" and ready_wait:
        raise _waits(
            "deploymentReadyOption.waitTimeInMinutes can be specified only with the action"
            " STOP_DEPLOYMENT"
        )
    blue = given.get("terminateBlueInstancesOnDeploymentSuccess") or {}
    if blue.get("action", "TERMINATE") != "TERMINATE":
        raise _waits(
            "For ECS deployment group, terminateBlueInstancesOnDeploymentSuccess.action must be"
            " TERMINATE"
        )
    wait = _minutes(
        blue, "terminationWaitTimeInMinutes", "terminateBlueInstancesOnDeploymentSuccess"
    )
    return BlueGreen(action, ready_wait, wait)


def auto_rollback(given: Input | None) -> AutoRollback | None:
    """On which events a deployment is rolled back."""
    if given is None:
        return None
    enabled, events = bool(given.get("enabled")), tuple(dict.fromkeys(given.get("events") or ()))
    if enabled and not events:
        raise ServiceError(
            "InvalidAutoRollbackConfigException",
            "An automatic rollback configuration that is enabled must have events.",
        )
    return AutoRollback(enabled, events)


def _listener(ctx: Context, given: Input | None, member: str) -> str:
    arns: list[Any] = list((given or {}).get("listenerArns") or ())
    if not arns:
        return ""
    if len(arns) != 1:
        raise _pair(f"{member} must have exactly one listener.")
    if ctx.tx.get(LISTENERS, ctx.scope, arns[0]) is None:
        raise _pair(f"The listener {arns[0]} of {member} could not be found.")
    return str(arns[0])


def _minutes(given: Input, member: str, where: str) -> int:
    value = int(given.get(member) or 0)
    if not 0 <= value <= LONGEST_WAIT:
        raise _waits(f"{where}.{member} must be from 0 to {LONGEST_WAIT}")
    return value


def _last(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _balancer(message: str) -> ServiceError:
    return ServiceError("InvalidLoadBalancerInfoException", message)


def _pair(message: str) -> ServiceError:
    return ServiceError("InvalidTargetGroupPairException", message)


def _waits(message: str) -> ServiceError:
    return ServiceError("InvalidBlueGreenDeploymentConfigurationException", message)
