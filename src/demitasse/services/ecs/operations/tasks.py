"""Tasks: run, stop, describe, list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import NotSupported
from demitasse.services.base import Context
from demitasse.services.ecs import describe, telling
from demitasse.services.ecs.making import new_task
from demitasse.services.ecs.operations import (
    fargate,
    names,
    placement,
    tags,
)
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.plan.overrides import override
from demitasse.services.ecs.records import (
    TASKS,
    Stop,
    Task,
    TaskDefinition,
    TaskObserved,
    find_task_definition,
    service_key,
    stop_of,
    task_arn,
    task_definition_arn,
)
from demitasse.services.ecs.records.tasks import PLATFORM_VERSION, desired_status
from demitasse.store import Item

MOST_AT_ONCE = 10
_STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{0,128}")
_REFUSED = ("placementConstraints", "placementStrategy", "volumeConfigurations", "referenceId")
_OVERRIDES = {"containerOverrides", "cpu", "memory", "executionRoleArn", "taskRoleArn"}
_CONTAINER_OVERRIDES = {"name", "command", "environment", "cpu", "memory", "memoryReservation"}


@api.operation("RunTask")
def run_task(ctx: Context, given: Input) -> Output:
    """Start tasks that belong to no service; the same ``clientToken`` starts them once."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    token = given.get("clientToken", "")
    if token:
        there = ctx.tx.page(TASKS, ctx.scope, where=("client-token", f"{cluster.key}/{token}"))
        if there:
            return {"tasks": [_show(ctx, item) for item in there], "failures": []}
    count = given.get("count", 1)
    if not 1 <= count <= MOST_AT_ONCE:
        raise names.invalid(f"Count should be at least 1 and at most {MOST_AT_ONCE}.")
    for member in _REFUSED:
        if given.get(member):
            raise NotSupported(member)
    if given.get("enableExecuteCommand"):
        raise NotSupported("enableExecuteCommand")
    started_by = given.get("startedBy", "")
    if not _STARTED_BY.fullmatch(started_by):
        raise names.invalid(
            "startedBy can have up to 128 letters, numbers, hyphens, forward slashes and"
            " underscores."
        )
    definition = names.runnable_task_definition(ctx, given["taskDefinition"])
    launch_type, strategy = placement.capacity(given, cluster.desired)
    version = placement.platform_version(given)
    group = given.get("group") or f"family:{definition.desired.family}"
    if group.startswith("service:"):
        raise names.invalid("The group of a task cannot start with 'service:'.")
    overrides = _overrides(given.get("overrides") or {}, definition.desired)
    network = placement.network(ctx, given.get("networkConfiguration"))
    own_tags = tags.checked(given.get("tags"))
    propagate = given.get("propagateTags", "NONE")
    if propagate == "SERVICE":
        raise names.invalid("propagateTags SERVICE needs a task that belongs to a service.")
    if propagate == "TASK_DEFINITION":
        own_tags = {**definition.desired.tags, **own_tags}
    if given.get("enableECSManagedTags"):
        own_tags = {**own_tags, "aws:ecs:clusterName": cluster.key}
    used: dict[str, int] = {}
    tasks = [
        new_task(
            ctx.tx,
            ctx.scope,
            ctx.ids,
            ctx.now,
            cluster=cluster.key,
            task_definition=task_definition_arn(
                ctx.scope, definition.desired.family, definition.desired.revision
            ),
            network=network,
            group=group,
            started_by=started_by,
            launch_type=launch_type,
            strategy=strategy,
            used=used,
            platform_version=PLATFORM_VERSION if version == "LATEST" else version,
            overrides=overrides,
            client_token=token,
            tags=own_tags,
            containers=tuple(each.name for each in definition.desired.containers),
        )
        for _ in range(count)
    ]
    return {"tasks": [_show(ctx, item) for item in tasks], "failures": []}


