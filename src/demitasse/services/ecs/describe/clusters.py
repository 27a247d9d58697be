"""Clusters in AWS's shape."""

from __future__ import annotations

from collections.abc import Collection

from demitasse.api import Output
from demitasse.services.ecs.records import Cluster, cluster_arn
from demitasse.services.ecs.records.shapes import show, show_tags
from demitasse.store import Item
from demitasse.store.kinds import Nothing

ALL = frozenset({"TAGS", "SETTINGS", "STATISTICS", "CONFIGURATIONS", "ATTACHMENTS"})


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
