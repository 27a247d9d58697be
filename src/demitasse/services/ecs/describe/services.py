"""Services, their deployments and task sets in AWS's shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demitasse.api import Output
from demitasse.services.ecs.records import (
    LoadBalancer,
    Network,
    Service,
    ServiceObserved,
    TaskSet,
    TaskSetObserved,
    cluster_arn,
    computed_desired_count,
    service_arn,
    task_set_arn,
)
from demitasse.services.ecs.records.services import status_of
from demitasse.services.ecs.records.shapes import show, show_tags
from demitasse.services.ecs.records.tasks import PLATFORM_FAMILY, PLATFORM_VERSION
from demitasse.store import Item


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


def _resolved(version: str) -> str:
    """The version that tasks really run on: a service says LATEST, its deployments which."""
    return PLATFORM_VERSION if version == "LATEST" else version


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
        "platformVersion": _resolved(own.platform_version),
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
        "platformVersion": _resolved(own.platform_version),
        "platformFamily": PLATFORM_FAMILY,
        "networkConfiguration": network(own.network),
        "loadBalancers": load_balancers(own.load_balancers),
        "serviceRegistries": [],
        "scale": {"value": own.scale, "unit": "PERCENT"},
        "stabilityStatus": seen.stability,
        "stabilityStatusAt": seen.stability_at,
        "tags": show_tags(own.tags),
    }
