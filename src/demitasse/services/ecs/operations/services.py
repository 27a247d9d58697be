"""Services: create, update, delete, describe, list."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ecs.operations import names, placement, tags
from demitasse.services.ecs.operations import service_parts as parts
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.operations.deployments import Deployments, deployments
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    Cluster,
    Service,
    service_arn,
    service_key,
    task_definition_arn,
    task_sets_of,
)
from demitasse.services.ecs.records.services import status_of

_EXTERNAL_NEVER = (
    "taskDefinition",
    "loadBalancers",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
)


@api.operation("CreateService")
def create_service(ctx: Context, given: Input) -> Output:
    """A service, and its first deployment (``ECS``) or primary task set (``CODE_DEPLOY``)."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    name = given["serviceName"]
    if not names.NAME.fullmatch(name):
        raise invalid(
            "The service name must have 1 to 255 letters, numbers, hyphens and underscores."
        )
    existing = ctx.tx.get(SERVICES, ctx.scope, service_key(cluster.key, name))
    if existing is not None:
        status = status_of(existing)
        token = given.get("clientToken")
        if status == "ACTIVE" and token and token == existing.desired.client_token:
            return {"service": parts.show(ctx, existing)}
        if status == "ACTIVE":
            raise invalid("Creation of service was not idempotent.")
        if status == "DRAINING":
            raise invalid("Unable to Start a service that is still Draining.")
    service = _wanted(ctx, cluster.key, cluster.desired, given)
    if existing is not None:
        for each in task_sets_of(ctx.tx, existing):
            ctx.tx.delete(TASK_SETS, each.ref)
        ctx.tx.delete(SERVICES, existing.ref)
    item = ctx.tx.create(SERVICES, ctx.scope, service_key(cluster.key, name), service)
    if service.controller != "EXTERNAL":
        item = parts.start_deployment(ctx, item)
    return {"service": parts.show(ctx, item)}


def _wanted(ctx: Context, cluster_name: str, cluster: Cluster, given: Input) -> Service:
    parts.refuse(given)
    if given.get("schedulingStrategy", "REPLICA") != "REPLICA":
        raise invalid(
            "The scheduling strategy DAEMON is not supported for the FARGATE launch type. Specify"
            " REPLICA and try again."
        )
    controller = (given.get("deploymentController") or {}).get("type", "ECS")
    desired_count = given.get("desiredCount")
    if desired_count is None:
        raise invalid("DesiredCount is required for the REPLICA scheduling strategy.")
    parts.check_count(desired_count)
    how = deployments(given.get("deploymentConfiguration"), controller, Deployments())
    service = Service(
        cluster=cluster_name,
        name=given["serviceName"],
        created_at=ctx.now,
        created_by=ctx.caller.arn,
        desired_count=desired_count,
        controller=controller,
        minimum_healthy_percent=how.minimum_healthy_percent,
        maximum_percent=how.maximum_percent,
        circuit_breaker=how.circuit_breaker,
        enable_managed_tags=given.get("enableECSManagedTags", False),
        propagate_tags=given.get("propagateTags", "NONE"),
        client_token=given.get("clientToken", ""),
        tags=tags.checked(given.get("tags")),
    )
    if controller == "EXTERNAL":
        for member in _EXTERNAL_NEVER:
            if given.get(member):
                raise invalid(
                    f"{member} cannot be specified for a service with an EXTERNAL deployment"
                    " controller: it is a part of its task sets."
                )
        return msgspec.structs.replace(
            service, grace_period=parts.grace_period(given, has_groups=True)
        )
    return _with_tasks(ctx, cluster, given, service)


def _with_tasks(ctx: Context, cluster: Cluster, given: Input, service: Service) -> Service:
    if not given.get("taskDefinition"):
        raise invalid("TaskDefinition can not be blank.")
    definition = names.runnable_task_definition(ctx, given["taskDefinition"]).desired
    launch_type, strategy = placement.capacity(given, cluster)
    network = placement.network(ctx, given.get("networkConfiguration"))
    groups = placement.load_balancers(ctx, given.get("loadBalancers", ()), definition)
    if service.controller == "CODE_DEPLOY" and len(groups) != 1:
        raise invalid(
            "Services with a CODE_DEPLOY deployment controller must have exactly one target group"
            " specified."
        )
    if given.get("role") and groups:
        raise invalid(
            "You cannot specify an IAM role for services that require a service linked role."
        )
    return msgspec.structs.replace(
        service,
        task_definition=task_definition_arn(ctx.scope, definition.family, definition.revision),
        launch_type=launch_type,
        strategy=strategy,
        platform_version=placement.platform_version(given),
        network=network,
        load_balancers=groups,
        grace_period=parts.grace_period(given, has_groups=bool(groups)),
    )


@api.operation("DeleteService")
def delete_service(ctx: Context, given: Input) -> Output:
    """The service drains: its tasks stop, and then it is ``INACTIVE`` for an hour."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    item = names.service(ctx, cluster.key, given["service"])
    if status_of(item) == "INACTIVE":
        raise ServiceError("ServiceNotFoundException", "Service not found.")
    own = item.desired
    if not given.get("force") and not own.deleting:
        if own.desired_count > 0:
            raise invalid("The service cannot be stopped while it is scaled above 0.")
        if item.observed.running or item.observed.pending:
            raise invalid(
                "The service cannot be stopped while the primary deployment is scaled above 0."
            )
    changed = msgspec.structs.replace(own, deleting=True, desired_count=0)
    return {"service": parts.show(ctx, ctx.tx.desire(SERVICES, item.ref, changed))}


@api.operation("DescribeServices")
def describe_services(ctx: Context, given: Input) -> Output:
    """Up to ten services; those that are not there are ``failures``."""
    cluster = names.active_cluster(ctx, given.get("cluster")).key
    include = given.get("include", ())
    services, failures = [], []
    for each in names.unique(given["services"], "Services", 10):
        item = names.service_in(ctx, cluster, each)
        if item is None:
            name = each.rpartition("/")[2]
            failures.append(names.missing(service_arn(ctx.scope, cluster, name)))
        else:
            services.append(parts.show(ctx, item, with_tags="TAGS" in include))
    return {"services": services, "failures": failures}


@api.operation("ListServices")
def list_services(ctx: Context, given: Input) -> Output:
    """Services that are active or draining, by name."""
    cluster = names.active_cluster(ctx, given.get("cluster")).key
    if given.get("resourceManagementType", "CUSTOMER") != "CUSTOMER":
        return {"serviceArns": []}
    if given.get("launchType", "FARGATE") != "FARGATE":
        return {"serviceArns": []}
    if given.get("schedulingStrategy", "REPLICA") != "REPLICA":
        return {"serviceArns": []}

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        found = ctx.tx.page(
            SERVICES, ctx.scope, after=after, limit=limit, where=("listed", cluster)
        )
        return [(item.key, service_arn(ctx.scope, cluster, item.desired.name)) for item in found]

    return names.page(given, "serviceArns", rows, default=10)
