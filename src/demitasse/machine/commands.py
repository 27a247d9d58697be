"""Running a command on this machine, as the user it needs, and telling its failure."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

from demitasse.errors import StartupError

Report = Callable[[str], None]
"""Takes a sentence for the person who waits."""

LAST_LINES = 8
"""How much of a failed command's own words is repeated."""


class CommandFailed(StartupError):
    """A command ended with an error; the message holds its last lines."""


def run(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    seconds: float = 1800,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run to the end; the standard output.

    ``environment`` is added to this process's own. Raises ``CommandFailed`` when the program is
    missing, takes longer than ``seconds`` or exits with another status than 0.
    """
    try:
        done = subprocess.run(
            argv,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=seconds,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"{argv[0]} is not installed") from error
    except PermissionError as error:
        raise CommandFailed(f"{argv[0]} may not be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{spoken(argv)} did not end within {seconds:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace")
        raise CommandFailed(failure(argv, done.returncode, said))
    return done.stdout.decode(errors="replace")


def failure(argv: Sequence[str], status: int, said: str) -> str:
    """What to tell of a command that failed: which, how, and its last words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    words = "\n  ".join(lines[-LAST_LINES:])
    return f"{spoken(argv)} failed (exit {status})" + (f":\n  {words}" if words else "")


def spoken(argv: Sequence[str]) -> str:
    """The beginning of a command line: enough to know which one it was."""
    return " ".join(argv[:4]) + (" …" if len(argv) > 4 else "")


def as_root(argv: Sequence[str], *, purpose: str) -> list[str]:
    """The argv that runs ``argv`` as root: itself, or through sudo.

    Raises ``StartupError`` when this user can become root by neither.
    """
    if os.geteuid() == 0:
        return list(argv)
    if shutil.which("sudo"):
        return ["sudo", "--", *argv]
    raise StartupError(
        f"{purpose} needs root: run this as root, or install sudo and give it to this user"
    )
