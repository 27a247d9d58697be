"""Asking a Docker Engine whether it is there."""

from __future__ import annotations

import enum
import http.client
import socket
from collections.abc import Mapping
from pathlib import Path

from demitasse.errors import StartupError

DEFAULT_SOCKET = Path("/var/run/docker.sock")
OLDEST_API = (1, 41)
"""Docker 20.10's."""

_SECONDS = 5.0


class Answer(enum.Enum):
    """What became of a ping."""

    WELL = enum.auto()
    NOBODY = enum.auto()
    FORBIDDEN = enum.auto()


def socket_path(environment: Mapping[str, str]) -> Path:
    """The Engine's socket: ``DOCKER_HOST``'s, else the usual one.

    Raises ``StartupError`` for an Engine elsewhere: load balancers and tasks listen on this
    machine's own addresses.
    """
    address = environment.get("DOCKER_HOST", "")
    if not address:
        return DEFAULT_SOCKET
    if not address.startswith("unix://"):
        raise StartupError(
            f"DOCKER_HOST is {address}, but Demitasse needs a Docker Engine on this very machine:"
            " unset DOCKER_HOST, or let it name a socket (unix:///var/run/docker.sock)"
        )
    return Path(address.removeprefix("unix://"))


def ping(path: Path) -> Answer:
    """Ping the Engine at a socket. Raises ``StartupError`` when it is too old, or no Engine."""
    connection = _Connection(path)
    try:
        connection.request("GET", "/_ping")
        answer = connection.getresponse()
        answer.read()
    except PermissionError:
        return Answer.FORBIDDEN
    except (OSError, http.client.HTTPException):
        return Answer.NOBODY
    finally:
        connection.close()
    if answer.status != http.client.OK:
        return Answer.NOBODY
    version = answer.getheader("Api-Version", "")
    if not version or tuple(int(part) for part in version.split(".")) < OLDEST_API:
        oldest = ".".join(str(part) for part in OLDEST_API)
        raise StartupError(
            f"the Docker Engine at {path} speaks API {version or 'of no version'}; at least"
            f" {oldest} is needed (Docker 20.10)"
        )
    return Answer.WELL


class _Connection(http.client.HTTPConnection):
    """HTTP over a local socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("docker", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
