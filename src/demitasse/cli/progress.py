"""How the lab's progress looks in a terminal."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from demitasse.lab.task import Phase, Task


class ConsoleReporter:
    """A line per task with the time it took, and what is under way below.

    A context, so that the terminal is as it was also after an interruption.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def phase(self, phase: Phase) -> None:
        self._console.print(f"\n[bold]Phase {phase.number}[/bold]  {phase.title}")

    def begins(self, task: Task) -> None:
        if self._console.is_terminal:
            self._status = self._console.status(f"{task.number} {task.title}")
            self._status.start()

    def ends(self, task: Task, seconds: float, *, was_done: bool) -> None:
        self._stop()
        mark = "[dim]already done[/dim]" if was_done else f"[green]{seconds:5.1f} s[/green]"
        self._console.print(f"  {task.number}  {task.title:42} {mark}")

    def fails(self, task: Task, seconds: float, reason: str) -> None:
        self._stop()
        self._console.print(f"  {task.number}  {task.title:42} [red]failed[/red] ({seconds:.1f} s)")
        self._console.print(f"       {escape(reason)}")

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
