from __future__ import annotations

import base64
import json

import pytest

from demitasse.engines.containers.docker import asking
from demitasse.engines.containers.spec import (
    Attachment,
    Bind,
    ContainerSpec,
    HealthCheck,
    HostNetwork,
    LogOptions,
    NetworkSpec,
    NoNetwork,
    OwnAddress,
    PublishedPort,
    RegistryAuth,
    SharedWith,
    Tmpfs,
    Ulimit,
    Volume,
    VolumeSpec,
)

LOG = {"Type": "json-file", "Config": {"max-size": "10485760", "max-file": "3"}}


def test_the_least_that_can_be_asked() -> None:
    spec = ContainerSpec(name="a", image="cup")
    assert asking.container(spec, "i") == {
        "Image": "cup",
        "Labels": {"demitasse.installation": "i", "demitasse.spec": spec.digest()},
        "Env": [],
        "Tty": False,
        "HostConfig": {
            "NetworkMode": "none",
            "RestartPolicy": {"Name": "no"},
            "LogConfig": LOG,
            "Privileged": False,
            "ReadonlyRootfs": False,
            "Init": False,
            "SecurityOpt": ["no-new-privileges"],
        },
    }


def test_all_that_can_be_asked() -> None:
    spec = ContainerSpec(
        name="a",
        image="cup:1",
        labels={"demitasse.kind": "task"},
        command=("serve", "--port", "80"),
        entrypoint=("/bin/cup",),
        environment={"A": "1", "B": "x=y"},
        network=OwnAddress("net", "10.0.0.5", ("cup", "db")),
        ports=(PublishedPort(80, 8080), PublishedPort(53, 5353, "0.0.0.0", "udp")),
        mounts=(
            Bind("/etc/x", "/x", read_only=True),
            Volume("data", "/data"),
            Tmpfs("/tmp", 1024, 0o1777),
            Tmpfs("/run"),
        ),
        volumes_from=("other",),
        cpu=0.25,
        cpu_shares=256,
        memory_bytes=1 << 30,
        memory_reservation_bytes=1 << 29,
        pids_limit=100,
        shm_bytes=1 << 26,
        ulimits=(Ulimit("nofile", 1024, 4096),),
        user="1000:1000",
        workdir="/srv",
        hostname="cup",
        health_check=HealthCheck(("CMD", "curl", "x"), 10, 2.5, 4, 15),
        restart="unless-stopped",
        cap_add=("NET_ADMIN",),
        cap_drop=("ALL",),
        no_new_privileges=False,
        read_only_root=True,
        init=True,
        tty=True,
        stop_signal="SIGINT",
        stop_timeout=30,
        extra_hosts={"host.docker.internal": "host-gateway"},
        dns=("10.0.0.2",),
        dns_search=("cups",),
        sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
        log=LogOptions(1000, 2),
    )
    assert asking.container(spec, "i") == {
        "Image": "cup:1",
        "Labels": {
            "demitasse.kind": "task",
            "demitasse.installation": "i",
            "demitasse.spec": spec.digest(),
        },
        "Env": ["A=1", "B=x=y"],
        "Tty": True,
        "Cmd": ["serve", "--port", "80"],
        "Entrypoint": ["/bin/cup"],
        "User": "1000:1000",
        "WorkingDir": "/srv",
        "Hostname": "cup",
        "StopSignal": "SIGINT",
        "StopTimeout": 30,
        "Healthcheck": {
            "Test": ["CMD", "curl", "x"],
            "Interval": 10_000_000_000,
            "Timeout": 2_500_000_000,
            "Retries": 4,
            "StartPeriod": 15_000_000_000,
        },
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "NetworkingConfig": {
            "EndpointsConfig": {
                "net": {"IPAMConfig": {"IPv4Address": "10.0.0.5"}, "Aliases": ["cup", "db"]}
            }
        },
        "HostConfig": {
            "NetworkMode": "net",
            "RestartPolicy": {"Name": "unless-stopped"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1000", "max-file": "2"}},
            "Privileged": False,
            "ReadonlyRootfs": True,
            "Init": True,
            "SecurityOpt": [],
            "Memory": 1 << 30,
            "MemorySwap": 1 << 30,
            "MemoryReservation": 1 << 29,
            "PortBindings": {
                "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
                "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "5353"}],
            },
            "NanoCpus": 250_000_000,
            "CpuShares": 256,
            "PidsLimit": 100,
            "ShmSize": 1 << 26,
            "Mounts": [
                {"Type": "bind", "Source": "/etc/x", "Target": "/x", "ReadOnly": True},
                {"Type": "volume", "Source": "data", "Target": "/data", "ReadOnly": False},
                {
                    "Type": "tmpfs",
                    "Target": "/tmp",
                    "TmpfsOptions": {"SizeBytes": 1024, "Mode": 0o1777},
                },
                {"Type": "tmpfs", "Target": "/run"},
            ],
            "VolumesFrom": ["other"],
            "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 4096}],
            "CapAdd": ["NET_ADMIN"],
            "CapDrop": ["ALL"],
            "ExtraHosts": ["host.docker.internal:host-gateway"],
            "Dns": ["10.0.0.2"],
            "DnsSearch": ["cups"],
            "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        },
    }


@pytest.mark.parametrize(
    ("place", "mode"),
    [
        (SharedWith("pause"), "container:pause"),
        (HostNetwork(), "host"),
        (NoNetwork(), "none"),
        (OwnAddress("net"), "net"),
    ],
)
def test_places_in_networks(place: Attachment, mode: str) -> None:
    body = asking.container(ContainerSpec(name="a", image="cup", network=place), "i")
    assert body["HostConfig"]["NetworkMode"] == mode
    own = isinstance(place, OwnAddress)
    assert body.get("NetworkingConfig") == ({"EndpointsConfig": {"net": {}}} if own else None)


def test_an_empty_entrypoint_clears_the_image_s() -> None:
    spec = ContainerSpec(name="a", image="cup", entrypoint=(), command=())
    body = asking.container(spec, "i")
    assert (body["Entrypoint"], body["Cmd"]) == ([], [])


def test_privilege_is_not_taken_back() -> None:
    body = asking.container(ContainerSpec(name="a", image="cup", privileged=True), "i")
    assert body["HostConfig"]["Privileged"] is True
    assert body["HostConfig"]["SecurityOpt"] == []


def test_nobody_labels_as_another_installation() -> None:
    labels = {"demitasse.installation": "other", "demitasse.spec": "0"}
    spec = ContainerSpec(name="a", image="cup", labels=labels)
    told = asking.container(spec, "i")["Labels"]
    assert told == {"demitasse.installation": "i", "demitasse.spec": spec.digest()}
    for made in (
        asking.network(NetworkSpec(name="n", cidr="10.0.0.0/24", labels=labels), "i"),
        asking.volume(VolumeSpec(name="v", labels=labels), "i"),
    ):
        assert made["Labels"]["demitasse.installation"] == "i"


def test_networks() -> None:
    assert asking.network(NetworkSpec(name="n", cidr="10.0.0.0/24"), "i") == {
        "Name": "n",
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Internal": False,
        "IPAM": {"Driver": "default", "Config": [{"Subnet": "10.0.0.0/24"}]},
        "Labels": {"demitasse.installation": "i"},
        "Options": {},
    }
    spec = NetworkSpec(
        name="n",
        cidr="10.0.0.0/16",
        gateway="10.0.0.1",
        ip_range="10.0.128.0/17",
        labels={"a": "b"},
        mtu=1400,
        bridge="cup0",
        internal=True,
    )
    body = asking.network(spec, "i")
    assert body["IPAM"]["Config"] == [
        {"Subnet": "10.0.0.0/16", "Gateway": "10.0.0.1", "IPRange": "10.0.128.0/17"}
    ]
    assert body["Internal"] is True
    assert body["Labels"] == {"a": "b", "demitasse.installation": "i"}
    assert body["Options"] == {
        "com.docker.network.bridge.name": "cup0",
        "com.docker.network.driver.mtu": "1400",
    }


def test_volumes() -> None:
    assert asking.volume(VolumeSpec(name="v", labels={"a": "b"}), "i") == {
        "Name": "v",
        "Driver": "local",
        "Labels": {"a": "b", "demitasse.installation": "i"},
    }


def test_commands() -> None:
    assert asking.exec_(("ls", "-l"), {"A": "1"}, "root", None) == {
        "AttachStdout": True,
        "AttachStderr": True,
        "Cmd": ["ls", "-l"],
        "Env": ["A=1"],
        "User": "root",
    }


def test_filters_ask_for_ours_first() -> None:
    assert json.loads(asking.filters("i", {"task": "1", "role": None})) == {
        "label": ["demitasse.installation=i", "task=1", "role"]
    }


def test_moments_keep_their_digits() -> None:
    assert asking.seconds(1_700_000_000_000_000_001) == "1700000000.000000001"
    assert asking.seconds(5) == "0.000000005"


def test_credentials() -> None:
    header = asking.registry_auth(RegistryAuth("127.0.0.1:4566", "AWS", "p?>~ö"))
    assert json.loads(base64.urlsafe_b64decode(header)) == {
        "username": "AWS",
        "password": "p?>~ö",
        "serveraddress": "127.0.0.1:4566",
    }
