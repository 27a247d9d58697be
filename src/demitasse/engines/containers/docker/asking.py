"""What is asked, in the words of Docker Engine's API (v1.41).

Pure: specifications in, the JSON of ``/containers/create``, ``/networks/create`` and
``/volumes/create`` out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from demitasse.engines.containers.spec import (
    INSTALLATION_LABEL,
    SPEC_LABEL,
    Attachment,
    Bind,
    ContainerSpec,
    HealthCheck,
    HostNetwork,
    LogOptions,
    Mount,
    NetworkSpec,
    NoNetwork,
    OwnAddress,
    RegistryAuth,
    SharedWith,
    Tmpfs,
    Volume,
    VolumeSpec,
)

NANOSECONDS = 1_000_000_000


def container(spec: ContainerSpec, installation: str) -> dict[str, Any]:
    """The body of ``POST /containers/create``; the name goes into the query."""
    body: dict[str, Any] = {
        "Image": spec.image,
        "Labels": {
            **spec.labels,
            INSTALLATION_LABEL: installation,
            SPEC_LABEL: spec.digest(),
        },
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "Tty": spec.tty,
        "HostConfig": _host(spec),
    }
    body |= _given(
        Cmd=_listed(spec.command),
        Entrypoint=_listed(spec.entrypoint),
        User=spec.user,
        WorkingDir=spec.workdir,
        Hostname=spec.hostname,
        StopSignal=spec.stop_signal,
        StopTimeout=spec.stop_timeout,
    )
    if spec.health_check is not None:
        body["Healthcheck"] = _health_check(spec.health_check)
    if spec.ports:
        body["ExposedPorts"] = {f"{each.container_port}/{each.protocol}": {} for each in spec.ports}
    if isinstance(spec.network, OwnAddress):
        body["NetworkingConfig"] = {"EndpointsConfig": {spec.network.network: _place(spec.network)}}
    return body


def _host(spec: ContainerSpec) -> dict[str, Any]:
    host: dict[str, Any] = {
        "NetworkMode": _network_mode(spec.network),
        "RestartPolicy": {"Name": spec.restart},
        "LogConfig": _log(spec.log),
        "Privileged": spec.privileged,
        "ReadonlyRootfs": spec.read_only_root,
        "Init": spec.init,
        "SecurityOpt": ["no-new-privileges"] if _no_new_privileges(spec) else [],
    }
    if spec.memory_bytes is not None:
        # Without swap on top: the limit is the limit, as on AWS.
        host |= {"Memory": spec.memory_bytes, "MemorySwap": spec.memory_bytes}
    if spec.ports:
        host["PortBindings"] = {}
        for each in spec.ports:
            port = f"{each.container_port}/{each.protocol}"
            binding = {"HostIp": each.host_ip, "HostPort": str(each.host_port)}
            host["PortBindings"].setdefault(port, []).append(binding)
    host |= _given(
        NanoCpus=None if spec.cpu is None else round(spec.cpu * NANOSECONDS),
        CpuShares=spec.cpu_shares,
        MemoryReservation=spec.memory_reservation_bytes,
        PidsLimit=spec.pids_limit,
        ShmSize=spec.shm_bytes,
    )
    host |= _filled(
        Mounts=[_mount(each) for each in spec.mounts],
        VolumesFrom=list(spec.volumes_from),
        Ulimits=[
            {"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in spec.ulimits
        ],
        CapAdd=list(spec.cap_add),
        CapDrop=list(spec.cap_drop),
        ExtraHosts=[f"{name}:{address}" for name, address in spec.extra_hosts.items()],
        Dns=list(spec.dns),
        DnsSearch=list(spec.dns_search),
        Sysctls=dict(spec.sysctls),
    )
    return host


def _no_new_privileges(spec: ContainerSpec) -> bool:
    return spec.no_new_privileges and not spec.privileged


def _network_mode(place: Attachment) -> str:
    match place:
        case OwnAddress(network=network):
            return network
        case SharedWith(container=other):
            return f"container:{other}"
        case HostNetwork():
            return "host"
        case NoNetwork():
            return "none"


def _place(place: OwnAddress) -> dict[str, Any]:
    return _filled(
        IPAMConfig={} if place.ipv4 is None else {"IPv4Address": place.ipv4},
        Aliases=list(place.aliases),
    )


def _mount(mount: Mount) -> dict[str, Any]:
    match mount:
        case Bind(source=source, target=target, read_only=read_only):
            return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}
        case Volume(name=name, target=target, read_only=read_only):
            return {"Type": "volume", "Source": name, "Target": target, "ReadOnly": read_only}
        case Tmpfs():
            options = _given(SizeBytes=mount.size_bytes, Mode=mount.mode)
            return {"Type": "tmpfs", "Target": mount.target} | _filled(TmpfsOptions=options)


def _health_check(check: HealthCheck) -> dict[str, Any]:
    return {
        "Test": list(check.command),
        "Interval": round(check.interval * NANOSECONDS),
        "Timeout": round(check.timeout * NANOSECONDS),
        "Retries": check.retries,
        "StartPeriod": round(check.start_period * NANOSECONDS),
    }


def _log(log: LogOptions) -> dict[str, Any]:
    options = {"max-size": str(log.max_size_bytes), "max-file": str(log.max_files)}
    return {"Type": "json-file", "Config": options}


def network(spec: NetworkSpec, installation: str) -> dict[str, Any]:
    """The body of ``POST /networks/create``."""
    ipam = {"Subnet": spec.cidr} | _given(Gateway=spec.gateway, IPRange=spec.ip_range)
    return {
        "Name": spec.name,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Internal": spec.internal,
        "IPAM": {"Driver": "default", "Config": [ipam]},
        "Labels": {**spec.labels, INSTALLATION_LABEL: installation},
        "Options": {
            f"com.docker.network.{key}": value
            for key, value in {
                "bridge.name": spec.bridge,
                "driver.mtu": None if spec.mtu is None else str(spec.mtu),
            }.items()
            if value is not None
        },
    }


def volume(spec: VolumeSpec, installation: str) -> dict[str, Any]:
    """The body of ``POST /volumes/create``."""
    return {
        "Name": spec.name,
        "Driver": "local",
        "Labels": {**spec.labels, INSTALLATION_LABEL: installation},
    }


def exec_(
    argv: tuple[str, ...],
    environment: Mapping[str, str],
    user: str | None,
    workdir: str | None,
) -> dict[str, Any]:
    """The body of ``POST /containers/{id}/exec``."""
    return {
        "AttachStdout": True,
        "AttachStderr": True,
        "Cmd": list(argv),
        "Env": [f"{name}={value}" for name, value in environment.items()],
    } | _given(User=user, WorkingDir=workdir)


def registry_auth(auth: RegistryAuth) -> str:
    """The header ``X-Registry-Auth``."""
    told = {"username": auth.user, "password": auth.password, "serveraddress": auth.server}
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode("ascii")


def filters(installation: str, labels: Mapping[str, str | None] | None = None) -> str:
    """The query parameter ``filters``: only this installation's, with all of ``labels``."""
    wanted = [f"{INSTALLATION_LABEL}={installation}"]
    wanted += [key if value is None else f"{key}={value}" for key, value in (labels or {}).items()]
    return json.dumps({"label": wanted})


def seconds(nanoseconds: int) -> str:
    """A moment as ``since`` wants it: seconds with nine digits behind the point."""
    whole, rest = divmod(nanoseconds, NANOSECONDS)
    return f"{whole}.{rest:09d}"


def _given(**members: Any) -> dict[str, Any]:
    """Only what is not ``None``."""
    return {name: value for name, value in members.items() if value is not None}


def _filled(**members: Any) -> dict[str, Any]:
    """Only what is not empty."""
    return {name: value for name, value in members.items() if value}


def _listed(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)
