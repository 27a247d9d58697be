"""Task definitions, their families, and the shape of a container definition."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.services.ecs.records.shapes import Shape, Tags
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing


class KeyValue(Shape, frozen=True):
    """One environment variable."""

    name: str
    value: str = ""


class PortMapping(Shape, frozen=True):
    """A port that a container listens on; with awsvpc the host's port is the same."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    name: str | None = None
    app_protocol: str | None = None


class MountPoint(Shape, frozen=True):
    """Where a container sees a volume of its task."""

    source_volume: str
    container_path: str
    read_only: bool = False


class VolumeFrom(Shape, frozen=True):
    """Another container whose mounts this one sees too."""

    source_container: str
    read_only: bool = False


class Dependency(Shape, frozen=True):
    """What must be true of another container before this one starts."""

    container_name: str
    condition: str


class HealthCheck(Shape, frozen=True):
    """A command in the container that says whether it is well; seconds."""

    command: tuple[str, ...]
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int | None = None


class Ulimit(Shape, frozen=True):
    """A limit of the container's processes."""

    name: str
    soft_limit: int
    hard_limit: int


class Capabilities(Shape, frozen=True):
    """Linux capabilities on top of Docker's default set, or taken from it."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class LinuxParameters(Shape, frozen=True):
    """What Fargate lets a task choose of Linux."""

    capabilities: Capabilities | None = None
    init_process_enabled: bool | None = None


class LogConfiguration(Shape, frozen=True):
    """Where a container's output goes."""

    log_driver: str
    options: dict[str, str] = msgspec.field(default_factory=dict)


class SystemControl(Shape, frozen=True):
    """A kernel parameter of the task's network."""

    namespace: str
    value: str


class ContainerDefinition(Shape, frozen=True):
    """One container of a task definition."""

    name: str
    image: str
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
    port_mappings: tuple[PortMapping, ...] = ()
    essential: bool = True
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: tuple[KeyValue, ...] = ()
    mount_points: tuple[MountPoint, ...] = ()
    volumes_from: tuple[VolumeFrom, ...] = ()
    linux_parameters: LinuxParameters | None = None
    depends_on: tuple[Dependency, ...] | None = None
    start_timeout: int | None = None
    stop_timeout: int | None = None
    version_consistency: str | None = None
    user: str | None = None
    working_directory: str | None = None
    readonly_root_filesystem: bool | None = None
    pseudo_terminal: bool | None = None
    docker_labels: dict[str, str] | None = None
    ulimits: tuple[Ulimit, ...] | None = None
    log_configuration: LogConfiguration | None = None
    health_check: HealthCheck | None = None
    system_controls: tuple[SystemControl, ...] = ()


class HostVolume(Shape, frozen=True):
    """An empty ``host``: the volume lives as long as the task."""


class Volume(Shape, frozen=True):
    """A folder that containers of a task share, gone with the task."""

    name: str
    host: HostVolume | None = None


class RuntimePlatform(Shape, frozen=True):
    """The processor and operating system that a task is made for."""

    cpu_architecture: str | None = None
    operating_system_family: str | None = None


class TaskDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task definition; ``key`` is ``<family>:<revision as ten digits>``.

    ``cpu`` (units, 1024 for a processor) and ``memory`` (MiB) are digits, or "" when the task has
    no such bound.
    """

    family: str
    revision: int
    containers: tuple[ContainerDefinition, ...]
    registered_at: datetime
    registered_by: str
    status: str = "ACTIVE"
    volumes: tuple[Volume, ...] = ()
    cpu: str = ""
    memory: str = ""
    network_mode: str = "awsvpc"
    requires_compatibilities: tuple[str, ...] = ()
    compatibilities: tuple[str, ...] = ("EC2", "FARGATE")
    task_role_arn: str = ""
    execution_role_arn: str = ""
    runtime_platform: RuntimePlatform | None = None
    deregistered_at: datetime | None = None
    delete_requested_at: datetime | None = None
    tags: Tags = msgspec.field(default_factory=dict)

    def container(self, name: str) -> ContainerDefinition | None:
        """The container called ``name``."""
        return next((each for each in self.containers if each.name == name), None)


class Family(msgspec.Struct, frozen=True):
    """All task definitions of one name; ``latest`` is the newest ``ACTIVE`` revision, 0: none."""

    latest: int


TASK_DEFINITIONS: Kind[TaskDefinition, Nothing] = Kind(
    "ecs.task-definition",
    TaskDefinition,
    Nothing,
    {
        "status": lambda item: item.desired.status,
        "family-status": lambda item: f"{item.desired.family}:{item.desired.status}",
    },
)
FAMILIES: Kind[Family, Nothing] = Kind(
    "ecs.family",
    Family,
    Nothing,
    {"status": lambda item: "ACTIVE" if item.desired.latest else "INACTIVE"},
)


def task_definition_key(family: str, revision: int) -> str:
    """The key under which a task definition is kept: revisions sort as numbers."""
    return f"{family}:{revision:010d}"


def task_definition_arn(scope: Scope, family: str, revision: int) -> str:
    """``arn:aws:ecs:…:task-definition/<family>:<revision>``."""
    return scope.arn("ecs", f"task-definition/{family}:{revision}")


def find_task_definition(
    tx: Transaction, scope: Scope, name: str
) -> Item[TaskDefinition, Nothing] | None:
    """By ARN, ``family:revision``, or ``family`` for its newest active revision."""
    prefix = scope.arn("ecs", "task-definition/")
    if name.startswith("arn:"):
        if not name.startswith(prefix):
            return None
        name = name.removeprefix(prefix)
    family, colon, revision = name.partition(":")
    if colon:
        if not revision.isdecimal() or len(revision) > 10:
            return None
        number = int(revision)
    else:
        kept = tx.get(FAMILIES, scope, family)
        if kept is None or not kept.desired.latest:
            return None
        number = kept.desired.latest
    return tx.get(TASK_DEFINITIONS, scope, task_definition_key(family, number))
