"""``demitasse logs``."""

from __future__ import annotations

import subprocess

import click

from demitasse import settings as settings_module
from demitasse.cli import program
from demitasse.errors import StartupError


@click.command("logs")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(min=0))
def command(follow: bool, lines: int) -> None:
    """Show the platform's own log.

    What tasks and builds print is in CloudWatch Logs: aws logs filter-log-events --log-group-name
    awslogs-capstone (or /aws/codebuild/build-employee).
    """
    path = settings_module.load().log_file
    if not path.exists():
        raise StartupError(
            f"there is no log yet ({path}); start the platform with: {program.called()} up"
        )
    argv = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(path)]
    subprocess.run(argv, check=False)
