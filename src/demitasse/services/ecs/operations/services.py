"""Services: create, update, delete, describe, list."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ecs import describe
from demitasse.services.ecs.operations import names, placement, tags
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.operations.deployments import Deployments, deployments
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    Cluster,
    Service,
    ServiceObserved,
    create_task_set,
    find_task_definition,
    service_arn,
    service_key,
    task_definition_arn,
    task_sets_of,
)
from demitasse.services.ecs.records.services import status_of
from demitasse.store import Item

MOST_TASKS = 5000
_REFUSED = (
    "serviceRegistries",
    "placementConstraints",
    "placementStrategy",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
    "monitoring",
    "enableExecuteCommand",
)
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
            return {"service": show(ctx, existing)}
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
        item = start_deployment(ctx, item)
    return {"service": show(ctx, item)}


def start_deployment(
    ctx: Context, item: Item[Service, ServiceObserved]
) -> Item[Service, ServiceObserved]:
    """Give a service a new primary task set that is as the service says now."""
    made = create_task_set(
        ctx.tx,
        item,
        ctx.ids,
        ctx.now,
        task_definition=item.desired.task_definition,
        started_by="CODE_DEPLOY" if item.desired.controller == "CODE_DEPLOY" else "",
    )
    changed = msgspec.structs.replace(item.desired, primary=made.desired.id)
    item = ctx.tx.desire(SERVICES, item.ref, changed)
    return ctx.tx.observe(SERVICES, item.ref, msgspec.structs.replace(item.observed, steady=False))


def _wanted(ctx: Context, cluster_name: str, cluster: Cluster, given: Input) -> Service:
    _refuse(given)
    if given.get("schedulingStrategy", "REPLICA") != "REPLICA":
        raise invalid(
            "The scheduling strategy DAEMON is not supported for the FARGATE launch type. Specify"
            " REPLICA and try again."
        )
    controller = (given.get("deploymentController") or {}).get("type", "ECS")
    desired_count = given.get("desiredCount")
    if desired_count is None:
        raise invalid("DesiredCount is required for the REPLICA scheduling strategy.")
    _check_count(desired_count)
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
        return msgspec.structs.replace(service, grace_period=_grace(given, has_groups=True))
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
        grace_period=_grace(given, has_groups=bool(groups)),
    )


@api.operation("UpdateService")
def update_service(ctx: Context, given: Input) -> Output:
    """Change a service; what concerns its tasks starts a new deployment (``ECS`` only)."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    item = names.active_service(ctx, cluster.key, given["service"])
    own = item.desired
    _refuse(given)
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
        changed = msgspec.structs.replace(changed, grace_period=_grace(given, has_groups=groups))
    redeploy = given.get("forceNewDeployment", False) or _tasks_of(changed) != _tasks_of(own)
    item = ctx.tx.desire(SERVICES, item.ref, changed)
    if redeploy:
        item = start_deployment(ctx, item)
    elif changed.desired_count != own.desired_count:
        seen = msgspec.structs.replace(item.observed, steady=False)
        item = ctx.tx.observe(SERVICES, item.ref, seen)
    return {"service": show(ctx, item)}


def _counts_and_rules(given: Input, own: Service) -> Service:
    """What every controller lets a caller change."""
    if given.get("desiredCount") is not None:
        _check_count(given["desiredCount"])
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
    return {"service": show(ctx, ctx.tx.desire(SERVICES, item.ref, changed))}


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
            services.append(show(ctx, item, with_tags="TAGS" in include))
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


def show(ctx: Context, item: Item[Service, ServiceObserved], *, with_tags: bool = True) -> Output:
    """The service with its task sets, as it is now."""
    return describe.service(item, task_sets_of(ctx.tx, item), with_tags=with_tags)


def _refuse(given: Input) -> None:
    for member in _REFUSED:
        if given.get(member):
            raise NotSupported(member)
    if (given.get("serviceConnectConfiguration") or {}).get("enabled"):
        raise NotSupported("serviceConnectConfiguration")
    if given.get("availabilityZoneRebalancing", "DISABLED") != "DISABLED":
        raise NotSupported("availabilityZoneRebalancing ENABLED")


def _check_count(count: int) -> None:
    if not 0 <= count <= MOST_TASKS:
        raise invalid(f"The desired count must be between 0 and {MOST_TASKS}.")


def _grace(given: Input, *, has_groups: bool) -> int | None:
    seconds: int | None = given.get("healthCheckGracePeriodSeconds")
    if seconds is None:
        return 0 if has_groups else None
    if not has_groups:
        raise invalid(
            "Health check grace period is only valid for services configured to use load balancers"
        )
    if not 0 <= seconds <= 2_147_483_647:
        raise invalid("The health check grace period must be between 0 and 2147483647 seconds.")
    return seconds
