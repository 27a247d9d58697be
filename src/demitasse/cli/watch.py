"""``demitasse watch``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from demitasse import daemon
from demitasse import settings as settings_module
from demitasse.cli import program
from demitasse.cli.up import workspace
from demitasse.clock import SystemClock
from demitasse.errors import DemitasseError
from demitasse.lab import sight
from demitasse.lab.errors import readable
from demitasse.settings import Settings

_EVERY_SECONDS = 0.5
_BAR = 20  # characters
_BELOW = (0, 0, 0, 3)  # characters: what belongs to the line above
_STYLES = {
    "Succeeded": ("✔", "green"),
    "InProgress": ("▸", "bold yellow"),
    "Stopping": ("▸", "yellow"),
    "Failed": ("✘", "bold red"),
    "Stopped": ("■", "red"),
    "Skipped": ("–", "dim"),
    "Superseded": ("↷", "dim"),
    "Cancelled": ("–", "dim"),
}


class NotRunning(DemitasseError):
    """There is no platform to look at."""


@click.command("watch")
@click.option("--once", is_flag=True, help="Show how things stand, and end.")
def command(once: bool) -> None:
    """Watch changes on their way: pipelines, deployments, where the traffic goes. Ctrl-C ends."""
    settings = settings_module.load()
    if daemon.running(settings) is None:
        raise NotRunning(f"the platform does not run; start it with: {program.called()} up")
    lab = workspace(settings)
    clock = SystemClock()

    def now() -> RenderableType:
        return picture(sight.look(lab), note(settings), clock.now())

    console = Console(highlight=False)
    with readable("looking at the pipelines"):
        if once:
            console.print(now())
            return
        try:
            with Live(now(), console=console, auto_refresh=False, vertical_overflow="crop") as live:
                while True:
                    time.sleep(_EVERY_SECONDS)
                    live.update(now(), refresh=True)
        except KeyboardInterrupt:
            return


def note(settings: Settings) -> str:
    """What is to be known of the times that are seen."""
    if settings.time_compression == 1:
        return "Waits are AWS's own."
    return f"Waits are {settings.time_compression:g} times shorter than AWS's."


def picture(seen: sight.Sight, note: str, now: datetime) -> RenderableType:
    """How it looks in a terminal, 80 characters wide or more."""
    parts: list[RenderableType] = []
    if seen.pipelines:
        told = [rollout.id for rollout in seen.rollouts if rollout.trouble]
        parts += [_title("Pipelines"), *_pipelines(seen.pipelines, told)]
    if seen.rollouts:
        parts.append(_title("Deployments"))
        parts += [_rollout(rollout, now) for rollout in seen.rollouts]
    if seen.routes:
        parts += [_title("Load balancer"), _routes(seen.routes)]
    if not parts:
        parts.append(Text("There is no pipeline and no deployment yet."))
    return Group(*parts, Text(note, style="dim"))


def _title(text: str) -> Text:
    return Text(text, style="bold cyan")


def _grid(*widths: int | None) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    for width in widths:
        table.add_column(width=width, no_wrap=width is not None)
    return table


def _pipelines(lines: tuple[sight.Line, ...], told: list[str]) -> Iterator[RenderableType]:
    """A line each, and below it what went wrong, unless that is ``told`` of its deployment."""
    width = max(len(line.name) for line in lines)
    for line in lines:
        table = _grid(width, None)
        stages = Text(no_wrap=True, overflow="ellipsis")
        for stage in line.stages:
            stages.append_text(_marked(stage.status, stage.name))
            stages.append(f" {stage.note}" if stage.note else "", style="yellow")
            stages.append("  ")
        if line.summary:
            stages.append(line.summary.strip().partition("\n")[0], style="dim")
        table.add_row(line.name, stages)
        yield Padding(table, (0, 0, 0, 1))
        if line.trouble and not any(deployment in line.trouble for deployment in told):
            yield Padding(Text(line.trouble, style="red"), _BELOW)
        for printed in line.printed:
            yield Padding(Text(f"│ {printed}", no_wrap=True, overflow="ellipsis"), _BELOW)


def _rollout(rollout: sight.Rollout, now: datetime) -> RenderableType:
    took = (rollout.ended or now) - rollout.begun
    table = _grid(30, None)
    state = Text(f"{rollout.status}, {_span(took)}", style=_style(rollout.status))
    table.add_row(
        _marked(rollout.status, rollout.group), Text(f"{rollout.id}  ").append_text(state)
    )
    if rollout.status not in {"Succeeded", "Created"}:
        for number, step in enumerate(rollout.steps, 1):
            name = Text("  ").append_text(_marked(step.status, f"{number} {step.name}"))
            told = _bar(rollout.share) if step.name == sight.PRODUCTION else Text()
            if step.status != "Pending":
                told.append(f" {step.note}" if told else step.note, style="dim")
            table.add_row(name, told)
    parts: list[RenderableType] = [table]
    if rollout.trouble:
        style = "red" if rollout.status in sight.OVER else "yellow"
        parts.append(Padding(Text(rollout.trouble, style=style), _BELOW))
    return Padding(Group(*parts), (0, 0, 0, 1))


def _routes(routes: tuple[sight.Route, ...]) -> RenderableType:
    table = _grid(16, None)
    for route in routes:
        told = Text()
        for at, (group, share) in enumerate(route.shares):
            told.append("" if at == 0 else ", ")
            told.append(group)
            if len(route.shares) > 1:
                told.append(f" {share:.0f} %", style="bold yellow")
        table.add_row(route.where, told if route.shares else Text("an answer of its own"))
    return Padding(table, (0, 0, 0, 1))


def _bar(share: float) -> Text:
    filled = round(_BAR * share / 100)
    return Text("█" * filled, style="green").append("░" * (_BAR - filled), style="blue")


def _marked(status: str, text: str) -> Text:
    mark, style = _STYLES.get(status, ("·", "dim"))
    return Text(f"{mark} ", style=style).append(text, style="" if status in _STYLES else "dim")


def _style(status: str) -> str:
    return _STYLES.get(status, ("", "dim"))[1]


def _span(took: timedelta) -> str:
    seconds = max(0.0, took.total_seconds())
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
