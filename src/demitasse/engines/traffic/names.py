"""How things are called inside HAProxy, and where its files lie."""

from __future__ import annotations

import hashlib

from demitasse.engines.traffic.spec import Target, TargetGroup

HOME = "/load-balancer"
"""The load balancer's folder, as its container sees it."""

CONFIG = "haproxy.cfg"
STATES = "servers.state"
ADMIN_SOCKET = "run/admin.sock"
MASTER_SOCKET = "run/master.sock"

_BACKEND = "group-"
_LISTENER = "listener-"
_OPEN = "open-"


def listener_name(port: int) -> str:
    """The frontend of the listener on this port."""
    return f"{_LISTENER}{port}"


def listener_port(name: str) -> int | None:
    """The port of a frontend's name; ``None`` when it is no listener's."""
    return int(name.removeprefix(_LISTENER)) if name.startswith(_LISTENER) else None


def backend_name(group_id: str) -> str:
    """The backend of this target group."""
    return f"{_BACKEND}{group_id}"


def group_id(backend: str) -> str | None:
    """The group of a backend's name; ``None`` when it is no group's."""
    return backend.removeprefix(_BACKEND) if backend.startswith(_BACKEND) else None


def server_name(target: Target) -> str:
    """``10.0.0.1:80``: health checks send it as their Host."""
    return f"{target.address}:{target.port}"


def open_name(server: str) -> str:
    """The server's twin, which gets traffic when the group fails open."""
    return f"{_OPEN}{server}"


def is_open(server: str) -> bool:
    """Whether a server is such a twin."""
    return server.startswith(_OPEN)


def opaque(*parts: str) -> str:
    """A cookie's value: says nothing about what it stands for, and always the same."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def target_cookie(group: TargetGroup, target: Target) -> str:
    """What the load balancer's cookie says of a target."""
    return opaque(group.id, server_name(target))


def group_cookie(group: str) -> str:
    """What the cookie AWSALBTG says of a target group."""
    return opaque(group)
