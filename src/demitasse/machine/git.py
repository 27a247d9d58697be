"""Git on this machine: the programs that keep and serve CodeCommit's repositories."""

from __future__ import annotations

import re
import shutil

from demitasse.errors import StartupError
from demitasse.machine import debian
from demitasse.machine.commands import Report, run

PACKAGES = ("git",)
VERSION = ("git", "--version")
OLDEST = (2, 36)
"""Since when git can make everything it writes durable (``core.fsync``), as Debian 12 has it."""


def ensure(report: Report) -> None:
    """See to it that git is here, and new enough; say what that takes. ``StartupError``."""
    if shutil.which("git") is None:
        report("There is no git on this machine.")
        debian.install(PACKAGES, report, purpose="CodeCommit's repositories")
    said = run(VERSION, seconds=60)
    found = version(said)
    if found < OLDEST:
        wanted = ".".join(str(part) for part in OLDEST)
        raise StartupError(f"git {wanted} or newer is needed; here is {said.strip()}")


def version(said: str) -> tuple[int, ...]:
    """What ``git --version`` says, as numbers; () when it says none."""
    match = re.search(r"(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else ()
