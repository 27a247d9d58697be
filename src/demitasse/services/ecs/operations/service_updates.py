"""Updating services."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.ecs.operations import names, placement
from demitasse.services.ecs.operations import service_parts as parts
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.operations.deployments import Deployments, deployments
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import (
    SERVICES,
    Cluster,
    Service,
    find_task_definition,
    task_definition_arn,
)


@api.operation("UpdateService")
def update_service(ctx: Context, given: Input) -> Output:
    """Change a service; what concerns its tasks starts a new deployment (``ECS`` only)."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    item = names.active_service(ctx, cluster.key, given["service"])
    own = item.desired
    parts.refuse(given)
    controller = (given.get("deploymentController") or {}).get("type", own.controller)
    if controller != own.controller:
        raise NotSupported(f"Changing the deployment controller to {controller}")
    changed = _counts_and_rules(given, own)
    if own.controller == "ECS":
        changed = _new_tasks(ctx, cluster.desired, given, changed)
    else:
        _refuse_new_tasks(given, own.controller)
    if "healthCheckGracePeriodSeconds" in given:
        groups = bool(changed.load_balancers) or own.controller == "EXTERNAL"
        changed = msgspec.structs.replace(
            changed, grace_period=parts.grace_period(given, has_groups=groups)
        )
    redeploy = given.get("forceNewDeployment", False) or _tasks_of(changed) != _tasks_of(own)
    item = ctx.tx.desire(SERVICES, item.ref, changed)
    if redeploy:
        item = parts.start_deployment(ctx, item)
    elif changed.desired_count != own.desired_count:
        seen = msgspec.structs.replace(item.observed, steady=False)
        item = ctx.tx.observe(SERVICES, item.ref, seen)
    return {"service": parts.show(ctx, item)}


def _counts_and_rules(given: Input, own: Service) -> Service:
    """What every controller lets a caller change."""
    if given.get("desiredCount") is not None:
        parts.check_count(given["desiredCount"])
        own = msgspec.structs.replace(own, desired_count=given["desiredCount"])
    if given.get("deploymentConfiguration"):
        before = Deployments(own.minimum_healthy_percent, own.maximum_percent, own.circuit_breaker)
        how = deployments(given["deploymentConfiguration"], own.controller, before)
        own = msgspec.structs.replace(
            own,
            minimum_healthy_percent=how.minimum_healthy_percent,
            maximum_percent=how.maximum_percent,
            circuit_breaker=how.circuit_breaker,
        )
    return msgspec.structs.replace(
        own,
        enable_managed_tags=given.get("enableECSManagedTags", own.enable_managed_tags),
        propagate_tags=given.get("propagateTags") or own.propagate_tags,
    )


def _new_tasks(ctx: Context, cluster: Cluster, given: Input, own: Service) -> Service:
    """What starts a new deployment when it differs from what there is."""
    wanted = given.get("taskDefinition") or own.task_definition
    if given.get("taskDefinition"):
        definition = names.runnable_task_definition(ctx, wanted).desired
    else:
        kept = find_task_definition(ctx.tx, ctx.scope, wanted)
        if kept is None:
            raise names.refused("TaskDefinition not found.")
        definition = kept.desired
    arn = task_definition_arn(ctx.scope, definition.family, definition.revision)
    own = msgspec.structs.replace(own, task_definition=arn)
    if given.get("networkConfiguration"):
        network = placement.network(ctx, given["networkConfiguration"])
        own = msgspec.structs.replace(own, network=network)
    if given.get("platformVersion"):
        own = msgspec.structs.replace(own, platform_version=placement.platform_version(given))
    if given.get("capacityProviderStrategy") is not None:
        if given["capacityProviderStrategy"]:
            _, strategy = placement.capacity(given, cluster)
            own = msgspec.structs.replace(own, strategy=strategy)
        else:
            own = msgspec.structs.replace(own, strategy=())
    if given.get("loadBalancers") is not None:
        groups = placement.load_balancers(ctx, given["loadBalancers"], definition)
        return msgspec.structs.replace(own, load_balancers=groups)
    for group in own.load_balancers:
        placement.check_container(group, definition)
    return own


def _refuse_new_tasks(given: Input, controller: str) -> None:
    """What only the deployment controller may change, in AWS's words."""
    use = (
        "Use AWS CodeDeploy to trigger a new deployment."
        if controller == "CODE_DEPLOY"
        else "Use CreateTaskSet to start a new deployment."
    )
    what = f"on services with a {controller} deployment controller. {use}"
    if given.get("taskDefinition"):
        raise invalid(f"Unable to update task definition {what}")
    if given.get("networkConfiguration"):
        raise invalid(f"Unable to update network parameters {what}")
    if given.get("platformVersion"):
        raise invalid(f"Unable to update platform version {what}")
    if given.get("loadBalancers"):
        raise invalid(f"Unable to update load balancers {what}")
    if given.get("capacityProviderStrategy"):
        raise invalid(f"Unable to update capacity provider strategy {what}")
    if given.get("forceNewDeployment"):
        raise invalid(f"Cannot force a new deployment {what}")


def _tasks_of(own: Service) -> tuple[Any, ...]:
    """What decides how the tasks of a service are made."""
    return (
        own.task_definition,
        own.network,
        own.platform_version,
        own.strategy,
        own.load_balancers,
    )
