"""Doing the tasks in their order, telling how it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from demitasse.lab.errors import LabError, NotYet, readable
from demitasse.lab.task import Phase, Task
from demitasse.lab.workspace import Workspace

_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """How time is told and waited for; the machine's own, but for tests."""

    seconds: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


class Reporter(Protocol):
    """Whoever is told."""

    def phase(self, phase: Phase) -> None:
        """A phase begins."""

    def begins(self, task: Task) -> None:
        """A task begins."""

    def ends(self, task: Task, seconds: float, *, was_done: bool) -> None:
        """A task is done; ``was_done``: there was nothing to do."""

    def fails(self, task: Task, seconds: float, reason: str) -> None:
        """A task could not be done."""


def run(
    phases: Iterable[Phase], workspace: Workspace, reporter: Reporter, pace: Pace | None = None
) -> None:
    """Do what is not done. ``LabError`` at the first task that fails; called again, it goes on."""
    for phase in phases:
        reporter.phase(phase)
        for task in phase.tasks:
            _do(task, workspace, reporter, pace or Pace())


def _do(task: Task, workspace: Workspace, reporter: Reporter, pace: Pace) -> None:
    begun = pace.seconds()
    reporter.begins(task)
    try:
        with readable(f"task {task.number} ({task.title})"):
            was_done = _missing(task, workspace) is None
            if not was_done:
                task.run(workspace)
                _wait(task, workspace, pace)
    except LabError as error:
        reporter.fails(task, pace.seconds() - begun, str(error.__cause__))
        raise
    reporter.ends(task, pace.seconds() - begun, was_done=was_done)


def _missing(task: Task, workspace: Workspace) -> str | None:
    try:
        task.check(workspace)
    except NotYet as missing:
        return str(missing)
    return None


def _wait(task: Task, workspace: Workspace, pace: Pace) -> None:
    deadline = pace.seconds() + task.patience
    while (missing := _missing(task, workspace)) is not None:
        if pace.seconds() >= deadline:
            raise NotYet(missing)
        pace.wait(_POLL_SECONDS)
