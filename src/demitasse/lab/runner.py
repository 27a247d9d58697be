"""Doing the tasks in their order, telling how it goes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from demitasse.errors import DemitasseError
from demitasse.lab.task import LabError, NotYet, Phase, Task
from demitasse.lab.workspace import Workspace

_POLL_SECONDS = 0.25


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


def run(phases: Iterable[Phase], workspace: Workspace, reporter: Reporter) -> None:
    """Do what is not done. ``LabError`` at the first task that fails; called again, it goes on."""
    for phase in phases:
        reporter.phase(phase)
        for task in phase.tasks:
            _do(task, workspace, reporter)


def _do(task: Task, workspace: Workspace, reporter: Reporter) -> None:
    begun = time.monotonic()
    reporter.begins(task)
    try:
        was_done = _missing(task, workspace) is None
        if not was_done:
            task.run(workspace)
            _wait(task, workspace)
    except (DemitasseError, ClientError, BotoCoreError, OSError) as error:
        reporter.fails(task, time.monotonic() - begun, str(error))
        raise LabError(f"task {task.number} ({task.title}): {error}") from error
    reporter.ends(task, time.monotonic() - begun, was_done=was_done)


def _missing(task: Task, workspace: Workspace) -> str | None:
    try:
        task.check(workspace)
    except NotYet as missing:
        return str(missing)
    return None


def _wait(task: Task, workspace: Workspace) -> None:
    deadline = time.monotonic() + task.patience
    while (missing := _missing(task, workspace)) is not None:
        if time.monotonic() > deadline:
            raise NotYet(missing)
        time.sleep(_POLL_SECONDS)
