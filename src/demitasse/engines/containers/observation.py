"""What the container engine answers: plain values.

Sizes are bytes, durations seconds, moments timezone-aware ``datetime`` or nanoseconds since 1970
where every digit counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

State = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
Health = Literal["none", "starting", "healthy", "unhealthy"]
Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """The engine itself."""

    version: str
    api_version: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """An image on this machine. ``id`` is ``sha256:…`` of its configuration."""

    id: str
    tags: tuple[str, ...] = ()
    repo_digests: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    exposed_ports: tuple[str, ...] = ()
    size_bytes: int = 0
    user: str = ""
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    architecture: str = ""

    def digest_in(self, repository: str) -> str | None:
        """The manifest's digest (``sha256:…``) as ``repository`` knows it, if pulled from there."""
        for each in self.repo_digests:
            name, _, digest = each.rpartition("@")
            if name == repository:
                return digest
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container as it was seen at one moment.

    ``image`` is the reference it was created from, ``image_id`` the image's id.
    ``addresses`` maps network names to IPv4 addresses, of a running container with an address of
    its own. ``exit_code`` is there once it ended. ``error`` is the engine's word on why it could
    not start. ``pid`` is its first process on the machine, 0 when it does not run.
    ``list`` leaves out what Docker's list does not say: see ``ContainerEngine.list``.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: State
    labels: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    health: Health = "none"
    health_log: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    restarts: int = 0

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.state in ("running", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network as it is."""

    id: str
    name: str
    cidr: str
    gateway: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    bridge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVolume:
    """A volume as it is; ``path`` is where the machine keeps it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, without its end. ``time`` is nanoseconds since 1970, as the engine recorded it."""

    time: int
    stream: Stream
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened. A hint to look, never the state itself.

    ``action`` is Docker's: ``create``, ``start``, ``die``, ``oom``, ``stop``, ``kill``,
    ``restart``, ``destroy``, ``health_status`` (then ``health`` says which). ``time`` is
    nanoseconds since 1970.
    """

    kind: Literal["container"] = "container"
    action: str
    id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    health: Health | None = None
    time: int = 0


@dataclass(frozen=True, slots=True)
class Resync:
    """The stream of events (re)began: whatever happened before went unseen. Look at everything."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a command in a container answered."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a one-shot container answered."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    oom_killed: bool = False


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is. ``layer`` is a short id, empty for words on the whole image."""

    status: str
    layer: str = ""
    current: int = 0
    total: int = 0
