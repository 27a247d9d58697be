"""``demitasse serve``."""

from __future__ import annotations

import click

from demitasse import settings


@click.command("serve")
def command() -> None:
    """Run the platform in the foreground, logging to the terminal ("up" runs it behind)."""
    from demitasse import server  # noqa: PLC0415 - help must not load the platform

    server.serve(settings.load())
