"""``demitasse test``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import click

from demitasse.errors import StartupError
from demitasse.machine import debian, docker, git, images

_ROOT = Path(__file__).resolve().parents[3]
_PROGRAMS = ("chromium", "curl")  # packages and programs of the same name
_FONTS = ("fonts-dejavu-core",)

_CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    # each application is on its own: three of them have a module of the same name
    ("types of customer", ("mypy", "apps/customer")),
    ("types of employee", ("mypy", "apps/employee")),
    ("types of monolith", ("mypy", "apps/monolith")),
    ("import contracts", ("lint-imports",)),
    ("unit tests", ("pytest", "tests/unit", "-n", "2", "-q")),
    ("application tests", ("pytest", "apps", "-n", "2", "-q")),
    ("contract tests", ("pytest", "tests/contract", "-q")),
    ("acceptance tests", ("pytest", "tests/acceptance", "-q", "-p", "no:randomly")),
)


@click.command("test")
@click.option("--unit", is_flag=True, help="Only what needs neither Docker nor a browser.")
def command(unit: bool) -> None:
    """Run all checks and tests (in a checkout)."""
    if not (_ROOT / "tests").is_dir():
        raise StartupError("tests run in a checkout; this is an installed package")
    if not unit:
        docker.ensure(click.echo, Path.home() / ".cache" / "demitasse")
        git.ensure(click.echo)
        images.ensure_all(click.echo)
        _ensure_programs()
    failed = []
    for name, argv in _CHECKS:
        if unit and name in {"contract tests", "acceptance tests"}:
            continue
        click.secho(f"── {name}", bold=True)
        begun = time.monotonic()
        done = subprocess.run([sys.executable, *_with_this_python(argv)], cwd=_ROOT, check=False)
        click.echo(f"   {name}: exit {done.returncode} in {time.monotonic() - begun:.0f} s")
        if done.returncode != 0:
            failed.append(name)
    if failed:
        click.secho(f"Failed: {', '.join(failed)}", fg="red", bold=True)
        sys.exit(1)
    click.secho("All checks and tests passed.", fg="green", bold=True)


def _with_this_python(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments with which this very Python runs a tool."""
    if argv[0] == "lint-imports":  # the one tool that is no module to be run
        return ("-c", "from importlinter.cli import lint_imports_command as main; main()")
    return ("-m", *argv)


def _ensure_programs() -> None:
    """What the acceptance tests use as a person would: a browser, and curl."""
    missing = [package for package in _PROGRAMS if shutil.which(package) is None]
    if missing:
        debian.install((*missing, *_FONTS), click.echo, purpose="the tests from outside")
