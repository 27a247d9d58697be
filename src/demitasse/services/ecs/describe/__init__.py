"""Records in AWS's shapes, as the describing operations answer them."""

from demitasse.services.ecs.describe.clusters import ALL, cluster
from demitasse.services.ecs.describe.services import deployment, service, task_set
from demitasse.services.ecs.describe.task_definitions import (
    container_definition,
    task_definition,
)
from demitasse.services.ecs.describe.tasks import task
from demitasse.services.ecs.records.shapes import show_tags as tags

__all__ = [
    "ALL",
    "cluster",
    "container_definition",
    "deployment",
    "service",
    "tags",
    "task",
    "task_definition",
    "task_set",
]
