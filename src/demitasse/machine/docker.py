"""The Docker Engine of this machine: installed, running, and ours to use."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from demitasse.clock import Clock, SystemClock
from demitasse.errors import StartupError
from demitasse.machine import debian
from demitasse.machine.commands import LAST_LINES, CommandFailed, Report, as_root, run
from demitasse.machine.ping import Answer, ping, socket_path

START_SECONDS = 60.0
"""How long an Engine may take until it answers: a first start makes its networks and storage."""

STOP_SECONDS = 30.0
_SYSTEMD = Path("/run/systemd/system")
"""There when systemd runs this machine (sd_booted(3))."""

_ADMIN_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
_PURPOSE = "starting the Docker Engine"

ENGINE = ("docker.io", "ca-certificates")
CLIENT = ("docker-cli",)
"""A package of its own from Debian 13 on; part of ``docker.io`` before, and on Ubuntu."""

START_SERVICE = ("systemctl", "start", "docker.service")
STOP_SERVICE = ("systemctl", "stop", "docker.service", "docker.socket")
RUNNING = ("docker", "ps", "--quiet")


_launched: list[subprocess.Popen[bytes]] = []
"""Engines started by this process, which outlive it: never waited for, so never let go."""


def engine_argv(pid_file: Path) -> tuple[str, ...]:
    """Runs an Engine in the foreground. Its process id's file tells later that it is ours."""
    return ("dockerd", "--pidfile", str(pid_file))


def pid_file(home: Path) -> Path:
    """Where an Engine that was started by hand keeps its process id."""
    return home / "dockerd.pid"


def service_mark(home: Path) -> Path:
    """There when this installation has had the service started."""
    return home / "dockerd.service"


def ensure(
    report: Report,
    home: Path,
    *,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See to it that a Docker Engine answers and its client is there; say what that takes.

    An Engine that is missing is installed from the distribution (Debian, Ubuntu). One that does
    not run is started: by systemd where that runs the machine, else by hand, its log and its
    process id in ``home``. Raises ``StartupError``, whose message says what to do.
    """
    environment = os.environ if environment is None else environment
    path = socket_path(environment)
    answer = ping(path)
    if answer is Answer.NOBODY:
        if environment.get("DOCKER_HOST"):
            raise StartupError(
                f"no Docker Engine answers at {path}, which DOCKER_HOST names: start it,"
                " or unset DOCKER_HOST"
            )
        _install_engine(report)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        answer = ping(path)
        if answer is Answer.NOBODY:
            answer = _start(report, home, path, clock or SystemClock(), sleep)
    if answer is Answer.FORBIDDEN:
        raise StartupError(
            f"a Docker Engine is here, but {getpass.getuser()} may not use it ({path}): run this"
            f" as root or with sudo, or give the right (sudo usermod -aG docker"
            f" {getpass.getuser()}) and log in again"
        )
    _install_client(report)


def stop_if_ours(
    home: Path,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Stop the Engine if this installation has started it; a sentence on it, ``""`` if not ours.

    It is left running when containers run on it, which are then somebody else's.
    """
    process = own_process(home)
    marked = service_mark(home).exists()
    if process is None and not marked:
        return ""
    if _busy():
        return "The Docker Engine that was started here is left running: it runs other containers."
    if process is not None:
        _terminate(process, home, clock or SystemClock(), sleep)
        pid_file(home).unlink(missing_ok=True)
    else:
        run(as_root(STOP_SERVICE, purpose="stopping the Docker Engine"))
        service_mark(home).unlink()
    return "Stopped the Docker Engine that was started here."


def own_process(home: Path) -> int | None:
    """The process id of the Engine that this installation has started by hand and that runs."""
    try:
        process = int(pid_file(home).read_text())
    except (OSError, ValueError):
        return None
    return process if _is_ours(process, home) else None


def _is_ours(process: int, home: Path) -> bool:
    """Whether a process is this installation's Engine.

    The number alone may have gone to another process since, after a crash or a restart.
    """
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(pid_file(home)).encode() in command


def _install_engine(report: Report) -> None:
    if shutil.which("dockerd", path=_path()) is None:
        report("There is no Docker Engine on this machine.")
        debian.install(ENGINE, report, purpose="the Docker Engine")


def _install_client(report: Report) -> None:
    if shutil.which("docker") is not None:
        return
    purpose = "Docker's command line client"
    try:
        debian.install(CLIENT, report, purpose=purpose)
    except CommandFailed:
        debian.install(ENGINE[:1], report, purpose=purpose)


def _start(
    report: Report, home: Path, path: Path, clock: Clock, sleep: Callable[[float], None]
) -> Answer:
    begun = clock.monotonic()
    log = home / "dockerd.log"
    process: subprocess.Popen[bytes] | None = None
    if _SYSTEMD.is_dir():
        report("Starting the Docker Engine (systemctl start docker) …")
        run(as_root(START_SERVICE, purpose=_PURPOSE))
        service_mark(home).touch()
    else:
        report(f"Starting the Docker Engine by hand (its log: {log}) …")
        process = _launch(home, log)
    while (answer := ping(path)) is Answer.NOBODY:
        if process is not None and process.poll() is not None:
            raise StartupError(_did_not_start(f"ended (exit {process.returncode})", log))
        if clock.monotonic() - begun > START_SECONDS:
            raise StartupError(_did_not_start(f"did not answer in {START_SECONDS:.0f} s", log))
        sleep(0.1)
    report(f"The Docker Engine answers ({clock.monotonic() - begun:.1f} s).")
    return answer


def _launch(home: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start an Engine that outlives this process and its terminal."""
    if own_process(home) is None:
        pid_file(home).unlink(missing_ok=True)
    argv = as_root(engine_argv(pid_file(home)), purpose=_PURPOSE)
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PATH": _path()},
        )
    _launched.append(process)
    return process


def _path() -> str:
    """The search path with the administrator's folders, which a plain user's may lack."""
    return f"{os.environ.get('PATH', '/usr/bin:/bin')}:{_ADMIN_PATH}"


def _did_not_start(how: str, log: Path) -> str:
    words = ""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").splitlines()
        words = "".join(f"\n  {line}" for line in lines[-LAST_LINES:])
    return f"the Docker Engine {how}; its log is {log}:{words}"


def _busy() -> bool:
    """Whether containers run; not when nothing can be asked."""
    try:
        return bool(run(RUNNING, seconds=60).strip())
    except CommandFailed:
        return False


def _terminate(process: int, home: Path, clock: Clock, sleep: Callable[[float], None]) -> None:
    begun = clock.monotonic()
    try:
        os.kill(process, signal.SIGTERM)
    except PermissionError:
        run(as_root(("kill", str(process)), purpose="stopping the Docker Engine"))
    while _is_ours(process, home):
        if clock.monotonic() - begun > STOP_SECONDS:
            raise StartupError(
                f"the Docker Engine (process {process}) did not stop in {STOP_SECONDS:.0f} s"
            )
        sleep(0.1)
