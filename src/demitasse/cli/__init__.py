"""The command line: thin commands over the platform and the lab."""

from __future__ import annotations

import sys

import click

from demitasse import __version__
from demitasse.errors import DemitasseError


class _Commands(click.Group):
    """Loads a command's module when it is called, and tells errors without a stack trace."""

    modules = ("up", "down", "status", "logs", "env", "serve", "test")

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.modules:
            return None
        from importlib import import_module  # noqa: PLC0415 - a command costs what it needs

        command: click.Command = import_module(f"demitasse.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DemitasseError as error:
            click.echo(f"demitasse: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="demitasse")
def main() -> None:
    """Demitasse: the AWS container platform small enough for one machine, and real."""
