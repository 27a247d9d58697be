"""The machine of the run, in words, and what must be on it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from demitasse import __version__


class Missing(Exception):
    """Something that the measurements need is not on this machine."""


def ensure_wrk() -> None:
    """Install the load generator from the distribution. ``Missing`` when that fails."""
    if shutil.which("wrk"):
        return
    print("wrk (the load generator) is missing: installing it with apt-get")
    for argv in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "wrk"]):
        subprocess.run(argv, capture_output=True, check=False)
    if not shutil.which("wrk"):
        raise Missing("the load generator wrk: apt-get install wrk")


def ensure_docker() -> None:
    """``Missing`` when no Docker Engine answers."""
    if _said("docker", "version", "-f", "{{.Server.Version}}") == "?":
        raise Missing("a Docker Engine that answers (./demitasse up --empty installs one)")


def describe() -> list[tuple[str, str]]:
    """Name and value, line by line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return [
        ("Date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("Cores", f"{os.cpu_count()} ({_processor()})"),
        ("Memory", f"{memory:.0f} GiB"),
        ("Kernel", f"{platform.system()} {platform.release()}"),
        ("Load average before the run", f"{os.getloadavg()[0]:.1f}"),
        ("Demitasse", f"{__version__} ({_commit()})"),
        ("Python", sys.version.split()[0]),
        ("Server", ", ".join(f"{name} {_version(name)}" for name in _OURS)),
        ("Docker Engine", _said("docker", "version", "-f", "{{.Server.Version}}")),
        ("HAProxy", _haproxy()),
    ]


_OURS = ("uvicorn", "uvloop", "httptools", "msgspec", "botocore")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    here = str(Path(__file__).parents[1])
    commit = _said("git", "-C", here, "rev-parse", "--short", "HEAD")
    changed = _said("git", "-C", here, "status", "--porcelain", "--", "src")
    return f"{commit}, with changes" if changed not in ("", "?") else commit


def _haproxy() -> str:
    said = _said("docker", "run", "--rm", "--entrypoint", "haproxy", "haproxy:3.0", "-v")
    return said.splitlines()[0].removeprefix("HAProxy version ").partition(" - ")[0]


def _said(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return "?"
    return done.stdout.strip() if done.returncode == 0 else "?"
