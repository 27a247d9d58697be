"""Tasks in AWS's shape."""

from __future__ import annotations

import uuid

from demitasse.api import Output
from demitasse.services.ecs.records import (
    ContainerSeen,
    Task,
    TaskDefinition,
    TaskObserved,
    cluster_arn,
    stop_of,
    task_arn,
)
from demitasse.services.ecs.records.shapes import show_tags
from demitasse.services.ecs.records.tasks import PLATFORM_FAMILY, desired_status
from demitasse.store import Item


def task(
    item: Item[Task, TaskObserved],
    definition: TaskDefinition | None,
    *,
    with_tags: bool = True,
) -> Output:
    """A ``Task``."""
    own, seen = item.desired, item.observed
    stop = stop_of(item)
    interface = seen.interface
    overrides = own.overrides
    given = {each.get("name"): each for each in overrides.get("containerOverrides", ())}
    names = [each.name for each in definition.containers] if definition else list(given)
    output: Output = {
        "attachments": _attachments(item),
        "attributes": [],
        "availabilityZone": own.availability_zone,
        "clusterArn": cluster_arn(item.scope, own.cluster),
        "connectivity": "CONNECTED" if seen.connectivity_at else None,
        "connectivityAt": seen.connectivity_at,
        "containers": [
            _container(item, container, definition, interface.address if interface else None)
            for container in seen.containers
        ],
        "cpu": overrides.get("cpu") or (definition.cpu if definition else None),
        "createdAt": own.created_at,
        "desiredStatus": desired_status(item),
        "enableExecuteCommand": False,
        "executionStoppedAt": seen.execution_stopped_at,
        "group": own.group,
        "healthStatus": seen.health,
        "inferenceAccelerators": [],
        "lastStatus": seen.status,
        "launchType": own.launch_type,
        "capacityProviderName": own.capacity_provider or None,
        "memory": overrides.get("memory") or (definition.memory if definition else None),
        "overrides": {
            **{key: value for key, value in overrides.items() if key != "containerOverrides"},
            "containerOverrides": [given.get(name) or {"name": name} for name in names],
            "inferenceAcceleratorOverrides": [],
        },
        "platformVersion": own.platform_version,
        "platformFamily": PLATFORM_FAMILY,
        "pullStartedAt": seen.pull_started_at,
        "pullStoppedAt": seen.pull_stopped_at,
        "startedAt": seen.started_at,
        "startedBy": own.started_by or None,
        "stopCode": stop.code if stop else None,
        "stoppedReason": stop.reason if stop else None,
        "stoppedAt": seen.stopped_at,
        "stoppingAt": seen.stopping_at,
        "taskArn": task_arn(item.scope, own.cluster, own.id),
        "taskDefinitionArn": own.task_definition,
        "version": item.revision,
        "ephemeralStorage": {"sizeInGiB": 20},
    }
    if with_tags:
        output["tags"] = show_tags(own.tags)
    return output


def _attachments(item: Item[Task, TaskObserved]) -> list[Output]:
    own, interface = item.desired, item.observed.interface
    if interface is None:
        if item.observed.status == "STOPPED":
            return []
        details = [("subnetId", own.network.subnets[0])]
        identity, status = "", "PRECREATED"
    else:
        details = [
            ("subnetId", interface.subnet_id),
            ("networkInterfaceId", interface.id),
            ("macAddress", interface.mac),
            ("privateIPv4Address", interface.address),
        ]
        identity = interface.attachment_id
        status = "DELETED" if item.observed.status == "STOPPED" else "ATTACHED"
    return [
        {
            "id": identity or own.id,
            "type": "ElasticNetworkInterface",
            "status": status,
            "details": [{"name": name, "value": value} for name, value in details],
        }
    ]


def _container(
    item: Item[Task, TaskObserved],
    seen: ContainerSeen,
    definition: TaskDefinition | None,
    address: str | None,
) -> Output:
    own = item.desired
    given = definition.container(seen.name) if definition else None
    arn = task_arn(item.scope, own.cluster, own.id)
    interface = item.observed.interface
    memory = given.memory if given else None
    reservation = given.memory_reservation if given else None
    return {
        "containerArn": item.scope.arn(
            "ecs", f"container/{own.cluster}/{own.id}/{_container_id(own.id, seen.name)}"
        ),
        "taskArn": arn,
        "name": seen.name,
        "image": given.image if given else None,
        "imageDigest": seen.digest or None,
        "runtimeId": seen.runtime_id or None,
        "lastStatus": seen.status,
        "exitCode": seen.exit_code,
        "reason": seen.reason or None,
        "networkBindings": [],
        "networkInterfaces": [
            {"attachmentId": interface.attachment_id, "privateIpv4Address": address}
        ]
        if interface
        else [],
        "healthStatus": seen.health,
        "managedAgents": None,
        "cpu": str(given.cpu) if given else None,
        "memory": str(memory) if memory is not None else None,
        "memoryReservation": str(reservation) if reservation is not None else None,
    }


def _container_id(task_id: str, name: str) -> str:
    """A UUID that the container keeps for life, made of the task's id and its name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{task_id}/{name}"))
