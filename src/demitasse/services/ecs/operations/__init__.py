"""The ECS API, one file per resource."""

from demitasse.services.ecs.operations import (
    absent,
    clusters,
    service_updates,
    services,
    settings,
    tags,
    task_definitions,
    task_sets,
    tasks,
)
from demitasse.services.ecs.operations.api import api

__all__ = [
    "absent",
    "api",
    "clusters",
    "service_updates",
    "services",
    "settings",
    "tags",
    "task_definitions",
    "task_sets",
    "tasks",
]
