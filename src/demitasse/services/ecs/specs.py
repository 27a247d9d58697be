"""Containers, volumes and their names, as they are asked of the engine: values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from demitasse.clock import Waits
from demitasse.engines.containers.spec import (
    KIND_LABEL,
    PAUSE_IMAGE,
    ContainerSpec,
    HealthCheck,
    LogOptions,
    Mount,
    OwnAddress,
    SharedWith,
    Ulimit,
    Volume,
    VolumeSpec,
)
from demitasse.services.ec2.records import INTERFACE_LABEL, interface_arn
from demitasse.services.ecs.plan.resources import Share
from demitasse.services.ecs.plan.task import has_check
from demitasse.services.ecs.records import (
    ContainerDefinition,
    Interface,
    Task,
    TaskDefinition,
    TaskObserved,
    task_arn,
)
from demitasse.services.ecs.records.task_definitions import HealthCheck as HealthCheckAsked
from demitasse.services.logs.records import Source
from demitasse.store import Item, Ref

TASK_LABEL = "demitasse.task"
CONTAINER_LABEL = "demitasse.container"
SERVICE_LABEL = "demitasse.service"
LOG_LABELS = "demitasse.log."
DEFAULT_STOP_TIMEOUT = 30
_PAUSE_MEMORY = 32 * 1024 * 1024
_MIB = 1024 * 1024
_LOG_SIZE = 10 * 1024 * 1024


def container_name(task_id: str, name: str) -> str:
    """The name of a task's container in the engine."""
    return f"demitasse-task-{task_id}-{name}"


def pause_name(task_id: str) -> str:
    """The name of the container that holds a task's network."""
    return f"demitasse-pause-{task_id}"


def volume_name(task_id: str, name: str) -> str:
    """The name of a task's volume in the engine."""
    return f"demitasse-task-{task_id}-{name}"


def labels(item: Item[Task, TaskObserved]) -> dict[str, str]:
    """What marks everything that a task has made."""
    own = item.desired
    found = {
        KIND_LABEL: "task",
        TASK_LABEL: task_arn(item.scope, own.cluster, own.id),
        "demitasse.cluster": own.cluster,
    }
    if own.service:
        found[SERVICE_LABEL] = own.service
    return found


def pause_spec(
    item: Item[Task, TaskObserved], interface: Interface, network: str, sysctls: Mapping[str, str]
) -> ContainerSpec:
    """The container that holds the task's address, as long as the task lives."""
    return ContainerSpec(
        name=pause_name(item.desired.id),
        image=PAUSE_IMAGE,
        labels={
            **labels(item),
            KIND_LABEL: "pause",
            INTERFACE_LABEL: interface_arn(Ref(item.scope, interface.id)),
        },
        network=OwnAddress(network, interface.address),
        hostname=host_name(item, interface),
        memory_bytes=_PAUSE_MEMORY,
        sysctls=dict(sysctls),
        cap_drop=("ALL",),
        cap_add=("NET_ADMIN",),  # for nft, which is run in it; those that join it have not
        stop_timeout=0,
        log=LogOptions(max_files=1),
    )


def host_name(item: Item[Task, TaskObserved], interface: Interface) -> str:
    """What a task is called inside: EC2's private name of its address."""
    region = item.scope.region
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{interface.address.replace('.', '-')}.{domain}"


def sysctls(definition: TaskDefinition) -> dict[str, str]:
    """The network's kernel parameters: with awsvpc those of any container hold for all."""
    return {
        control.namespace: control.value
        for container in definition.containers
        for control in container.system_controls
    }


