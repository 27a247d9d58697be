"""``demitasse status``."""

from __future__ import annotations

import sys

import click

from demitasse import daemon
from demitasse import settings as settings_module
from demitasse.cli import program


@click.command("status")
def command() -> None:
    """Tell whether the platform runs, and what it runs. Exit status 3: it does not run."""
    settings = settings_module.load()
    process = daemon.running(settings)
    said = daemon.health(settings) if process is not None else None
    if said is None:
        click.echo(
            f"The platform does not run; start it with: {program.called()} up"
            if process is None
            else f"The platform (process {process}) does not answer; see {settings.log_file}."
        )
        sys.exit(3)
    click.echo(f"Platform {said['version']} serves {settings.endpoint} (process {process}).")
    for warning in said.get("warnings", ()):
        click.echo(warning)
    from demitasse.cli.up import workspace  # noqa: PLC0415 - boto3 only when there is somebody
    from demitasse.lab import overview  # noqa: PLC0415
    from demitasse.lab.errors import readable  # noqa: PLC0415

    with readable("what it runs cannot be told"):
        for line in overview.lines(workspace(settings)):
            click.echo(line)
