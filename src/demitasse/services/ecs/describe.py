"""Records in AWS's shapes, as the describing operations answer them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from demitasse.api import Output
from demitasse.services.ecs.records import (
    Cluster,
    ContainerDefinition,
    ContainerSeen,
    LoadBalancer,
    Network,
    Service,
    ServiceObserved,
    Task,
    TaskDefinition,
    TaskObserved,
    TaskSet,
    TaskSetObserved,
    cluster_arn,
    computed_desired_count,
    service_arn,
    stop_of,
    task_arn,
    task_definition_arn,
    task_set_arn,
)
from demitasse.services.ecs.records.services import status_of
from demitasse.services.ecs.records.shapes import show, show_tags
from demitasse.services.ecs.records.tasks import desired_status
from demitasse.store import Item
from demitasse.store.kinds import Nothing

ALL = frozenset({"TAGS", "SETTINGS", "STATISTICS", "CONFIGURATIONS", "ATTACHMENTS"})
PLATFORM_FAMILY = "Linux"

tags = show_tags


def cluster(
    item: Item[Cluster, Nothing],
    *,
    running: int,
    pending: int,
    services: int,
    draining: int,
    include: Collection[str] = ALL,
) -> Output:
    """A ``Cluster``; ``include`` adds what ``DescribeClusters`` leaves out by default."""
    own = item.desired
    statistics = {
        "runningEC2TasksCount": 0,
        "runningFargateTasksCount": running,
        "pendingEC2TasksCount": 0,
        "pendingFargateTasksCount": pending,
        "activeEC2ServiceCount": 0,
        "activeFargateServiceCount": services,
        "drainingEC2ServiceCount": 0,
        "drainingFargateServiceCount": draining,
    }
    return {
        "clusterArn": cluster_arn(item.scope, item.key),
        "clusterName": item.key,
        "status": "ACTIVE" if own.active else "INACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": services,
        "statistics": [{"name": name, "value": str(value)} for name, value in statistics.items()]
        if "STATISTICS" in include
        else [],
        "tags": show_tags(own.tags) if "TAGS" in include else [],
        "settings": [{"name": "containerInsights", "value": own.container_insights}]
        if "SETTINGS" in include
        else [],
        "capacityProviders": list(own.capacity_providers),
        "defaultCapacityProviderStrategy": show(own.default_strategy),
    }


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


def network(value: Network | None) -> Output | None:
    """A ``NetworkConfiguration``."""
    return None if value is None else {"awsvpcConfiguration": show(value)}


def load_balancers(values: Iterable[LoadBalancer]) -> list[Any]:
    """``LoadBalancers``."""
    return [show(value) for value in values]


def service(
    item: Item[Service, ServiceObserved],
    task_sets: Iterable[Item[TaskSet, TaskSetObserved]],
    *,
    with_tags: bool = True,
) -> Output:
    """A ``Service``; ``task_sets`` are its own, newest first."""
    own, seen = item.desired, item.observed
    rolling = own.controller == "ECS"
    primary = next((each for each in task_sets if each.desired.id == own.primary), None)
    status = status_of(item)
    task_sets = () if status == "INACTIVE" else tuple(task_sets)
    output: Output = {
        "serviceArn": service_arn(item.scope, own.cluster, own.name),
        "serviceName": own.name,
        "clusterArn": cluster_arn(item.scope, own.cluster),
        "loadBalancers": load_balancers(own.load_balancers),
        "serviceRegistries": [],
        "status": status,
        "desiredCount": own.desired_count,
        "runningCount": seen.running,
        "pendingCount": seen.pending,
        "taskDefinition": own.task_definition or None,
        "deploymentConfiguration": _deployment_configuration(own),
        "deployments": [deployment(each, own) for each in task_sets] if rolling else [],
        "events": [
            {"id": event.id, "createdAt": event.at, "message": event.message}
            for event in seen.events
        ],
        "createdAt": own.created_at,
        "createdBy": own.created_by,
        "placementConstraints": [],
        "placementStrategy": [],
        "healthCheckGracePeriodSeconds": own.grace_period,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": own.controller},
        "enableECSManagedTags": own.enable_managed_tags,
        "propagateTags": own.propagate_tags,
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "DISABLED",
        "resourceManagementType": "CUSTOMER",
    }
    output["roleArn"] = item.scope.global_arn(
        "iam", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    )
    if own.controller != "EXTERNAL":
        output["platformVersion"] = own.platform_version
        output["platformFamily"] = PLATFORM_FAMILY
        output["networkConfiguration"] = network(own.network)
        output.update(_capacity(own.launch_type, own.strategy))
    elif primary is not None:
        output["taskDefinition"] = primary.desired.task_definition
    if not rolling:
        output["taskSets"] = [task_set(each, item) for each in task_sets]
    if with_tags:
        output["tags"] = show_tags(own.tags)
    return output


def _deployment_configuration(own: Service) -> Output:
    shown: Output = {
        "maximumPercent": own.maximum_percent,
        "minimumHealthyPercent": own.minimum_healthy_percent,
    }
    if own.controller == "ECS":
        breaker = own.circuit_breaker
        shown["strategy"] = "ROLLING"
        shown["deploymentCircuitBreaker"] = {
            "enable": bool(breaker and breaker.enable),
            "rollback": bool(breaker and breaker.rollback),
        }
    return shown


def _capacity(launch_type: str, strategy: Iterable[Any]) -> Output:
    items = show(tuple(strategy))
    return {"capacityProviderStrategy": items} if items else {"launchType": launch_type}


def deployment(item: Item[TaskSet, TaskSetObserved], service_: Service) -> Output:
    """A ``Deployment`` of a service of the ``ECS`` controller."""
    own, seen = item.desired, item.observed
    primary = own.id == service_.primary
    return {
        "id": own.id,
        "status": "PRIMARY" if primary else "ACTIVE",
        "taskDefinition": own.task_definition,
        "desiredCount": service_.desired_count if primary else seen.desired,
        "pendingCount": seen.pending,
        "runningCount": seen.running,
        "failedTasks": seen.failures,
        "createdAt": own.created_at,
        "updatedAt": max(own.updated_at, seen.updated_at or own.updated_at),
        **_capacity(own.launch_type, own.strategy),
        "platformVersion": own.platform_version,
        "platformFamily": PLATFORM_FAMILY,
        "networkConfiguration": network(own.network),
        "rolloutState": seen.rollout,
        "rolloutStateReason": seen.rollout_reason or f"ECS deployment {own.id} in progress.",
    }


def task_set(
    item: Item[TaskSet, TaskSetObserved], service_: Item[Service, ServiceObserved]
) -> Output:
    """A ``TaskSet`` of a service of the ``CODE_DEPLOY`` or ``EXTERNAL`` controller."""
    own, seen = item.desired, item.observed
    if own.deleting:
        status = "DRAINING"
    else:
        status = "PRIMARY" if own.id == service_.desired.primary else "ACTIVE"
    count = 0 if service_.desired.deleting else service_.desired.desired_count
    return {
        "id": own.id,
        "taskSetArn": task_set_arn(item.scope, own.cluster, own.service, own.id),
        "serviceArn": service_arn(item.scope, own.cluster, own.service),
        "clusterArn": cluster_arn(item.scope, own.cluster),
        "startedBy": own.started_by or None,
        "externalId": own.external_id or None,
        "status": status,
        "taskDefinition": own.task_definition,
        "computedDesiredCount": computed_desired_count(count, own.scale),
        "pendingCount": seen.pending,
        "runningCount": seen.running,
        "createdAt": own.created_at,
        "updatedAt": max(own.updated_at, seen.updated_at or own.updated_at),
        **_capacity(own.launch_type, own.strategy),
        "platformVersion": own.platform_version,
        "platformFamily": PLATFORM_FAMILY,
        "networkConfiguration": network(own.network),
        "loadBalancers": load_balancers(own.load_balancers),
        "serviceRegistries": [],
        "scale": {"value": own.scale, "unit": "PERCENT"},
        "stabilityStatus": seen.stability,
        "stabilityStatusAt": seen.stability_at,
        "tags": show_tags(own.tags),
    }


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
