"""The command line: thin commands over the platform and the lab."""

from __future__ import annotations

import errno
import sys

import click

from demitasse import __version__
from demitasse.errors import DemitasseError


class _Commands(click.Group):
    """Loads a command's module when it is called, and tells errors without a stack trace."""

    summaries = {  # noqa: RUF012 - a table of this class alone
        "up": "Set up this machine, start the platform, and build the application on it.",
        "down": "Stop the platform and remove everything it made.",
        "status": "Tell whether the platform runs, and what it runs.",
        "watch": "Watch changes on their way: pipelines, deployments, traffic.",
        "logs": "Show the platform's own log.",
        "env": 'Print what sets up a shell: eval "$(demitasse env)".',
        "git-credential": "Tell git the login of CodeCommit (git calls this).",
        "serve": "Run the platform in the foreground.",
        "test": "Run all checks and tests (in a checkout).",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.summaries:
            return None
        from importlib import import_module  # noqa: PLC0415 - a command costs what it needs

        command: click.Command = import_module(
            f"demitasse.cli.{cmd_name.replace('-', '_')}"
        ).command
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without loading them all."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DemitasseError as error:
            click.echo(f"demitasse: {error}", err=True)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read has gone: click ends quietly
                raise
            click.echo(f"demitasse: {error}", err=True)
        sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="demitasse")
def main() -> None:
    """Demitasse: the AWS container platform small enough for one machine, and real."""
