"""A deployment as its plan sees it, made of what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.codedeploy.records import Deployment, DeploymentObserved
from demitasse.services.codedeploy.records.appspec import AppSpec, read
from demitasse.services.codedeploy.view import Route, SetView, View
from demitasse.services.ec2.records import SECURITY_GROUPS, SUBNETS
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    TASKS,
    Service,
    ServiceObserved,
    Task,
    TaskObserved,
    TaskSet,
    TaskSetObserved,
    computed_desired_count,
    find_task_definition,
    service_key,
    stop_of,
    task_set_key,
    task_sets_of,
)
from demitasse.services.ecs.records.services import status_of
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    Action,
    Health,
    carried_out,
    health,
)
from demitasse.store import Item, Transaction

_PLATFORMS = frozenset({"", "LATEST", "1.4.0"})

ServiceItem = Item[Service, ServiceObserved]


def service_of(tx: Transaction, scope: Scope, deployment: Deployment) -> ServiceItem | None:
    """The ECS service that is deployed to, whatever its state."""
    return tx.get(SERVICES, scope, service_key(deployment.cluster, deployment.service))


def look(tx: Transaction, item: Item[Deployment, DeploymentObserved], now: datetime) -> View:
    """Read all that concerns a deployment."""
    scope, own, seen = item.scope, item.desired, item.observed
    service = service_of(tx, scope, own)
    sets = task_sets_of(tx, service) if service else []
    primary = next(
        (each for each in sets if service and each.desired.id == service.desired.primary), None
    )
    groups = tuple(_group(tx, scope, name) for name in own.pair.target_groups)
    tasks = list(tx.page(TASKS, scope, where=("live", service.key))) if service else []
    revision, code = ("", "")
    if seen.phase == "start" and not own.rolls_back and service is not None:
        revision, code = revision_problem(tx, scope, item, service)
    return View(
        deployment=own,
        seen=seen,
        now=now,
        groups=(groups[0], groups[1]),
        production=_routes(tx, scope, own.pair.production),
        test=_routes(tx, scope, own.pair.test) if own.pair.test else (),
        balancer=_balancer_problem(tx, scope, own.pair.production),
        service=_service_problem(own, service),
        revision=revision,
        revision_code=code,
        primary=service.desired.primary if service else "",
        primary_group=_group_of(primary),
        sets={
            each.desired.id: _set(tx, service, each, tasks) for each in sets if service is not None
        },
    )


def appspec_of(item: Item[Deployment, DeploymentObserved]) -> AppSpec:
    """The deployment's AppSpec. ``ServiceError``: ``InvalidRevisionException``."""
    return read(item.observed.appspec or item.desired.revision.content)


def trouble(tx: Transaction, item: Item[Deployment, DeploymentObserved]) -> str:
    """Why the replacement's tasks do not come up, in ECS's words; "" when nothing is known.

    CodeDeploy waits for them for an hour, whatever happens to them.
    """
    own, seen = item.desired, item.observed
    if seen.phase != "install" or seen.green is None:
        return ""
    key = task_set_key(own.cluster, own.service, seen.green.id)
    green = tx.get(TASK_SETS, item.scope, key)
    if green is None:
        return ""
    if green.observed.failure:
        return (
            f"The replacement's tasks fail (failures so far: {green.observed.failures}). ECS reports:"
            f" {green.observed.failure}"
        )
    live = tx.page(TASKS, item.scope, where=("live", service_key(own.cluster, own.service)))
    ill = (
        f"The replacement's tasks run, but are unhealthy: {each.description}"
        for task in live
        if task.desired.task_set == seen.green.id
        for each in _healths(tx, task)
        if each is not None and each.state == "unhealthy"
    )
    return next(ill, "")


def _group(tx: Transaction, scope: Scope, name: str) -> str:
    found = tx.one(TARGET_GROUPS, scope, "name", name)
    return found.key if found else ""


def _group_of(item: Item[TaskSet, TaskSetObserved] | None) -> str:
    if item is None or not item.desired.load_balancers:
        return ""
    return item.desired.load_balancers[0].target_group_arn


def _set(
    tx: Transaction,
    service: ServiceItem,
    item: Item[TaskSet, TaskSetObserved],
    tasks: Iterable[Item[Task, TaskObserved]],
) -> SetView:
    own = item.desired
    count = 0 if service.desired.deleting else service.desired.desired_count
    return SetView(
        id=own.id,
        want=computed_desired_count(count, own.scale),
        healthy=sum(_is_healthy(tx, each) for each in tasks if each.desired.task_set == own.id),
        deleting=own.deleting,
        failure=item.observed.failure,
    )


