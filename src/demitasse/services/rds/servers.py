"""The database servers that can be run: image, options, and how to speak to each. Pure values.

A server listens on its DB instance's own address, on the machine's network: so the endpoint works
as returned from the machine and from every container on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from demitasse.engines.containers.spec import ContainerSpec, HostNetwork, Volume
from demitasse.services.rds.records import DbInstance

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Server:
    """A database server that RDS offers and that runs here."""

    engine: str
    family: str
    version: str  # major and minor as AWS counts them; the image's tag
    image: str
    port: int
    data: str
    description: str
    client: str


SERVERS: Mapping[str, Server] = {
    "mariadb": Server(
        engine="mariadb",
        family="mariadb11.8",
        version="11.8",
        image="mariadb:11.8",
        port=3306,
        data="/var/lib/mysql",
        description="MariaDB Community Edition",
        client="mariadb",
    ),
}

# AWS: "Hardware specifications for DB instance classes": vCPU and GiB.
_CLASSES: Mapping[str, tuple[int, float]] = {
    "db.t2.micro": (1, 1), "db.t2.small": (1, 2), "db.t2.medium": (2, 4), "db.t2.large": (2, 8),
    "db.t3.micro": (2, 1), "db.t3.small": (2, 2), "db.t3.medium": (2, 4), "db.t3.large": (2, 8),
    "db.t3.xlarge": (4, 16), "db.t3.2xlarge": (8, 32),
    "db.t4g.micro": (2, 1), "db.t4g.small": (2, 2), "db.t4g.medium": (2, 4),
    "db.t4g.large": (2, 8), "db.t4g.xlarge": (4, 16), "db.t4g.2xlarge": (8, 32),
    "db.m5.large": (2, 8), "db.m5.xlarge": (4, 16), "db.m6g.large": (2, 8),
    "db.m6i.large": (2, 8), "db.r5.large": (2, 16), "db.r6g.large": (2, 16),
}  # fmt: skip


def classes() -> tuple[str, ...]:
    """The DB instance classes that are known."""
    return tuple(_CLASSES)


def container_name(instance: DbInstance) -> str:
    """The container of a DB instance; the same for ever, so that it is adopted."""
    return f"demitasse-{instance.resource_id.lower()}"


def container(identifier: str, instance: DbInstance) -> ContainerSpec:
    """The container that runs a DB instance's server."""
    server = SERVERS[instance.engine]
    _cpu, memory = _CLASSES[instance.instance_class]
    return ContainerSpec(
        name=container_name(instance),
        image=server.image,
        labels={"demitasse.kind": "database", "demitasse.database": identifier},
        command=(
            "mariadbd",
            f"--bind-address={instance.address}",
            f"--port={instance.port}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
        ),
        environment={"MARIADB_ROOT_PASSWORD": instance.root_password},
        network=HostNetwork(),
        mounts=(Volume(name=container_name(instance), target=server.data),),
        memory_bytes=int(memory * _GIB),
        init=True,  # a first process ignores SIGTERM until it handles it: a young server did so
        restart="unless-stopped",
        stop_timeout=60,
    )


def set_up(instance: DbInstance) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The command, run beside the server, that gives the master user its rights; repeatable."""
    user = f"{_text(instance.master_username)}@'%'"
    password = _text(instance.master_password)
    statements = [
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY {password}",
        f"ALTER USER {user} IDENTIFIED BY {password}",
        f"GRANT ALL PRIVILEGES ON *.* TO {user} WITH GRANT OPTION",
    ]
    if instance.db_name:
        statements.append(f"CREATE DATABASE IF NOT EXISTS `{instance.db_name}`")
    argv = ("mariadb", "--user=root", "--execute", "; ".join(statements))
    return argv, {"MYSQL_PWD": instance.root_password}


_SERVES = """\
BEGIN NOT ATOMIC
    IF @@skip_networking THEN SIGNAL SQLSTATE '45000'; END IF;
END"""
"""Fails on the server that only prepares the data, which no network reaches."""


def log_in(instance: DbInstance) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The command that logs in as a client does, beside the server: whether the network lets
    clients through is the security groups' affair. A server that runs listens at its endpoint.
    """
    argv = (
        "mariadb", "--protocol=socket", f"--user={instance.master_username}",
        "--connect-timeout=2", "--delimiter=//", "--execute", _SERVES,
    )  # fmt: skip
    return argv, {"MYSQL_PWD": instance.master_password}


def login_digest(instance: DbInstance) -> str:
    """Changes whenever ``set_up`` must be run again."""
    told = f"{instance.master_username}\0{instance.master_password}\0{instance.db_name}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
