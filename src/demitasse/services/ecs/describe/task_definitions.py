"""Task definitions in AWS's shape."""

from __future__ import annotations

from demitasse.api import Output
from demitasse.services.ecs.records import (
    ContainerDefinition,
    TaskDefinition,
    task_definition_arn,
)
from demitasse.services.ecs.records.shapes import show
from demitasse.store import Item
from demitasse.store.kinds import Nothing


def task_definition(item: Item[TaskDefinition, Nothing]) -> Output:
    """A ``TaskDefinition``."""
    own = item.desired
    return {
        "taskDefinitionArn": task_definition_arn(item.scope, own.family, own.revision),
        "containerDefinitions": [container_definition(each) for each in own.containers],
        "family": own.family,
        "taskRoleArn": own.task_role_arn or None,
        "executionRoleArn": own.execution_role_arn or None,
        "networkMode": own.network_mode,
        "revision": own.revision,
        "volumes": [{"host": {}, **show(volume)} for volume in own.volumes],
        "status": own.status,
        "requiresAttributes": [],
        "placementConstraints": [],
        "compatibilities": list(own.compatibilities),
        "runtimePlatform": show(own.runtime_platform) if own.runtime_platform else None,
        "requiresCompatibilities": list(own.requires_compatibilities),
        "cpu": own.cpu or None,
        "memory": own.memory or None,
        "registeredAt": own.registered_at,
        "deregisteredAt": own.deregistered_at,
        "deleteRequestedAt": own.delete_requested_at,
        "registeredBy": own.registered_by,
    }


def container_definition(container: ContainerDefinition) -> Output:
    """A ``ContainerDefinition``."""
    shown: Output = show(container)
    return shown
