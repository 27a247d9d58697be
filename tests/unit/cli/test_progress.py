from __future__ import annotations

import io

import pytest
from rich.console import Console

from demitasse.cli.progress import ConsoleReporter
from demitasse.lab.task import Phase, Task

TASK = Task("6.1", "Four target groups", "Quatre groupes cibles", print, print)


def told(*, terminal: bool) -> tuple[io.StringIO, ConsoleReporter]:
    text = io.StringIO()
    return text, ConsoleReporter(
        Console(file=text, force_terminal=terminal, width=80, highlight=False)
    )


def test_each_task_has_a_line_with_its_time() -> None:
    text, reporter = told(terminal=False)
    reporter.phase(Phase(6, "Load balancer", "Équilibreur", (TASK,)))
    reporter.begins(TASK)
    reporter.ends(TASK, 1.26, was_done=False)
    reporter.begins(TASK)
    reporter.ends(TASK, 0.01, was_done=True)
    assert [" ".join(line.split()) for line in text.getvalue().splitlines()] == [
        "",
        "Phase 6 Load balancer",
        "6.1 Four target groups 1.3 s",
        "6.1 Four target groups already done",
    ]


def test_a_failure_is_told_as_it_was_said() -> None:
    text, reporter = told(terminal=False)
    reporter.begins(TASK)
    reporter.fails(TASK, 2, "An error occurred [bold](Throttling)[/bold]")
    assert "failed (2.0 s)" in text.getvalue()
    assert "An error occurred [bold](Throttling)[/bold]" in text.getvalue()


def test_the_cursor_comes_back_after_an_interruption() -> None:
    text, reporter = told(terminal=True)
    with pytest.raises(KeyboardInterrupt), reporter:
        reporter.begins(TASK)
        raise KeyboardInterrupt
    shown = text.getvalue()
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
