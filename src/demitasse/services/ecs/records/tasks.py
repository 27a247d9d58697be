"""Tasks: what is to run, how it is to stop, and what was seen of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from demitasse.api import Scope
from demitasse.services.ecs.records.shapes import LoadBalancer, Network, Tags
from demitasse.store import Item, Kind, Ref

PLATFORM_FAMILY = "Linux"
PLATFORM_VERSION = "1.4.0"
"""What LATEST means."""


class Stop(msgspec.Struct, frozen=True):
    """Why a task stops, in AWS's words."""

    code: str
    reason: str
    at: datetime


class Task(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task as asked for; ``key`` is ``<cluster>/<id>``.

    ``service`` is the name of the service and ``task_set`` the id of the task set that it belongs
    to ("" for a task that stands alone). ``network`` holds the one subnet chosen for it.
    ``stop`` once somebody wants it stopped.
    """

    cluster: str
    id: str
    task_definition: str
    created_at: datetime
    group: str
    network: Network
    availability_zone: str = ""
    started_by: str = ""
    launch_type: str = "FARGATE"
    capacity_provider: str = ""
    platform_version: str = PLATFORM_VERSION
    overrides: dict[str, Any] = msgspec.field(default_factory=dict)
    service: str = ""
    task_set: str = ""
    load_balancers: tuple[LoadBalancer, ...] = ()
    client_token: str = ""
    stop: Stop | None = None
    tags: Tags = msgspec.field(default_factory=dict)

    @property
    def family(self) -> str:
        """The task definition's family."""
        return self.task_definition.rpartition("/")[2].partition(":")[0]


class ContainerSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One container of a task. ``health`` is ``HEALTHY``, ``UNHEALTHY`` or ``UNKNOWN``."""

    name: str
    status: str = "PENDING"
    exit_code: int | None = None
    reason: str = ""
    digest: str = ""
    runtime_id: str = ""
    health: str = "UNKNOWN"
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Interface(msgspec.Struct, frozen=True):
    """The task's elastic network interface."""

    id: str
    attachment_id: str
    subnet_id: str
    mac: str
    address: str


class TargetSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The task as a target of a group. ``state`` is elbv2's; "" before it was seen there."""

    target_group_arn: str
    port: int
    state: str = ""
    reason: str = ""
    description: str = ""
    gone: bool = False


class TaskObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen of a task; ``stop`` when it stops by itself, without being asked to.

    ``settled`` once it has passed every check that it has; ``removed`` once nothing of it is left
    in the container engine.
    """

    status: str = "PROVISIONING"
    stop: Stop | None = None
    containers: tuple[ContainerSeen, ...] = ()
    interface: Interface | None = None
    health: str = "UNKNOWN"
    targets: tuple[TargetSeen, ...] = ()
    settled: bool = False
    removed: bool = False
    connectivity_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None

    def container(self, name: str) -> ContainerSeen | None:
        """What was seen of the container called ``name``."""
        return next((each for each in self.containers if each.name == name), None)


def stop_of(item: Item[Task, TaskObserved]) -> Stop | None:
    """Why the task stops; what it did by itself comes before what it was asked to do."""
    return item.observed.stop or item.desired.stop


def _desired_status(item: Item[Task, TaskObserved]) -> str:
    return "STOPPED" if stop_of(item) else "RUNNING"


desired_status = _desired_status


def _live(item: Item[Task, TaskObserved]) -> bool:
    return item.observed.status != "STOPPED"


TASKS: Kind[Task, TaskObserved] = Kind(
    "ecs.task",
    Task,
    TaskObserved,
    {
        "desired": lambda item: f"{item.desired.cluster}/{_desired_status(item)}",
        "family": lambda item: (
            f"{item.desired.cluster}/{item.desired.family}/{_desired_status(item)}"
        ),
        "started-by": lambda item: (
            f"{item.desired.cluster}/{_desired_status(item)}/{item.desired.started_by}"
            if item.desired.started_by
            else None
        ),
        "service": lambda item: (
            f"{item.desired.cluster}/{item.desired.service}/{_desired_status(item)}"
            if item.desired.service
            else None
        ),
        # Tasks of a service that have not stopped yet.
        "live": lambda item: (
            f"{item.desired.cluster}/{item.desired.service}"
            if item.desired.service and _live(item)
            else None
        ),
        # What uses a task definition.
        "definition": lambda item: item.desired.task_definition if _live(item) else None,
        # For the cluster's counts.
        "status": lambda item: f"{item.desired.cluster}/{item.observed.status}",
        "client-token": lambda item: (
            f"{item.desired.cluster}/{item.desired.client_token}"
            if item.desired.client_token
            else None
        ),
    },
)


def task_key(cluster: str, task_id: str) -> str:
    """``<cluster>/<id>``."""
    return f"{cluster}/{task_id}"


def task_arn(scope: Scope, cluster: str, task_id: str) -> str:
    """``arn:aws:ecs:…:task/<cluster>/<id>``."""
    return scope.arn("ecs", f"task/{cluster}/{task_id}")


def task_ref(arn: str) -> Ref | None:
    """The record that a task's ARN names; ``None`` when it is not a task's ARN."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "ecs" or not parts[5].startswith("task/"):
        return None
    return Ref(Scope(parts[4], parts[3]), parts[5].removeprefix("task/"))