def _overrides(given: Mapping[str, Any], definition: TaskDefinition) -> dict[str, Any]:
    """Checked: containers exist, nothing that cannot be carried out, Fargate's sizes."""
    for member, value in given.items():
        if value and member not in _OVERRIDES:
            raise NotSupported(f"overrides.{member}")
    for number, each in enumerate(given.get("containerOverrides", ())):
        container = definition.container(each.get("name") or "")
        if container is None:
            raise names.invalid(
                f"Override for container named {each.get('name')} is not a container in the"
                " TaskDefinition."
            )
        for member, value in each.items():
            if value and member not in _CONTAINER_OVERRIDES:
                raise NotSupported(f"overrides.containerOverrides[{number}].{member}")
        override(container, each)
    kept = {key: value for key, value in given.items() if value}
    if "cpu" in kept:
        kept["cpu"] = str(fargate.cpu_units(kept["cpu"]))
    if "memory" in kept:
        kept["memory"] = str(fargate.memory_mib(kept["memory"]))
    cpu, memory = kept.get("cpu", definition.cpu), kept.get("memory", definition.memory)
    fargate.check_size(cpu, memory)
    return kept


@api.operation("StopTask")
def stop_task(ctx: Context, given: Input) -> Output:
    """Ask for a task to stop: its containers get SIGTERM, and SIGKILL after their timeout."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    item = names.task_in(ctx, cluster.key, given["task"])
    if item is None:
        raise names.invalid("The referenced task was not found.")
    if stop_of(item) is None:
        reason = given.get("reason") or "Task stopped by user"
        stop = Stop("UserInitiated", reason[:1024], ctx.now)
        item = telling.stop_task(ctx.tx, item, stop, ctx.ids)
    return {"task": _show(ctx, item)}


@api.operation("DescribeTasks")
def describe_tasks(ctx: Context, given: Input) -> Output:
    """Stopped tasks are shown for an hour."""
    cluster = names.active_cluster(ctx, given.get("cluster"))
    include = given.get("include", ())
    tasks, failures = [], []
    for each in names.unique(given["tasks"], "Tasks", 100):
        item = names.task_in(ctx, cluster.key, each)
        if item is None:
            arn = task_arn(ctx.scope, cluster.key, each.rpartition("/")[2])
            failures.append(names.missing(arn))
        else:
            tasks.append(_show(ctx, item, with_tags="TAGS" in include))
    return {"tasks": tasks, "failures": failures}


@api.operation("ListTasks")
def list_tasks(ctx: Context, given: Input) -> Output:
    """Running tasks, unless ``desiredStatus`` says otherwise; all filters narrow."""
    cluster = names.active_cluster(ctx, given.get("cluster")).key
    for member in ("containerInstance", "daemonName"):
        if given.get(member):
            raise NotSupported(member)
    status = given.get("desiredStatus") or "RUNNING"
    if status == "PENDING":
        # As documented: no task ever has this as its desired status.
        return {"taskArns": []}
    service = given.get("serviceName")
    if service:
        service = names.service(ctx, cluster, service).desired.name
    where = _index(cluster, status, service, given)

    def fits(item: Item[Task, TaskObserved]) -> bool:
        own = item.desired
        return (
            desired_status(item) == status
            and given.get("family") in (None, "", own.family)
            and given.get("startedBy") in (None, "", own.started_by)
            and service in (None, "", own.service)
            and given.get("launchType") in (None, own.launch_type)
        )

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while len(found) < limit:
            some = ctx.tx.page(TASKS, ctx.scope, after=after, limit=limit, where=where)
            found += [
                (item.key, task_arn(ctx.scope, cluster, item.desired.id))
                for item in some
                if fits(item)
            ]
            if len(some) < limit:
                break
            after = some[-1].key
        return found[:limit]

    return names.page(given, "taskArns", rows)


def _index(cluster: str, status: str, service: str | None, given: Input) -> tuple[str, str]:
    """The narrowest index for the filters given."""
    if service:
        return "service", f"{service_key(cluster, service)}/{status}"
    if given.get("startedBy"):
        return "started-by", f"{cluster}/{status}/{given['startedBy']}"
    if given.get("family"):
        return "family", f"{cluster}/{given['family']}/{status}"
    return "desired", f"{cluster}/{status}"


def _show(ctx: Context, item: Item[Task, TaskObserved], *, with_tags: bool = True) -> Output:
    definition = find_task_definition(ctx.tx, ctx.scope, item.desired.task_definition)
    return describe.task(item, definition.desired if definition else None, with_tags=with_tags)
