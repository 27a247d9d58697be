"""What is kept of CloudWatch Logs, and how other services have a container's output read."""

from __future__ import annotations

import msgspec

from demitasse.store import Kind


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """A container whose output goes to a log stream; ``key`` is the container's name.

    Written by who makes the container, before it starts; deleted by the same once ``finished``.
    """

    group: str
    stream: str
    create_group: bool = False


class SourceObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far it was read. ``finished`` once the container has ended and its last line is kept."""

    cursor: int = 0
    finished: bool = False


LOG_SOURCES: Kind[Source, SourceObserved] = Kind("logs.source", Source, SourceObserved)