def container_spec(
    item: Item[Task, TaskObserved],
    container: ContainerDefinition,
    *,
    image: str,
    share: Share,
    processors: float | None,
    waits: Waits,
) -> ContainerSpec:
    """A container of a task, in the network of its pause container.

    ``processors`` is how many the machine has: Docker refuses to be asked for more.
    """
    own = item.desired
    linux = container.linux_parameters
    capabilities = linux.capabilities if linux else None
    cpu = share.cpu if processors is None else min(share.cpu, processors)
    return ContainerSpec(
        name=container_name(own.id, container.name),
        image=image,
        labels={**(container.docker_labels or {}), **_ecs_labels(item, container)},
        command=container.command,
        entrypoint=container.entry_point,
        environment={each.name: each.value for each in container.environment},
        network=SharedWith(pause_name(own.id)),
        mounts=tuple(_mounts(item, container)),
        volumes_from=tuple(
            container_name(own.id, each.source_container) + (":ro" if each.read_only else "")
            for each in container.volumes_from
        ),
        cpu=max(cpu, 0.01),
        cpu_shares=max(container.cpu, 2),
        memory_bytes=share.memory * _MIB,
        memory_reservation_bytes=(
            container.memory_reservation * _MIB if container.memory_reservation else None
        ),
        ulimits=tuple(
            Ulimit(each.name, each.soft_limit, each.hard_limit) for each in container.ulimits or ()
        ),
        user=container.user,
        workdir=container.working_directory,
        health_check=_health_check(container, waits),
        cap_add=capabilities.add if capabilities else (),
        cap_drop=capabilities.drop if capabilities else (),
        no_new_privileges=True,
        read_only_root=bool(container.readonly_root_filesystem),
        init=bool(linux and linux.init_process_enabled),
        tty=bool(container.pseudo_terminal),
        stop_timeout=stop_timeout(container),
        log=LogOptions(max_size_bytes=_LOG_SIZE, max_files=3),
    )


def stop_timeout(container: ContainerDefinition) -> int:
    """Seconds between SIGTERM and SIGKILL."""
    given = container.stop_timeout
    return DEFAULT_STOP_TIMEOUT if given is None else given


def _ecs_labels(item: Item[Task, TaskObserved], container: ContainerDefinition) -> dict[str, str]:
    own = item.desired
    family, _, revision = own.task_definition.rpartition("/")[2].partition(":")
    found = {
        **labels(item),
        CONTAINER_LABEL: container.name,
        "com.amazonaws.ecs.cluster": own.cluster,
        "com.amazonaws.ecs.container-name": container.name,
        "com.amazonaws.ecs.task-arn": task_arn(item.scope, own.cluster, own.id),
        "com.amazonaws.ecs.task-definition-family": family,
        "com.amazonaws.ecs.task-definition-version": revision,
    }
    source = log_source(item, container)
    if source is not None:
        options = container.log_configuration.options if container.log_configuration else {}
        found |= {
            f"{LOG_LABELS}group": source.group,
            f"{LOG_LABELS}stream": source.stream,
            f"{LOG_LABELS}region": options.get("awslogs-region", item.scope.region),
            f"{LOG_LABELS}account": item.scope.account,
            f"{LOG_LABELS}create-group": "true" if source.create_group else "false",
        }
    return found


def log_source(item: Item[Task, TaskObserved], container: ContainerDefinition) -> Source | None:
    """Where the container's output goes; ``None`` for one without awslogs."""
    log = container.log_configuration
    if log is None:
        return None
    prefix = log.options.get("awslogs-stream-prefix")
    task_id = item.desired.id
    return Source(
        group=log.options["awslogs-group"],
        stream=f"{prefix}/{container.name}/{task_id}" if prefix else task_id,
        create_group=log.options.get("awslogs-create-group") == "true",
    )


def log_region(item: Item[Task, TaskObserved], container: ContainerDefinition) -> str:
    """The region of the log group."""
    log = container.log_configuration
    return (log.options.get("awslogs-region") if log else None) or item.scope.region


def volume_specs(
    item: Item[Task, TaskObserved], definition: TaskDefinition
) -> Iterable[VolumeSpec]:
    """The task's volumes."""
    return [
        VolumeSpec(
            name=volume_name(item.desired.id, each.name),
            labels={**labels(item), KIND_LABEL: "task-volume"},
        )
        for each in definition.volumes
    ]


def _mounts(item: Item[Task, TaskObserved], container: ContainerDefinition) -> list[Mount]:
    return [
        Volume(
            volume_name(item.desired.id, each.source_volume), each.container_path, each.read_only
        )
        for each in container.mount_points
    ]


def _health_check(container: ContainerDefinition, waits: Waits) -> HealthCheck | None:
    """The container's own check; without one, whatever the image has is turned off.

    ECS does not look at health checks that are embedded in images. Intervals are waits of AWS's
    and may be compressed; how long a check and a start may take is the program's own time.
    """
    check: HealthCheckAsked | None = container.health_check
    if check is None or not has_check(container):
        return HealthCheck(("NONE",))
    return HealthCheck(
        command=check.command,
        interval=max(1.0, waits.seconds(check.interval)),
        timeout=float(check.timeout),
        retries=check.retries,
        start_period=float(check.start_period or 0),
    )
