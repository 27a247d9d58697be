"""``demitasse watch``."""

from __future__ import annotations

import time

import click
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from demitasse import settings as settings_module
from demitasse.cli.up import workspace
from demitasse.lab import sight
from demitasse.lab.errors import readable

_EVERY_SECONDS = 0.5
_MARKS = {
    "Succeeded": "[green]✔[/green]",
    "InProgress": "[yellow]▸[/yellow]",
    "Failed": "[red]✘[/red]",
    "Stopped": "[red]■[/red]",
    "Skipped": "[dim]–[/dim]",
    "Superseded": "[dim]↷[/dim]",
}


@click.command("watch")
@click.option("--once", is_flag=True, help="Show how things stand, and end.")
def command(once: bool) -> None:
    """Watch changes on their way: pipelines, deployments, where the traffic goes. Ctrl-C ends."""
    settings = settings_module.load()
    lab = workspace(settings)
    console = Console(highlight=False)
    note = (
        f"Waits are {settings.time_compression:g} times shorter than AWS's."
        if settings.time_compression != 1
        else "Waits are AWS's own."
    )
    with readable("looking at the pipelines"):
        if once:
            console.print(picture(sight.look(lab), note))
            return
        with Live(console=console, auto_refresh=False) as live:
            try:
                while True:
                    live.update(picture(sight.look(lab), note), refresh=True)
                    time.sleep(_EVERY_SECONDS)
            except KeyboardInterrupt:
                return


def picture(seen: sight.Sight, note: str) -> Group:
    """How it looks in a terminal."""
    parts: list[Table | Text] = []
    for line in seen.pipelines:
        table = _table(line.name)
        for stage in line.stages:
            table.add_row(_mark(stage.status), stage.name, stage.status, escape(stage.note))
        parts.append(table)
    for rollout in seen.rollouts:
        table = _table(f"{rollout.id}  {rollout.group}  {rollout.status}")
        for step in rollout.steps:
            table.add_row(_mark(step.status), step.name, step.status, "")
        if rollout.shares:
            shares = ", ".join(f"{label} {share:.0f} %" for label, share in rollout.shares)
            table.add_row("", "traffic", "", shares)
        if rollout.trouble:
            table.add_row("", "", "", f"[red]{escape(rollout.trouble)}[/red]")
        parts.append(table)
    if seen.traffic:
        table = _table("Load balancer")
        for where, groups in seen.traffic:
            table.add_row("", where, "", groups)
        parts.append(table)
    if not parts:
        parts.append(Text("There is no pipeline and no deployment yet."))
    return Group(*parts, Text(note, style="dim"))


def _table(title: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, show_header=False
    )
    for width in (1, 22, 10, None):
        table.add_column(width=width, overflow="fold")
    return table


def _mark(status: str) -> str:
    return _MARKS.get(status, "[dim]·[/dim]")
