"""``demitasse env``."""

from __future__ import annotations

import os
import shlex

import click

from demitasse import settings as settings_module
from demitasse.cli import program
from demitasse.cli.git_credential import configuration
from demitasse.cli.keys import root_keys
from demitasse.git_credential import STATIC_USER, static_password
from demitasse.settings import Settings


def variables(settings: Settings, account: str | None = None) -> dict[str, str]:
    """The variables with which ``aws``, boto3, git and the lab's commands speak to the platform."""
    keys = root_keys(settings, account)
    return {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_PAGER": "",
        "account_id": account or settings.account,
        "registry": settings.registry,
        # For clients of git that take no credential helper: a login that lasts.
        "git_user": f"{STATIC_USER}{account or settings.account}",
        "git_password": static_password(keys.secret_access_key),
        **configuration(settings, os.environ),
    }


def _account(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and (len(value) != 12 or not value.isdigit()):
        raise click.BadParameter("an account id has twelve digits")
    return value


@click.command("env")
@click.option("--account", callback=_account, help="Another account (twelve digits).")
def command(account: str | None) -> None:
    """Print what sets up a shell: eval "$(demitasse env)"."""
    for name, value in variables(settings_module.load(), account).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_SESSION_TOKEN AWS_PROFILE")
    # The AWS CLI v1 builds its own host name for rds in us-east-1 unless told on the line.
    click.echo('aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }')
    checkout = program.launcher()
    if checkout is not None:  # so that it can be called in any folder, as when it is installed
        click.echo(f'demitasse() {{ {shlex.quote(str(checkout))} "$@"; }}')
