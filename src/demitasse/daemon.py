"""The platform as a process of its own: one per state folder, started and stopped from outside."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demitasse.errors import StartupError
from demitasse.settings import Settings

HEALTH_PATH = "/_demitasse/health"
_START_SECONDS = 20.0
_STOP_SECONDS = 40.0
_POLL_SECONDS = 0.05


@contextmanager
def lock(settings: Settings) -> Iterator[None]:
    """Hold the state folder, so that two platforms never share it. ``StartupError`` if held."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(settings.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartupError(
            f"the state folder {settings.home} cannot be written: {error}"
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip()
            raise StartupError(
                f"a platform runs already on {settings.home} (process {holder or 'unknown'})"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def running(settings: Settings) -> int | None:
    """The process that holds the state folder, or ``None``."""
    try:
        file = os.open(settings.lock_file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(file, 32, 0).strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(file)


def health(settings: Settings, timeout: float = 2.0) -> dict[str, Any] | None:
    """What the platform says of itself, or ``None`` when it does not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(settings.endpoint + HEALTH_PATH, timeout=timeout) as answer:
            said: dict[str, Any] = json.load(answer)
            return said
    except (OSError, ValueError):
        return None


def start(settings: Settings) -> int:
    """Start the platform in the background and wait for its first answer; its process id.

    ``StartupError`` with its own last words when it does not come up.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with settings.log_file.open("ab") as log:
        said_before = log.tell()
    process = _spawn(settings.log_file)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if os.waitpid(process, os.WNOHANG) != (0, 0):
            raise StartupError(_last_words(settings.log_file, said_before))
        if (said := health(settings)) is not None and said.get("process") == process:
            return process
        time.sleep(_POLL_SECONDS)
    os.kill(process, signal.SIGTERM)
    raise StartupError(
        f"the platform did not answer within {_START_SECONDS:.0f} s; see {settings.log_file}"
    )


def _spawn(log_file: Path) -> int:
    """Start ``demitasse serve`` in a session of its own, so that it outlives the terminal."""
    append = os.O_WRONLY | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "demitasse", "serve"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log_file), append, 0),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def stop(settings: Settings) -> bool:
    """Stop the platform, whatever state it is in; whether one ran. Containers go on running."""
    process = running(settings)
    if process is None:
        return False
    os.kill(process, signal.SIGTERM)
    if not _gone(settings, _STOP_SECONDS):
        os.kill(process, signal.SIGKILL)
        _gone(settings, _STOP_SECONDS)
    return True


def _gone(settings: Settings, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running(settings) is None:
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _last_words(log_file: Path, offset: int) -> str:
    with log_file.open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").strip().splitlines()
    if lines:
        return lines[-1]
    if os.statvfs(log_file).f_bavail == 0:  # then the log could not be written either
        return f"No space left on the disk of the state folder {log_file.parent}"
    return f"the platform ended at once; see {log_file}"
