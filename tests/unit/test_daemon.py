from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from demitasse import daemon, settings
from demitasse.errors import StartupError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("DEMITASSE_HOME", str(folder))
    return folder


def test_a_state_folder_is_held_by_one(home: Path) -> None:
    loaded = settings.load()
    assert daemon.running(loaded) is None
    with daemon.lock(loaded):
        assert daemon.running(loaded) == os.getpid()
        with (
            pytest.raises(StartupError, match=f"runs already .* {os.getpid()}"),
            daemon.lock(loaded),
        ):
            pass
    assert daemon.running(loaded) is None
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_folder_held_by_somebody_who_does_not_say_who(home: Path) -> None:
    loaded = settings.load()
    home.mkdir()
    with loaded.lock_file.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StartupError, match="process unknown"), daemon.lock(loaded):
            pass


def test_a_folder_that_cannot_be_made_is_told(home: Path) -> None:
    loaded = settings.load()
    home.write_text("a file in its place")
    with pytest.raises(StartupError, match="cannot be written"), daemon.lock(loaded):
        pass


def test_nobody_answers_is_no_health(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMITASSE_PORT", "9")
    assert daemon.health(settings.load(), timeout=0.5) is None
    assert daemon.stop(settings.load()) is False
    assert not home.exists() or home.is_dir()


def spawned(script: str) -> Callable[[Path], int]:
    """A stand-in for the platform: a shell script that is given the log's path."""

    def spawn(log_file: Path) -> int:
        return os.posix_spawn("/bin/sh", ["sh", "-c", script, "sh", str(log_file)], os.environ)

    return spawn


def test_a_platform_that_does_not_come_up_says_why(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / "platform.log").write_text("words of an earlier start\n")
    monkeypatch.setattr(daemon, "_spawn", spawned('echo one >> "$1"; echo why >> "$1"; exit 1'))
    with pytest.raises(StartupError, match=r"^why$"):
        daemon.start(settings.load())
    monkeypatch.setattr(daemon, "_spawn", spawned("exit 1"))
    with pytest.raises(StartupError, match="ended at once"):
        daemon.start(settings.load())


HOLDER = """
import fcntl, os, signal, sys
{prelude}
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
os.pwrite(file, str(os.getpid()).encode(), 0)
print("held", flush=True)
signal.pause()
"""


@pytest.mark.parametrize(
    ("prelude", "ended_by"),
    [
        ("", signal.SIGTERM),
        ("signal.signal(signal.SIGTERM, lambda *_: signal.pause())", signal.SIGKILL),
    ],
)
def test_a_platform_is_stopped_whatever_state_it_is_in(
    home: Path, monkeypatch: pytest.MonkeyPatch, prelude: str, ended_by: signal.Signals
) -> None:
    home.mkdir()
    loaded = settings.load()
    monkeypatch.setattr(daemon, "_STOP_SECONDS", 0.2)
    script = HOLDER.format(prelude=prelude)
    argv = [sys.executable, "-c", script, str(loaded.lock_file)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert daemon.running(loaded) == holder.pid
        assert daemon.stop(loaded) is True
        assert holder.wait() == -ended_by
    assert daemon.running(loaded) is None
