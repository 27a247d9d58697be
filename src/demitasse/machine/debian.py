"""Debian's packages: what to run to install them here, and where they come from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from demitasse.errors import StartupError
from demitasse.machine.commands import CommandFailed, Report, as_root, run

_QUIET = "DEBIAN_FRONTEND=noninteractive"

UPDATE = ("apt-get", "update", "-qq")

SUITE = "trixie"
"""The release that the stand-ins are made of."""

LIST_SOURCES = (
    "apt-get",
    "indextargets",
    "Created-By: Packages",
    "--format",
    "$(REPO_URI)|$(ORIGIN)|$(LABEL)",
)


def install_argv(packages: Sequence[str]) -> tuple[str, ...]:
    """Install packages, and what they cannot do without."""
    return ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)


def install(packages: Sequence[str], report: Report, *, purpose: str) -> None:
    """Install ``packages`` from the distribution. Says so first.

    Raises ``StartupError`` where there is no apt, no root, or the packages cannot be had.
    """
    if shutil.which("apt-get") is None:
        raise StartupError(
            f"{purpose}: this needs {', '.join(packages)}, which can be installed here by itself"
            " on Debian and Ubuntu only. Install it by this system's own means and try again"
        )
    argv = as_root(("env", _QUIET, *install_argv(packages)), purpose=_installing(packages))
    report(f"Installing {', '.join(packages)} from the distribution, for {purpose} …")
    refresh(report, purpose=_installing(packages))
    run(argv)


def refresh(report: Report, *, purpose: str) -> None:
    """Get the distribution's current lists of packages."""
    try:
        run(as_root(("env", _QUIET, *UPDATE), purpose=purpose))
    except CommandFailed as error:
        # One repository of several that is gone must not stop what the others can give.
        report(f"Not all lists of packages could be refreshed; going on. {error}")


def _installing(packages: Sequence[str]) -> str:
    return f"installing {', '.join(packages)}"


def mirrors(targets: Iterable[str], suite: str = SUITE) -> tuple[str, ...]:
    """The lines of a sources.list for ``suite`` at the mirrors that this machine itself uses.

    ``targets`` are lines as ``LIST_SOURCES`` prints them. Empty when this machine has no Debian
    mirror (Ubuntu): then the tools' own default is right. A mirror that needs a login is left
    out, because the lines end up in an image.
    """
    main = security = ""
    for line in targets:
        uri, origin, label = (*line.strip().split("|"), "", "")[:3]
        where = urlsplit(uri)
        if origin != "Debian" or where.scheme not in {"http", "https"} or where.username:
            continue
        if label == "Debian":
            main = main or uri.rstrip("/")
        elif label == "Debian-Security":
            security = security or uri.rstrip("/")
    if not main or not security:
        return ()
    return (
        f"deb {main} {suite} main",
        f"deb {main} {suite}-updates main",
        f"deb {security} {suite}-security main",
    )
