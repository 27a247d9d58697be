"""What is kept of CloudWatch Logs, and how other services have a container's output read.

Groups are records; streams and events stand in tables of their own (see ``events``).
"""

from __future__ import annotations

import msgspec

from demitasse.api import Scope
from demitasse.store import Kind
from demitasse.store.kinds import Nothing

Tags = dict[str, str]

NO_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried"
    " 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified"
    " log group does not exist. : exit status 1"
)
"""What Fargate says of a task whose log group is not there and is not to be created."""


class LogGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A log group; the record's key is its name. ``number`` is its id in the tables."""

    number: int
    created: int  # milliseconds since 1970
    retention_days: int = 0  # 0: for ever
    deletion_protection: bool = False
    tags: Tags = msgspec.field(default_factory=dict)


class Remains(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group or stream that was deleted, whose events are still to be removed.

    The key is ``group/<number>`` or ``stream/<number>``; the record goes with the last event.
    """

    group: int
    stream: int = 0  # 0: the whole group


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """A container whose output goes to a log stream; ``key`` is the container's name.

    It stands in the account and region of the log group. Written by who makes the container,
    before it starts; deleted by the same once ``finished`` (or when there is no container).
    """

    group: str
    stream: str
    create_group: bool = False


class SourceObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether its lines have where to go, and whether all of them are kept.

    ``ready`` once group and stream exist, also before there is a container. ``error`` (a sentence
    in ECS's words) while the group does not exist and is not to be created. ``finished`` once
    the container has ended, or vanished, and its last line is kept; with an ``error``: once it
    has ended. How far it was read stands in the table ``log_cursor``.
    """

    ready: bool = False
    finished: bool = False
    error: str = ""


LOG_GROUPS: Kind[LogGroup, Nothing] = Kind("logs.group", LogGroup, Nothing)
LOG_REMAINS: Kind[Remains, Nothing] = Kind("logs.remains", Remains, Nothing)
LOG_SOURCES: Kind[Source, SourceObserved] = Kind(
    "logs.source", Source, SourceObserved, {"group": lambda item: item.desired.group}
)


def group_arn(scope: Scope, name: str) -> str:
    """A log group's ARN, without the ``:*`` that some answers have behind it."""
    return scope.arn("logs", f"log-group:{name}")


def stream_arn(scope: Scope, group: str, name: str) -> str:
    """A log stream's ARN."""
    return scope.arn("logs", f"log-group:{group}:log-stream:{name}")
