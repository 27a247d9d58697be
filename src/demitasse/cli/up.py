"""``demitasse up``."""

from __future__ import annotations

import os
import time
from importlib import resources
from pathlib import Path

import boto3
import botocore.session
import click
from rich.console import Console
from rich.table import Table

from demitasse import daemon
from demitasse import settings as settings_module
from demitasse.accounts import identity
from demitasse.cli import program
from demitasse.cli.env import variables
from demitasse.cli.progress import ConsoleReporter
from demitasse.ids import RandomIds
from demitasse.lab import names, phases, runner
from demitasse.lab.docker import Docker
from demitasse.lab.errors import readable
from demitasse.lab.git import Git
from demitasse.lab.phases import phase2_monolith, phase6_load_balancer
from demitasse.lab.workspace import Workspace
from demitasse.machine import docker, git, images
from demitasse.settings import Settings


@click.command("up")
@click.option("--empty", is_flag=True, help="Start the platform alone, without the application.")
def command(empty: bool) -> None:
    """Set up this machine, start the platform, and build the application on it."""
    console = Console(highlight=False)
    begun = time.monotonic()
    settings = settings_module.load()
    _set_up(settings, console)
    _start(settings, console)
    if not empty:
        lab = workspace(settings)
        with ConsoleReporter(console) as reporter:
            runner.run(phases.PHASES, lab, reporter)
        with readable("the addresses cannot be told"):
            console.print()
            console.print(_addresses(settings, lab))
    else:
        console.print(f"API endpoint  {settings.endpoint}")
    for warning in (daemon.health(settings) or {}).get("warnings", ()):
        console.print(f"[bold yellow]{warning}[/]")
    if settings.time_compression != 1:
        console.print(
            f"Waits are {settings.time_compression:g} times shorter than AWS's;"
            " DEMITASSE_TIME_COMPRESSION=1 keeps those."
        )
    console.print(f'Set up a shell with:  [bold]eval "$({program.called()} env)"[/bold]')
    if not empty:
        console.print(
            f"See a push on its way to production:  [bold]{program.called()} watch[/bold]"
        )
    console.print(f"Done in {time.monotonic() - begun:.1f} s.")


def workspace(settings: Settings) -> Workspace:
    """The lab, pointed at this installation."""
    keys = variables(settings)
    who = identity(settings.identity_file, RandomIds())
    return Workspace(
        session=boto3.Session(
            botocore_session=_unconfigured(),
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            region_name=settings.region,
        ),
        sources=sources(),
        docker=Docker(
            config=settings.home / "docker",
            labels={"demitasse.installation": who.installation, "demitasse.kind": "lab"},
        ),
        folder=settings.home / "environment",
        git=Git(keys),
        endpoint=settings.endpoint,
    )


def _unconfigured() -> botocore.session.Session:
    """A session that the person's own profile and files for AWS do not reach into."""
    nowhere = (None, None, os.devnull, None)
    return botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )


def sources() -> Path:
    """The applications: in the checkout, or as installed with the package."""
    package = Path(str(resources.files("demitasse")))
    installed, checkout = package / "_apps", package.parents[1] / "apps"
    return installed if installed.is_dir() else checkout


def _set_up(settings: Settings, console: Console) -> None:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    docker.ensure(console.print, settings.home)
    git.ensure(console.print)
    images.ensure_all(console.print)


def _start(settings: Settings, console: Console) -> None:
    if daemon.running(settings) is not None and daemon.health(settings) is not None:
        return
    begun = time.monotonic()
    daemon.start(settings)
    console.print(f"Platform started on {settings.endpoint} in {time.monotonic() - begun:.1f} s.")


def _addresses(settings: Settings, lab: Workspace) -> Table:
    url = phase6_load_balancer.url(lab)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("Customer page", f"{url}/")
    table.add_row("Employee page", f"{url}/admin/suppliers")
    table.add_row("Monolith", phase2_monolith.url(lab) + "/")
    table.add_row("API endpoint", settings.endpoint)
    code = lab.git_repository(names.CODE_REPOSITORY)
    if code is not None:
        table.add_row("Code", f"git clone {code['cloneUrlHttp']}")
    return table
