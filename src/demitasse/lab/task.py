"""What a task of the lab is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demitasse.lab.errors import LabError, NotYet
from demitasse.lab.workspace import Workspace

__all__ = ["LabError", "NotYet", "Phase", "Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``run`` may be called again at any time and does only what is missing.

    ``check`` raises ``NotYet`` unless the task is done. ``patience`` is for how many seconds the
    check may go on failing after ``run``, for what AWS does in its own time.
    """

    number: str
    title: str
    titre: str  # the same in French, the course's language
    run: Callable[[Workspace], None]
    check: Callable[[Workspace], None]
    patience: float = 5.0


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the lab, with those of its tasks that are carried out here."""

    number: int
    title: str
    titre: str
    tasks: tuple[Task, ...]
