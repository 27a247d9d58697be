"""The loops that keep services, tasks and task definitions true."""

from demitasse.services.ecs.controller.service import ServiceController
from demitasse.services.ecs.controller.task import TaskController
from demitasse.services.ecs.controller.task_definition import TaskDefinitionController

__all__ = ["ServiceController", "TaskController", "TaskDefinitionController"]