def _is_healthy(tx: Transaction, task: Item[Task, TaskObserved]) -> bool:
    """Whether a task runs and its target groups have found it healthy, right now."""
    if stop_of(task) is not None or task.observed.status != "RUNNING":
        return False
    if task.observed.health == "UNHEALTHY" or task.observed.interface is None:
        return False
    return all(each is not None and each.state == "healthy" for each in _healths(tx, task))


def _healths(tx: Transaction, task: Item[Task, TaskObserved]) -> list[Health | None]:
    """What each of a task's target groups finds of it; ``None`` where it is no target yet."""
    interface = task.observed.interface
    if interface is None:
        return []
    return [
        health(tx, task.scope, each.target_group_arn, interface.address, each.container_port)
        for each in task.desired.load_balancers
    ]


def _routes(tx: Transaction, scope: Scope, listener_arn: str) -> tuple[Route, ...] | None:
    listener = tx.get(LISTENERS, scope, listener_arn)
    if listener is None:
        return None
    rules = tx.page(RULES, scope, where=("listener", listener_arn))
    found = [_route(listener.key, listener.desired.actions, carried=carried_out(listener))]
    found += [_route(rule.key, rule.desired.actions, carried=carried_out(rule)) for rule in rules]
    return tuple(route for route in found if route.weights)


def _balancer_problem(tx: Transaction, scope: Scope, listener_arn: str) -> str:
    listener = tx.get(LISTENERS, scope, listener_arn)
    if listener is None:
        return ""
    balancer = tx.get(LOAD_BALANCERS, scope, listener.desired.load_balancer_arn)
    return balancer.observed.reason if balancer else ""


def _route(arn: str, actions: Iterable[Action], *, carried: bool) -> Route:
    weights = {
        group.target_group_arn: group.weight for action in actions for group in action.groups
    }
    return Route(arn, weights, carried)


def _service_problem(own: Deployment, service: ServiceItem | None) -> str:
    if service is None or status_of(service) == "INACTIVE":
        return (
            f"The ECS service {own.service} does not exist in the cluster {own.cluster}, or is"
            " no longer active"
        )
    if service.desired.deleting:
        return f"The ECS service {own.service} is being deleted"
    if service.desired.controller != "CODE_DEPLOY":
        return (
            f"The deployment controller of the ECS service {own.service} must be CODE_DEPLOY,"
            f" not {service.desired.controller}"
        )
    if not service.desired.primary:
        return f"The ECS service {own.service} has no primary task set"
    return ""


def revision_problem(
    tx: Transaction,
    scope: Scope,
    item: Item[Deployment, DeploymentObserved],
    service: ServiceItem,
) -> tuple[str, str]:
    """What is wrong with what the AppSpec asks for, and AWS's ErrorCode; ``("", "")`` if nothing."""
    try:
        spec = appspec_of(item)
    except ServiceError as error:
        return error.message, "INVALID_REVISION"
    problem = _ecs_problem(tx, scope, spec, service)
    if not problem:
        return "", ""
    message = (
        f"The ECS service cannot be updated due to an unexpected error: {problem} (Service:"
        " AmazonECS; Status Code: 400; Error Code: InvalidParameterException)"
    )
    return message, "ECS_UPDATE_ERROR"


def _ecs_problem(tx: Transaction, scope: Scope, spec: AppSpec, service: ServiceItem) -> str:
    definition = find_task_definition(tx, scope, spec.task_definition)
    if definition is None:
        return f"Unable to find the task definition {spec.task_definition}."
    if definition.desired.status != "ACTIVE":
        return "TaskDefinition is inactive"
    if "FARGATE" not in definition.desired.compatibilities:
        return "Task definition does not support launch_type FARGATE."
    container = definition.desired.container(spec.container)
    if container is None:
        return f"The container {spec.container} does not exist in the task definition."
    if all(each.container_port != spec.port for each in container.port_mappings):
        return f"The container {spec.container} did not have a container port {spec.port} defined."
    if spec.platform_version not in _PLATFORMS:
        return f"The specified platform does not exist: {spec.platform_version}"
    if spec.network is not None:
        for name in spec.network.subnets:
            if tx.get(SUBNETS, scope, name) is None:
                return f"The subnet ID '{name}' does not exist"
        for name in spec.network.security_groups:
            if tx.get(SECURITY_GROUPS, scope, name) is None:
                return f"The security group '{name}' does not exist"
    return "" if spec.network or service.desired.network else "Network Configuration is missing."
