"""``demitasse git-credential``: what git asks for a login to CodeCommit's repositories."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

import click

from demitasse import git_credential
from demitasse import settings as settings_module
from demitasse.accounts import Keys
from demitasse.cli.keys import root_keys
from demitasse.clock import SystemClock
from demitasse.settings import Settings


def configuration(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that let git log in at this installation, beside what they say already.

    Nothing of the person's own configuration is changed: it holds for the shell alone.
    """
    count = environment.get("GIT_CONFIG_COUNT", "")
    given = [
        (environment.get(f"GIT_CONFIG_KEY_{n}", ""), environment.get(f"GIT_CONFIG_VALUE_{n}", ""))
        for n in range(int(count) if count.isdigit() else 0)
    ]
    credential, http = f"credential.{settings.endpoint}.", f"http.{settings.endpoint}."
    repositories = f"url.{settings.endpoint}/v1/repos/."
    ours = (credential, http, repositories)
    pairs = [(key, value) for key, value in given if not key.startswith(ours)]
    pairs += [
        (f"{credential}helper", ""),  # none of the person's own: they would be asked first
        (f"{credential}helper", f"!'{sys.executable}' -P -m demitasse git-credential"),
        (f"{credential}useHttpPath", "true"),
        (f"{http}proxy", ""),  # no proxy leads to this machine itself
        # The course's commands name AWS's own host: in this shell it is here, as for ``aws``.
        (
            f"{repositories}insteadOf",
            f"https://git-codecommit.{settings.region}.amazonaws.com/v1/repos/",
        ),
    ]
    variables = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables


def login(asked: Mapping[str, str], settings: Settings, environment: Mapping[str, str]) -> str:
    """The answer to git's question, as gitcredentials(7) says; "" when it cannot be given.

    The access key is the shell's, as it is for ``aws``; without one, the installation's root.
    """
    if "host" not in asked or "path" not in asked:
        return ""
    keys = Keys(
        environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
    )
    token = environment.get("AWS_SESSION_TOKEN")
    if not keys.access_key_id or not keys.secret_access_key:
        keys, token = root_keys(settings), None
    region = (
        environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or settings.region
    )
    now = SystemClock().now()
    path = "/" + asked["path"].lstrip("/")
    password = git_credential.password(keys.secret_access_key, region, asked["host"], path, now)
    return f"username={git_credential.user(keys.access_key_id, token)}\npassword={password}\n"


def read(lines: Iterable[str]) -> dict[str, str]:
    """Git's question: ``key=value`` per line, up to an empty one."""
    asked: dict[str, str] = {}
    for line in lines:
        key, found, value = line.rstrip("\r\n").partition("=")
        if not found:
            break
        asked[key] = value
    return asked


@click.command("git-credential")
@click.argument("action", type=click.Choice(["get", "store", "erase"]))
def command(action: str) -> None:
    """Tell git the login of CodeCommit (git calls this; "env" sets it up)."""
    asked = read(sys.stdin)
    if action != "get":
        return  # a login is made anew each time
    answer = login(asked, settings_module.load(), os.environ)
    if not answer:
        click.echo("demitasse: git must tell the path (credential.useHttpPath=true)", err=True)
    click.echo(answer, nl=False)
