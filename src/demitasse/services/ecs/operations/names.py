"""From the names and ARNs in an input to records, and the errors when there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.ecs.records import (
    CLUSTERS,
    SERVICES,
    TASKS,
    Cluster,
    Service,
    ServiceObserved,
    Task,
    TaskDefinition,
    TaskObserved,
    find_task_definition,
    service_key,
    task_key,
)
from demitasse.services.ecs.records.services import status_of
from demitasse.store import Item
from demitasse.store.kinds import Nothing

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")

T = TypeVar("T")


def invalid(message: str) -> ServiceError:
    """ECS's error for an input that makes no sense."""
    return ServiceError("InvalidParameterException", message)


def refused(message: str) -> ServiceError:
    """ECS's error for an input that makes sense and is not allowed."""
    return ServiceError("ClientException", message)


def missing(arn: str) -> Output:
    """A ``failures`` item for something that is not there."""
    return {"arn": arn, "reason": "MISSING"}


def _last(ctx: Context, given: str, resource: str) -> list[str]:
    """The parts of a name after the resource's type; an ARN must be of this account and region."""
    if not given.startswith("arn:"):
        return given.split("/")
    prefix = ctx.scope.arn("ecs", f"{resource}/")
    if not given.startswith(prefix):
        raise invalid(f"Invalid identifier: {given} is not the ARN of a {resource} here.")
    return given.removeprefix(prefix).split("/")


def cluster_name(ctx: Context, given: str | None) -> str:
    """The name of a cluster that is given by name or ARN; ``default`` when it is not."""
    return _last(ctx, given, "cluster")[-1] if given else "default"


def active_cluster(ctx: Context, given: str | None) -> Item[Cluster, Nothing]:
    """The cluster. ``ClusterNotFoundException``."""
    item = ctx.tx.get(CLUSTERS, ctx.scope, cluster_name(ctx, given))
    if item is None or not item.desired.active:
        raise ServiceError("ClusterNotFoundException", "Cluster not found.")
    return item


def service_in(ctx: Context, cluster: str, given: str) -> Item[Service, ServiceObserved] | None:
    """A service by name or ARN; ``None`` when there is none or it is in another cluster."""
    parts = _last(ctx, given, "service")
    if len(parts) > 1 and parts[-2] != cluster:
        return None
    return ctx.tx.get(SERVICES, ctx.scope, service_key(cluster, parts[-1]))


def service(ctx: Context, cluster: str, given: str) -> Item[Service, ServiceObserved]:
    """The service. ``ServiceNotFoundException``."""
    item = service_in(ctx, cluster, given)
    if item is None:
        raise ServiceError("ServiceNotFoundException", "Service not found.")
    return item


def active_service(ctx: Context, cluster: str, given: str) -> Item[Service, ServiceObserved]:
    """The service. ``ServiceNotFoundException``, ``ServiceNotActiveException``."""
    item = service(ctx, cluster, given)
    if status_of(item) != "ACTIVE":
        raise ServiceError("ServiceNotActiveException", "Service was not ACTIVE.")
    return item


def task_in(ctx: Context, cluster: str, given: str) -> Item[Task, TaskObserved] | None:
    """A task by id or ARN; ``None`` when there is none or it is in another cluster."""
    parts = _last(ctx, given, "task")
    if len(parts) > 1 and parts[-2] != cluster:
        return None
    return ctx.tx.get(TASKS, ctx.scope, task_key(cluster, parts[-1]))


def runnable_task_definition(ctx: Context, given: str) -> Item[TaskDefinition, Nothing]:
    """An active task definition that can run on Fargate. ``ClientException``, and others."""
    item = find_task_definition(ctx.tx, ctx.scope, given)
    if item is None or item.desired.status == "DELETE_IN_PROGRESS":
        raise refused("TaskDefinition not found.")
    if item.desired.status != "ACTIVE":
        raise refused("TaskDefinition is inactive")
    if "FARGATE" not in item.desired.compatibilities:
        raise invalid("Task definition does not support launch_type FARGATE.")
    return item


def unique(values: Sequence[str], what: str, limit: int) -> Sequence[str]:
    """The names of a describing call. ``InvalidParameterException`` for none or too many."""
    if not values:
        raise invalid(f"{what} cannot be empty.")
    if len(values) > limit:
        raise invalid(f"{what} cannot have more than {limit} elements.")
    return tuple(dict.fromkeys(values))


def page(
    given: Input,
    result: str,
    rows: Callable[[str, int], Sequence[tuple[str, Any]]],
    *,
    default: int = 100,
    most: int = 100,
) -> Output:
    """One page of a listing: ``rows(after, limit)`` gives keys and what is listed of each."""
    limit = given.get("maxResults")
    limit = default if limit is None else limit
    if not 1 <= limit <= most:
        raise invalid(f"maxResults must be between 1 and {most}.")
    after = paging.start(given.get("nextToken"), code="InvalidParameterException")
    found, more = paging.cut(rows(after, limit + 1), limit)
    output: Output = {result: [value for _, value in found]}
    if more:
        output["nextToken"] = paging.token(found[-1][0])
    return output
