"""What the engine in memory holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from demitasse.engines.containers.observation import (
    Container,
    ExecResult,
    Health,
    ImageInfo,
    LogLine,
    Stream,
)
from demitasse.engines.containers.spec import ContainerSpec

Exec = Callable[[tuple[str, ...]], ExecResult]


@dataclass(frozen=True, slots=True)
class FakeImage:
    """How containers of an image behave. ``exit_after`` seconds; ``None``: until told."""

    info: ImageInfo
    here: bool
    exit_after: float | None
    exit_code: int
    health: Health
    output: tuple[tuple[Stream, bytes], ...]
    exec: Exec


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made of the engine: the method's name and what it was given."""

    operation: str
    subject: Any
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Box:
    """A container of the fake: what was asked, what is seen, what it wrote."""

    spec: ContainerSpec
    image: FakeImage
    seen: Container
    log: list[LogLine] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.Task[None] | None = None

    def see(self, **what: Any) -> None:
        self.seen = replace(self.seen, **what)
        self.stir()

    def stir(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()


def answer_nothing(_argv: tuple[str, ...]) -> ExecResult:
    """What a command answers if the test does not care."""
    return ExecResult(0, b"", b"")


def output_of(box: Box, stream: Stream) -> bytes:
    """All that a container wrote to one stream."""
    return b"".join(line.text + b"\n" for line in box.log if line.stream == stream)
