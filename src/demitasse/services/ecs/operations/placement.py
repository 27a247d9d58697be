"""How tasks are to be placed: capacity, platform, network, target groups - checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demitasse.api import Input
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.records import SECURITY_GROUPS, SUBNETS
from demitasse.services.ecs.operations import clusters
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import (
    CapacityProviderUse,
    Cluster,
    LoadBalancer,
    Network,
    TaskDefinition,
)
from demitasse.services.ecs.records.shapes import read
from demitasse.services.ecs.records.tasks import PLATFORM_VERSION
from demitasse.services.elbv2.records import TARGET_GROUPS, load_balancer_of

MOST_SUBNETS = 16
MOST_GROUPS = 5
MOST_LOAD_BALANCERS = 5


def capacity(given: Input, cluster: Cluster) -> tuple[str, tuple[CapacityProviderUse, ...]]:
    """The launch type and the capacity provider strategy of an input, or the cluster's default."""
    launch_type = given.get("launchType")
    strategy = clusters.strategy(given.get("capacityProviderStrategy"))
    if launch_type and strategy:
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove"
            " one and try again."
        )
    if launch_type is None:
        strategy = strategy or cluster.default_strategy
        if not strategy:
            raise NotSupported(
                "launchType EC2 (meant when neither a launch type nor a capacity provider strategy"
                " is given)"
            )
    elif launch_type != "FARGATE":
        raise NotSupported(f"launchType {launch_type}")
    for each in strategy:
        if each.capacity_provider not in cluster.capacity_providers:
            raise invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that"
                " is not associated with the cluster. Associate the capacity provider with the"
                " cluster and try again."
            )
    return "FARGATE", strategy


def platform_version(given: Input) -> str:
    """``LATEST`` or the one version there is. ``PlatformUnknownException``."""
    version: str = given.get("platformVersion") or "LATEST"
    if version not in ("LATEST", PLATFORM_VERSION):
        raise ServiceError(
            "PlatformUnknownException", f"The specified platform does not exist: {version}"
        )
    return version


def network(ctx: Context, given: dict[str, Any] | None) -> Network:
    """A network configuration whose subnets and security groups exist, in one VPC.

    Without security groups it is the VPC's default one.
    """
    configuration = (given or {}).get("awsvpcConfiguration")
    if not configuration:
        raise invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    value = read(Network, configuration, "networkConfiguration.awsvpcConfiguration")
    if not value.subnets:
        raise invalid("subnets can not be empty.")
    if len(value.subnets) > MOST_SUBNETS:
        raise invalid(f"subnets can have at most {MOST_SUBNETS} items.")
    if len(value.security_groups) > MOST_GROUPS:
        raise invalid(f"securityGroups can have at most {MOST_GROUPS} items.")
    if value.assign_public_ip not in ("ENABLED", "DISABLED"):
        raise invalid("assignPublicIp must be ENABLED or DISABLED.")
    vpcs = set()
    for name in value.subnets:
        subnet = ctx.tx.get(SUBNETS, ctx.scope, name)
        if subnet is None:
            raise invalid(
                f"Error retrieving subnet information for [{', '.join(value.subnets)}]: The subnet"
                f" ID '{name}' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
            )
        vpcs.add(subnet.desired.vpc_id)
    if len(vpcs) > 1:
        raise invalid("The subnets provided are in different VPCs. Provide subnets of one VPC.")
    for name in value.security_groups:
        group = ctx.tx.get(SECURITY_GROUPS, ctx.scope, name)
        if group is None:
            raise invalid(
                f"Error retrieving security group information for"
                f" [{', '.join(value.security_groups)}]: The security group '{name}' does not"
                " exist (ErrorCode: InvalidGroup.NotFound)"
            )
        if group.desired.vpc_id not in vpcs:
            raise invalid(
                f"The security group '{name}' does not belong to the VPC of the subnets provided."
            )
    return value


def load_balancers(
    ctx: Context, given: Iterable[dict[str, Any]], definition: TaskDefinition | None
) -> tuple[LoadBalancer, ...]:
    """Load balancers whose target groups, containers and ports exist.

    ``definition`` is ``None`` when it is known only later.
    """
    values = []
    for number, each in enumerate(given):
        where = f"loadBalancers[{number}]"
        if each.get("loadBalancerName"):
            raise NotSupported(f"{where}.loadBalancerName (a Classic Load Balancer)")
        if each.get("advancedConfiguration"):
            raise NotSupported(f"{where}.advancedConfiguration")
        if not each.get("targetGroupArn"):
            raise invalid("targetGroupArn should not be null or empty.")
        if not each.get("containerName"):
            raise invalid("Container name should not be null or empty.")
        if each.get("containerPort") is None:
            raise invalid("Container port should not be null.")
        values.append(read(LoadBalancer, each, where))
    if len(values) > MOST_LOAD_BALANCERS:
        raise invalid(f"load balancers can have at most {MOST_LOAD_BALANCERS} items.")
    for value in values:
        _check_target_group(ctx, value.target_group_arn)
        if definition is not None:
            check_container(value, definition)
    return tuple(values)


def _check_target_group(ctx: Context, arn: str) -> None:
    group = ctx.tx.get(TARGET_GROUPS, ctx.scope, arn)
    if group is None:
        raise invalid(f"The specified target group {arn} does not exist.")
    target_type = getattr(group.desired, "target_type", "ip")
    if target_type != "ip":
        raise invalid(
            f"The provided target group {arn} has target type {target_type}, which is incompatible"
            " with the awsvpc network mode specified in the task definition."
        )
    if load_balancer_of(ctx.tx, ctx.scope, arn) is None:
        raise invalid(
            f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        )


def check_container(value: LoadBalancer, definition: TaskDefinition) -> None:
    """``InvalidParameterException`` unless the container has that port."""
    container = definition.container(value.container_name)
    if container is None:
        raise invalid(
            f"The container {value.container_name} does not exist in the task definition."
        )
    if all(each.container_port != value.container_port for each in container.port_mappings):
        raise invalid(
            f"The container {value.container_name} did not have a container port"
            f" {value.container_port} defined."
        )
