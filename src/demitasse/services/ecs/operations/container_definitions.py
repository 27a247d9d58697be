"""Reading the container definitions of a task definition, and refusing what cannot be run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from demitasse.api import Input
from demitasse.errors import NotSupported
from demitasse.services.ecs.operations.names import NAME, refused
from demitasse.services.ecs.records import ContainerDefinition
from demitasse.services.ecs.records.shapes import read
from demitasse.services.ecs.records.task_definitions import (
    HealthCheck,
    LogConfiguration,
    PortMapping,
    Volume,
)

MOST_CONTAINERS = 10
CAPABILITIES = frozenset(
    (
        "ALL",
        "AUDIT_CONTROL",
        "AUDIT_WRITE",
        "BLOCK_SUSPEND",
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "IPC_LOCK",
        "IPC_OWNER",
        "KILL",
        "LEASE",
        "LINUX_IMMUTABLE",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "MKNOD",
        "NET_ADMIN",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_CHROOT",
        "SYS_MODULE",
        "SYS_NICE",
        "SYS_PACCT",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "SYSLOG",
        "WAKE_ALARM",
    )
)
_AWSLOGS = {
    "awslogs-group",
    "awslogs-region",
    "awslogs-stream-prefix",
    "awslogs-create-group",
    "mode",
    "max-buffer-size",
}
_AWSLOGS_REFUSED = ("awslogs-datetime-format", "awslogs-multiline-pattern")
_RESERVED_LABELS = ("demitasse.", "com.amazonaws.ecs.")
_IMAGE = re.compile(r"[\w][\w.:/@+-]{0,511}", re.ASCII)
_SYSCTL = re.compile(r"net\.[a-z0-9_.-]+")


def containers(
    given: Iterable[Input], volumes: Iterable[Volume], *, fargate: bool
) -> tuple[ContainerDefinition, ...]:
    """The containers as they are kept. ``ClientException``, ``NotSupported``."""
    read_ = tuple(
        _container(each, f"containerDefinitions[{number}]", fargate=fargate)
        for number, each in enumerate(given)
    )
    if not read_:
        raise refused("Container list cannot be empty.")
    if len(read_) > MOST_CONTAINERS:
        raise refused("Too many containers.")
    by_name = {each.name: each for each in read_}
    if len(by_name) < len(read_):
        raise refused("Container names must be unique within a task definition.")
    if not any(each.essential for each in read_):
        raise refused("Task definition does not have any essential container.")
    _check_ports(read_)
    known = {volume.name for volume in volumes}
    for each in read_:
        _check_dependencies(each, by_name)
        _check_volumes(each, known, by_name)
    _check_circles(by_name)
    return read_


def _container(given: Input, where: str, *, fargate: bool) -> ContainerDefinition:
    for member in ("name", "image"):
        if not given.get(member):
            raise refused(f"Container.{member} should not be null or empty.")
    if not NAME.fullmatch(given["name"]):
        raise refused(f"Container.name contains invalid characters: {given['name']}")
    if not _IMAGE.fullmatch(given["image"]):
        # `<IMAGE1_NAME>` stands in templates only; CodeDeploy's action replaces it.
        raise refused(f"Container.image contains invalid characters: {given['image']}")
    ports = [_port(each, where) for each in given.get("portMappings", ())]
    container = read(ContainerDefinition, {**given, "portMappings": ports}, where)
    _check_resources(container)
    _check_times(container)
    _check_linux(container)
    if container.log_configuration is not None:
        _check_log(container.log_configuration, where, fargate=fargate)
    if container.health_check is not None:
        _check_health(container.health_check)
    for variable in container.environment:
        if not variable.name or "=" in variable.name or "\0" in variable.name + variable.value:
            raise refused("Environment variables must have a name without '='.")
    for label in container.docker_labels or ():
        if label.startswith(_RESERVED_LABELS):
            raise refused(f"The docker label {label} is reserved.")
    if container.version_consistency not in (None, "enabled", "disabled"):
        raise refused("versionConsistency must be enabled or disabled.")
    return container


def _port(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    if given.get("containerPortRange"):
        raise NotSupported(f"{where}.portMappings.containerPortRange")
    port = given.get("containerPort")
    if port is None or not 1 <= port <= 65535:
        raise refused("The container port of a port mapping must be between 1 and 65535.")
    if given.get("hostPort", 0) not in (0, port):
        raise refused(
            "When networkMode=awsvpc, the host ports and container ports in port mappings must"
            " match."
        )
    return {**given, "hostPort": port}


def _check_ports(containers_: tuple[ContainerDefinition, ...]) -> None:
    seen: set[tuple[int, str]] = set()
    names: set[str] = set()
    for mapping in (mapping for each in containers_ for mapping in each.port_mappings):
        if mapping.protocol not in ("tcp", "udp"):
            raise refused(f"Invalid protocol in a port mapping: {mapping.protocol}")
        key = (mapping.container_port, mapping.protocol)
        if key in seen:
            raise refused(
                "When networkMode=awsvpc, containers of a task cannot map the same port:"
                f" {mapping.container_port}/{mapping.protocol}."
            )
        seen.add(key)
        _check_port_name(mapping, names)


def _check_port_name(mapping: PortMapping, names: set[str]) -> None:
    if mapping.name is None:
        return
    if mapping.name in names:
        raise refused(f"The port mapping name {mapping.name} is used twice.")
    names.add(mapping.name)


def _check_resources(container: ContainerDefinition) -> None:
    if container.cpu < 0:
        raise refused(f"Invalid 'cpu' setting for container '{container.name}'.")
    for value in (container.memory, container.memory_reservation):
        if value is not None and value < 6:
            raise refused(
                f"Invalid 'memory' setting for container '{container.name}'."
                " A container needs at least 6 MiB."
            )
    if (
        container.memory is not None
        and container.memory_reservation is not None
        and container.memory_reservation > container.memory
    ):
        raise refused(
            f"Invalid setting for container '{container.name}'. The 'memory' must be greater than"
            " or equal to the 'memoryReservation'."
        )


def _check_times(container: ContainerDefinition) -> None:
    for name, value in (
        ("startTimeout", container.start_timeout),
        ("stopTimeout", container.stop_timeout),
    ):
        if value is not None and not 2 <= value <= 120:
            raise refused(f"{name} must be between 2 and 120 seconds on Fargate.")


def _check_linux(container: ContainerDefinition) -> None:
    for limit in container.ulimits or ():
        if limit.soft_limit > limit.hard_limit and limit.hard_limit != -1:
            raise refused(f"The soft limit of the ulimit {limit.name} exceeds its hard limit.")
    for control in container.system_controls:
        if not _SYSCTL.fullmatch(control.namespace):
            raise NotSupported(f"The systemControl {control.namespace}")
    capabilities = container.linux_parameters and container.linux_parameters.capabilities
    if not capabilities:
        return
    for name in capabilities.add:
        if name != "SYS_PTRACE":
            raise refused(f"Fargate only supports adding the capability SYS_PTRACE, not {name}.")
    for name in capabilities.drop:
        if name not in CAPABILITIES:
            raise refused(f"Unknown Linux capability: {name}")


def _check_log(log: LogConfiguration, where: str, *, fargate: bool) -> None:
    where = f"{where}.logConfiguration"
    if log.log_driver != "awslogs":
        raise NotSupported(f"{where}.logDriver {log.log_driver}")
    for option in log.options:
        if option in _AWSLOGS_REFUSED:
            raise NotSupported(f"{where}.options.{option}")
        if option not in _AWSLOGS:
            raise refused(f"Log driver awslogs disallows options: {option}")
    if not log.options.get("awslogs-group") or not log.options.get("awslogs-region"):
        raise refused("Log driver awslogs requires options: awslogs-region, awslogs-group")
    if fargate and not log.options.get("awslogs-stream-prefix"):
        raise refused(
            "Fargate requires log configuration options to include awslogs-stream-prefix to"
            " support log driver awslogs."
        )
    if log.options.get("awslogs-create-group", "true") not in ("true", "false"):
        raise refused("Log driver awslogs: awslogs-create-group must be true or false")
    if log.options.get("mode", "blocking") not in ("blocking", "non-blocking"):
        raise refused("Log driver awslogs: mode must be blocking or non-blocking")


def _check_health(check: HealthCheck) -> None:
    if not check.command or check.command[0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise refused("Health check command must start with CMD, CMD-SHELL or NONE.")
    if check.command[0] != "NONE" and len(check.command) < 2:
        raise refused("Health check command must not be empty.")
    for name, value, least, most in (
        ("interval", check.interval, 5, 300),
        ("timeout", check.timeout, 2, 120),
        ("retries", check.retries, 1, 10),
        ("startPeriod", check.start_period or 0, 0, 300),
    ):
        if not least <= value <= most:
            raise refused(f"Health check {name} must be between {least} and {most}.")


def _check_dependencies(
    container: ContainerDefinition, by_name: Mapping[str, ContainerDefinition]
) -> None:
    for dependency in container.depends_on or ():
        other = by_name.get(dependency.container_name)
        if other is None or other is container:
            raise refused(
                f"Container '{container.name}' depends on container"
                f" '{dependency.container_name}', which is not another container of the task."
            )
        if dependency.condition in ("COMPLETE", "SUCCESS") and other.essential:
            raise refused(
                f"Container '{container.name}' cannot depend on essential container"
                f" '{other.name}' with the condition {dependency.condition}."
            )
        if dependency.condition == "HEALTHY" and (
            other.health_check is None or other.health_check.command[0] == "NONE"
        ):
            raise refused(
                f"Container '{container.name}' depends on container '{other.name}' to be HEALTHY,"
                " which has no health check."
            )
        if dependency.condition not in ("START", "COMPLETE", "SUCCESS", "HEALTHY"):
            raise refused(f"Unknown dependency condition: {dependency.condition}")


def _check_volumes(
    container: ContainerDefinition,
    volumes: set[str],
    by_name: Mapping[str, ContainerDefinition],
) -> None:
    for mount in container.mount_points:
        if mount.source_volume not in volumes:
            raise refused(f"Unknown volume '{mount.source_volume}'.")
        if not mount.container_path.startswith("/"):
            raise refused("The containerPath of a mount point must be an absolute path.")
    for source in container.volumes_from:
        if source.source_container not in by_name or source.source_container == container.name:
            raise refused(f"Unknown container in volumesFrom: '{source.source_container}'.")


def _check_circles(by_name: Mapping[str, ContainerDefinition]) -> None:
    """Dependencies and volumesFrom decide who is first: there must be a first."""
    waiting = {
        name: {dependency.container_name for dependency in each.depends_on or ()}
        | {source.source_container for source in each.volumes_from}
        for name, each in by_name.items()
    }
    while waiting:
        free = [name for name, others in waiting.items() if not others & waiting.keys()]
        if not free:
            circle = ", ".join(sorted(waiting))
            raise refused(f"Container dependencies cannot be circular: {circle}.")
        for name in free:
            del waiting[name]
