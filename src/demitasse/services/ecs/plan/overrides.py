"""What RunTask's overrides make of a task definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from demitasse.services.ecs.records import ContainerDefinition, Task, TaskDefinition
from demitasse.services.ecs.records.shapes import read


def override(container: ContainerDefinition, given: Mapping[str, Any]) -> ContainerDefinition:
    """A container as one ``containerOverrides`` item of RunTask changes it (already checked)."""
    environment = {each.name: each for each in container.environment}
    changed = read(
        ContainerDefinition,
        {
            "name": container.name,
            "image": container.image,
            "environment": given.get("environment", ()),
        },
        "",
    )
    environment.update((each.name, each) for each in changed.environment)
    return msgspec.structs.replace(
        container,
        environment=tuple(environment.values()),
        command=tuple(given["command"]) if given.get("command") else container.command,
        cpu=given.get("cpu", container.cpu),
        memory=given.get("memory", container.memory),
        memory_reservation=given.get("memoryReservation", container.memory_reservation),
    )


def overridden(definition: TaskDefinition, task: Task) -> TaskDefinition:
    """The task definition as one task runs it."""
    given = {each["name"]: each for each in task.overrides.get("containerOverrides", ())}
    if not given:
        return definition
    containers = tuple(
        override(each, given[each.name]) if each.name in given else each
        for each in definition.containers
    )
    return msgspec.structs.replace(definition, containers=containers)


def size(definition: TaskDefinition, task: Task) -> tuple[int, int]:
    """The task's processor units and MiB of memory."""
    return (
        int(task.overrides.get("cpu") or definition.cpu),
        int(task.overrides.get("memory") or definition.memory),
    )
