"""What is asked of the container engine: plain values.

A container's specification holds everything that decides how it runs, so that two equal
specifications are the same container (``digest``). Sizes are bytes, durations seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

INSTALLATION_LABEL = "demitasse.installation"
"""On everything an engine makes: whose it is."""

KIND_LABEL = "demitasse.kind"
"""What a thing is for (``task``, ``pause``, ``database``, ``haproxy``…); given by who asks."""

SPEC_LABEL = "demitasse.spec"
"""On containers: the digest of the specification they were made from."""

RUN_LABEL = "demitasse.run"
"""On containers of ``run``: they serve one command, and nobody else waits for them."""

PAUSE_IMAGE = "demitasse/pause:2"
"""Holds a network namespace open; in it are BusyBox and nft, to set up the network from inside."""


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """A place of its own in a network; without ``ipv4`` the engine chooses the address."""

    network: str
    ipv4: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedWith:
    """The network of another container, given by id or name: same addresses, same ports."""

    container: str


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """The machine's own network."""


@dataclass(frozen=True, slots=True)
class NoNetwork:
    """Nothing but a loopback."""


Attachment = OwnAddress | SharedWith | HostNetwork | NoNetwork


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of the machine, which must exist."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume (see ``VolumeSpec``); what the image holds at ``target`` is copied in."""

    name: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """Memory as a folder; ``size_bytes`` bounds it, ``mode`` is its permissions (``0o1777``)."""

    target: str
    size_bytes: int | None = None
    mode: int | None = None


Mount = Bind | Volume | Tmpfs


@dataclass(frozen=True, slots=True)
class Ulimit:
    """A process limit, by Docker's name (``nofile``)."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Docker's own HEALTHCHECK. ``command`` begins with ``CMD``, ``CMD-SHELL`` or ``NONE``."""

    command: tuple[str, ...]
    interval: float = 30.0
    timeout: float = 5.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Docker's json-file log: how large a file grows and how many are kept."""

    max_size_bytes: int = 10 * 1024 * 1024
    max_files: int = 3


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the machine led into the container."""

    container_port: int
    host_port: int
    host_ip: str = "127.0.0.1"
    protocol: Literal["tcp", "udp"] = "tcp"


RestartPolicy = Literal["no", "unless-stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """How a container is to run. ``name`` is its identity: creating it twice makes one.

    ``command``, ``entrypoint``, ``user``, ``workdir`` and ``stop_signal`` override the image's
    when given (an empty ``entrypoint`` clears the image's). ``cpu`` is a hard limit in
    processors (0.5 is half a one), ``cpu_shares`` a weight under contention;
    ``memory_bytes`` is a hard limit (no swap on top), ``memory_reservation_bytes`` a soft one.
    """

    name: str
    image: str
    labels: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    network: Attachment = field(default_factory=NoNetwork)
    ports: tuple[PublishedPort, ...] = ()
    mounts: tuple[Mount, ...] = ()
    volumes_from: tuple[str, ...] = ()
    cpu: float | None = None
    cpu_shares: int | None = None
    memory_bytes: int | None = None
    memory_reservation_bytes: int | None = None
    pids_limit: int | None = None
    shm_bytes: int | None = None
    ulimits: tuple[Ulimit, ...] = ()
    user: str | None = None
    workdir: str | None = None
    hostname: str | None = None
    health_check: HealthCheck | None = None
    restart: RestartPolicy = "no"
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    no_new_privileges: bool = True
    privileged: bool = False
    read_only_root: bool = False
    init: bool = False
    tty: bool = False
    stop_signal: str | None = None
    stop_timeout: int | None = None
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    log: LogOptions = field(default_factory=LogOptions)

    def digest(self) -> str:
        """The specification in 32 hexadecimal digits; equal for equal specifications.

        Only what differs from the defaults counts: a later version of Demitasse with more
        fields adopts the containers that an earlier one made.
        """
        canonical = json.dumps(_told(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _told(value: Any) -> Any:
    """A value as JSON, without the fields that are at their default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told: dict[str, Any] = {"": type(value).__name__}
        for each in dataclasses.fields(value):
            content = getattr(value, each.name)
            if not _is_default(each, content):
                told[each.name] = _told(content)
        return told
    if isinstance(value, Mapping):
        return {str(key): _told(content) for key, content in value.items()}
    if isinstance(value, tuple | list):
        return [_told(each) for each in value]
    return value


def _is_default(each: dataclasses.Field[Any], content: Any) -> bool:
    if each.default is not dataclasses.MISSING:
        return bool(content == each.default)
    if each.default_factory is not dataclasses.MISSING:
        return bool(content == each.default_factory())
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """A bridge network. ``bridge`` names the machine's interface (at most 15 characters)."""

    name: str
    cidr: str
    gateway: str | None = None
    ip_range: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    mtu: int | None = None
    bridge: str | None = None
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSpec:
    """A named volume that outlives its containers."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistryAuth:
    """Who pulls: what ``docker login`` would be told."""

    server: str
    user: str
    password: str = field(repr=False)
