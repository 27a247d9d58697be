"""Task definitions: register, deregister, describe, list, delete."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ecs import describe
from demitasse.services.ecs.operations import container_definitions, fargate, names, tags
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.operations.names import refused
from demitasse.services.ecs.records import (
    FAMILIES,
    TASK_DEFINITIONS,
    ContainerDefinition,
    Family,
    TaskDefinition,
    find_task_definition,
    task_definition_arn,
)
from demitasse.services.ecs.records.shapes import read
from demitasse.services.ecs.records.task_definitions import (
    RuntimePlatform,
    Volume,
    task_definition_key,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_ROLE = re.compile(r"(arn:aws:iam::\d{12}:role/)?[\w+=,.@/-]{1,512}", re.ASCII)
_REFUSED = (
    "inferenceAccelerators",
    "proxyConfiguration",
    "placementConstraints",
    "pidMode",
    "ipcMode",
    "ephemeralStorage",
    "enableFaultInjection",
    "trustedExecutionConfiguration",
)


@api.operation("RegisterTaskDefinition")
def register_task_definition(ctx: Context, given: Input) -> Output:
    """Register the next revision of a family.

    As on AWS, ``requiresCompatibilities`` FARGATE makes Fargate's rules binding; without it the
    answer's ``compatibilities`` says whether they are kept.
    """
    family = given["family"]
    if not names.NAME.fullmatch(family):
        raise refused("Family contains invalid characters.")
    for member in _REFUSED:
        if given.get(member):
            raise NotSupported(member)
    definition = _read(ctx, given)
    # The counter outlives the revisions: a number is never given twice.
    revision = ctx.tx.next(ctx.scope, f"ecs.revision/{family}")
    definition = msgspec.structs.replace(definition, revision=revision)
    item = ctx.tx.create(
        TASK_DEFINITIONS, ctx.scope, task_definition_key(family, revision), definition
    )
    _newest(ctx, family, revision)
    return {
        "taskDefinition": describe.task_definition(item),
        "tags": describe.tags(definition.tags),
    }


def _read(ctx: Context, given: Input) -> TaskDefinition:
    required = tuple(dict.fromkeys(given.get("requiresCompatibilities", ())))
    for each in required:
        if each != "FARGATE":
            raise NotSupported(f"requiresCompatibilities {each}")
    is_fargate = "FARGATE" in required
    mode = given.get("networkMode")
    if mode != "awsvpc":
        if is_fargate:
            raise refused("Fargate only supports network mode ‘awsvpc’.")
        raise NotSupported(f"networkMode {mode or 'bridge, the default,'}")
    volumes = tuple(
        _volume(each, f"volumes[{number}]") for number, each in enumerate(given.get("volumes", ()))
    )
    if len({volume.name for volume in volumes}) < len(volumes):
        raise refused("Volume names must be unique within a task definition.")
    containers = container_definitions.containers(
        given["containerDefinitions"], volumes, fargate=is_fargate
    )
    cpu = str(fargate.cpu_units(given["cpu"])) if given.get("cpu") else ""
    memory = str(fargate.memory_mib(given["memory"])) if given.get("memory") else ""
    if is_fargate:
        fargate.check_size(cpu, memory)
    _check_sums(containers, cpu, memory)
    execution_role = given.get("executionRoleArn", "")
    for role in (execution_role, given.get("taskRoleArn", "")):
        if role and not _ROLE.fullmatch(role):
            raise refused("Role is not valid")
    if is_fargate:
        _check_execution_role(ctx, containers, execution_role)
    platform = _platform(given)
    fits = bool(cpu and memory) and fargate.allowed(int(cpu), int(memory))
    return TaskDefinition(
        family=given["family"],
        revision=0,
        containers=containers,
        registered_at=ctx.now,
        registered_by=ctx.caller.arn,
        volumes=volumes,
        cpu=cpu,
        memory=memory,
        requires_compatibilities=required,
        compatibilities=("EC2", "FARGATE") if fits else ("EC2",),
        task_role_arn=given.get("taskRoleArn", ""),
        execution_role_arn=execution_role,
        runtime_platform=platform,
        tags=tags.checked(given.get("tags")),
    )


def _volume(given: Input, where: str) -> Volume:
    if not names.NAME.fullmatch(given.get("name") or ""):
        raise refused("Volume name contains invalid characters.")
    if (given.get("host") or {}).get("sourcePath"):
        raise NotSupported(f"{where}.host.sourcePath")
    return read(Volume, given, where)


def _platform(given: Input) -> RuntimePlatform | None:
    if not given.get("runtimePlatform"):
        return None
    platform = read(RuntimePlatform, given["runtimePlatform"], "runtimePlatform")
    system = platform.operating_system_family
    if system not in (None, "LINUX"):
        raise NotSupported(f"runtimePlatform.operatingSystemFamily {system}")
    return platform


def _check_sums(containers: Iterable[ContainerDefinition], cpu: str, memory: str) -> None:
    containers = tuple(containers)
    if cpu and sum(each.cpu for each in containers) > int(cpu):
        raise refused(
            "The sum of all container 'cpu' values cannot be greater than the value of the task"
            " 'cpu'."
        )
    if not memory:
        for each in containers:
            if each.memory is None and each.memory_reservation is None:
                raise refused(
                    f"Invalid setting for container '{each.name}'. At least one of 'memory' or"
                    " 'memoryReservation' must be specified."
                )
        return
    for each in containers:
        if (each.memory or each.memory_reservation or 0) > int(memory):
            raise refused(
                f"The 'memory' setting for container '{each.name}' is greater than for the task."
            )
    if sum(each.memory or each.memory_reservation or 0 for each in containers) > int(memory):
        raise refused(
            "The sum of all container 'memory' values cannot be greater than the value of the"
            " task 'memory'."
        )


def _check_execution_role(
    ctx: Context, containers: Iterable[ContainerDefinition], role: str
) -> None:
    if role:
        return
    for each in containers:
        if each.log_configuration is not None:
            raise refused(
                "Fargate requires task definition to have execution role ARN to support log driver"
                " awslogs."
            )
        if each.image.startswith(f"{ctx.site.registry}/"):
            raise refused(
                "Fargate requires task definition to have execution role ARN to support ECR images."
            )


def _newest(ctx: Context, family: str, revision: int) -> None:
    kept = ctx.tx.get(FAMILIES, ctx.scope, family)
    if kept is None:
        ctx.tx.create(FAMILIES, ctx.scope, family, Family(revision))
    else:
        ctx.tx.desire(FAMILIES, kept.ref, Family(revision))


@api.operation("DeregisterTaskDefinition")
def deregister_task_definition(ctx: Context, given: Input) -> Output:
    """Services and tasks that use it go on; nothing new is started with it."""
    if ":" not in given["taskDefinition"].rpartition("/")[2]:
        raise names.invalid("The task definition must be given with its revision.")
    item = find_task_definition(ctx.tx, ctx.scope, given["taskDefinition"])
    if item is None:
        raise refused("The specified task definition does not exist.")
    if item.desired.status == "ACTIVE":
        changed = msgspec.structs.replace(item.desired, status="INACTIVE", deregistered_at=ctx.now)
        item = ctx.tx.desire(TASK_DEFINITIONS, item.ref, changed)
        active = ctx.tx.page(
            TASK_DEFINITIONS, ctx.scope, where=("family-status", f"{changed.family}:ACTIVE")
        )
        _newest(ctx, changed.family, active[-1].desired.revision if active else 0)
    return {"taskDefinition": describe.task_definition(item)}


@api.operation("DeleteTaskDefinitions")
def delete_task_definitions(ctx: Context, given: Input) -> Output:
    """Delete deregistered ones; those that are in use are deleted when they no longer are."""
    wanted = names.unique(given["taskDefinitions"], "Task definitions", 10)
    shown, failures = [], []
    for each in wanted:
        item = find_task_definition(ctx.tx, ctx.scope, each) if ":" in each else None
        if item is None:
            failures.append(names.missing(each))
            continue
        arn = task_definition_arn(ctx.scope, item.desired.family, item.desired.revision)
        if item.desired.status == "ACTIVE":
            failures.append(
                {
                    "arn": arn,
                    "reason": "The specified task definition is still in ACTIVE status. Please"
                    " deregister the target and try again.",
                }
            )
            continue
        changed = msgspec.structs.replace(
            item.desired,
            status="DELETE_IN_PROGRESS",
            delete_requested_at=item.desired.delete_requested_at or ctx.now,
        )
        shown.append(describe.task_definition(ctx.tx.desire(TASK_DEFINITIONS, item.ref, changed)))
    return {"taskDefinitions": shown, "failures": failures}


@api.operation("DescribeTaskDefinition")
def describe_task_definition(ctx: Context, given: Input) -> Output:
    """One revision, or the newest active one of a family."""
    item = find_task_definition(ctx.tx, ctx.scope, given["taskDefinition"])
    if item is None:
        raise ServiceError("ClientException", "Unable to describe task definition.")
    output: Output = {"taskDefinition": describe.task_definition(item)}
    if "TAGS" in given.get("include", ()):
        output["tags"] = describe.tags(item.desired.tags)
    return output


@api.operation("ListTaskDefinitions")
def list_task_definitions(ctx: Context, given: Input) -> Output:
    """By family and revision; ``familyPrefix`` is the whole family's name, as on AWS."""
    status = given.get("status") or "ACTIVE"
    family = given.get("familyPrefix")
    where = ("family-status", f"{family}:{status}") if family else ("status", status)

    def arn(item: Item[TaskDefinition, Nothing]) -> tuple[str, str]:
        own = item.desired
        return item.key, task_definition_arn(ctx.scope, own.family, own.revision)

    def ascending(after: str, limit: int) -> list[tuple[str, str]]:
        found = ctx.tx.page(TASK_DEFINITIONS, ctx.scope, after=after, limit=limit, where=where)
        return [arn(item) for item in found]

    def descending(after: str, limit: int) -> list[tuple[str, str]]:
        found = ctx.tx.page(TASK_DEFINITIONS, ctx.scope, where=where)
        left = [item for item in reversed(found) if not after or item.key < after]
        return [arn(item) for item in left[:limit]]

    rows = descending if given.get("sort") == "DESC" else ascending
    return names.page(given, "taskDefinitionArns", rows)


@api.operation("ListTaskDefinitionFamilies")
def list_task_definition_families(ctx: Context, given: Input) -> Output:
    """By name; ``familyPrefix`` is the beginning of the name."""
    status = given.get("status") or "ALL"

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        found = ctx.tx.page(
            FAMILIES,
            ctx.scope,
            after=after,
            limit=limit,
            prefix=given.get("familyPrefix") or "",
            where=None if status == "ALL" else ("status", status),
        )
        return [(item.key, item.key) for item in found]

    return names.page(given, "families", rows)
