"""``demitasse down``."""

from __future__ import annotations

import shutil

import click

from demitasse import daemon, teardown
from demitasse import settings as settings_module
from demitasse.accounts import identity
from demitasse.ids import RandomIds
from demitasse.lab import names
from demitasse.lab.docker import Docker
from demitasse.machine import docker, images


@click.command("down")
@click.option("--purge", is_flag=True, help="Forget the state as well: databases, images, files.")
def command(purge: bool) -> None:
    """Stop the platform and remove everything it made; the state stays, unless purged."""
    settings = settings_module.load()
    if not settings.home.exists():
        click.echo(f"There is nothing to take down ({settings.home} does not exist).")
        return
    stopped = daemon.stop(settings)
    who = identity(settings.identity_file, RandomIds())
    removed = teardown.remove(who.installation, state=purge, docker=settings.docker)
    click.echo(f"Platform {'stopped' if stopped else 'was not running'}; removed {removed}.")
    if purge:
        here = Docker()
        count = here.forget_registry(settings.registry) + here.remove_built(
            f"demitasse.installation={who.installation}", names.IMAGES
        )
        click.echo(f"Removed {count} names of images of the application.")
        if here.is_used_by_others():
            click.echo("Base images and Docker stay: another installation uses them.")
        else:
            images.remove_stand_ins()
            docker.stop_if_ours(settings.home)
        shutil.rmtree(settings.home)
        click.echo(f"Forgot {settings.home}.")
