"""Task sets of services with the ``EXTERNAL`` controller; CodeDeploy writes its own."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ecs import describe
from demitasse.services.ecs.operations import names, placement, tags
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.operations.names import invalid
from demitasse.services.ecs.records import (
    TASK_SETS,
    Service,
    ServiceObserved,
    TaskSet,
    TaskSetObserved,
    create_task_set,
    delete_task_set,
    scale_task_set,
    set_primary,
    task_definition_arn,
    task_set_arn,
    task_sets_of,
)
from demitasse.store import Item

MOST_TASK_SETS = 5


@api.operation("CreateTaskSet")
def create(ctx: Context, given: Input) -> Output:
    """A further task set, five at most. It starts no traffic."""
    cluster = names.active_cluster(ctx, given["cluster"])
    service = _external(ctx, cluster.key, given["service"])
    sets = task_sets_of(ctx.tx, service)
    token = given.get("clientToken", "")
    for each in sets:
        if token and each.desired.client_token == token:
            return {"taskSet": describe.task_set(each, service)}
    if len(sets) >= MOST_TASK_SETS:
        raise ServiceError(
            "LimitExceededException", f"A service can have at most {MOST_TASK_SETS} task sets."
        )
    if given.get("serviceRegistries"):
        raise NotSupported("serviceRegistries")
    definition = names.runnable_task_definition(ctx, given["taskDefinition"]).desired
    launch_type, strategy = placement.capacity(given, cluster.desired)
    made = create_task_set(
        ctx.tx,
        service,
        ctx.ids,
        ctx.now,
        task_definition=task_definition_arn(ctx.scope, definition.family, definition.revision),
        network=placement.network(ctx, given.get("networkConfiguration")),
        load_balancers=placement.load_balancers(ctx, given.get("loadBalancers", ()), definition),
        launch_type=launch_type,
        strategy=strategy,
        platform_version=placement.platform_version(given),
        scale=_scale(given.get("scale")),
        external_id=given.get("externalId", ""),
        client_token=token,
        tags=tags.checked(given.get("tags")),
    )
    return {"taskSet": describe.task_set(made, service)}


@api.operation("UpdateTaskSet")
def update(ctx: Context, given: Input) -> Output:
    """Change the scale of a task set."""
    cluster = names.active_cluster(ctx, given["cluster"])
    service = _external(ctx, cluster.key, given["service"])
    item = _task_set(ctx, service, given["taskSet"])
    if item.desired.deleting:
        raise invalid("The task set is being deleted.")
    scale_task_set(ctx.tx, item.ref, _scale(given["scale"]), ctx.now)
    return {"taskSet": describe.task_set(_task_set(ctx, service, item.desired.id), service)}


@api.operation("DeleteTaskSet")
def delete(ctx: Context, given: Input) -> Output:
    """Without ``force`` only one that is scaled down to zero."""
    cluster = names.active_cluster(ctx, given["cluster"])
    service = _external(ctx, cluster.key, given["service"])
    item = _task_set(ctx, service, given["taskSet"])
    if not given.get("force") and item.desired.scale > 0:
        raise invalid("The task set cannot be deleted while it is scaled above 0.")
    delete_task_set(ctx.tx, item.ref, ctx.now)
    return {"taskSet": describe.task_set(_task_set(ctx, service, item.desired.id), service)}


@api.operation("DescribeTaskSets")
def describe_task_sets(ctx: Context, given: Input) -> Output:
    """The task sets of a service of the ``CODE_DEPLOY`` or ``EXTERNAL`` controller."""
    cluster = names.active_cluster(ctx, given["cluster"])
    service = names.active_service(ctx, cluster.key, given["service"])
    if service.desired.controller == "ECS":
        raise invalid("Task sets are only there for CODE_DEPLOY and EXTERNAL controllers.")
    sets = task_sets_of(ctx.tx, service)
    failures = []
    if given.get("taskSets"):
        wanted = {_identity(each): each for each in given["taskSets"]}
        found = {each.desired.id for each in sets}
        own = service.desired
        failures = [
            names.missing(task_set_arn(ctx.scope, own.cluster, own.name, identity))
            for identity in wanted
            if identity not in found
        ]
        sets = [each for each in sets if each.desired.id in wanted]
    shown = [describe.task_set(each, service) for each in sets]
    if "TAGS" not in given.get("include", ()):
        shown = [{**each, "tags": None} for each in shown]
    return {"taskSets": shown, "failures": failures}


@api.operation("UpdateServicePrimaryTaskSet")
def update_primary(ctx: Context, given: Input) -> Output:
    """Say which task set serves production."""
    cluster = names.active_cluster(ctx, given["cluster"])
    service = _external(ctx, cluster.key, given["service"])
    item = _task_set(ctx, service, given["primaryTaskSet"])
    if item.desired.deleting:
        raise invalid("The task set is being deleted.")
    service = set_primary(ctx.tx, service, item.desired.id)
    return {"taskSet": describe.task_set(item, service)}


def _external(ctx: Context, cluster: str, given: str) -> Item[Service, ServiceObserved]:
    service = names.active_service(ctx, cluster, given)
    if service.desired.controller != "EXTERNAL":
        raise invalid(
            "Task sets can be changed only for services with an EXTERNAL deployment controller,"
            f" not {service.desired.controller}."
        )
    return service


def _task_set(
    ctx: Context, service: Item[Service, ServiceObserved], given: str
) -> Item[TaskSet, TaskSetObserved]:
    item = ctx.tx.get(TASK_SETS, ctx.scope, f"{service.key}/{_identity(given)}")
    if item is None:
        raise ServiceError("TaskSetNotFoundException", "The specified task set does not exist.")
    return item


def _identity(given: str) -> str:
    """``ecs-svc/<digits>`` from an id or an ARN."""
    return "/".join(given.split("/")[-2:])


def _scale(given: Input | None) -> float:
    given = given or {}
    value: float = given.get("value", 100.0 if not given else 0.0)
    if given.get("unit", "PERCENT") != "PERCENT" or not 0 <= value <= 100:
        raise invalid("The scale of a task set must be between 0 and 100 PERCENT.")
    return value
