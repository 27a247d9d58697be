"""Finding, installing, starting and stopping the Engine, with a pretended one."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demitasse.clock import ManualClock
from demitasse.errors import StartupError
from demitasse.machine import docker, ping
from demitasse.machine.ping import Answer

from .conftest import Programs

_ENGINE = """
import http.server, os, pathlib, socketserver, sys
pathlib.Path(sys.argv[sys.argv.index("--pidfile") + 1]).write_text(str(os.getpid()))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int({status!r}))
        self.send_header("Api-Version", {version!r})
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args): pass
    def address_string(self): return "local"
socketserver.UnixStreamServer({path!r}, Handler).serve_forever()
"""
_NOTHING: dict[str, str] = {}


def _briefly(_: float) -> None:
    time.sleep(0.01)


@pytest.fixture
def home() -> Iterator[Path]:
    """A state folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="dm-") as name:
        folder = Path(name)
        yield folder
        docker.stop_if_ours(folder, sleep=_briefly)


@pytest.fixture
def sock(home: Path, monkeypatch: pytest.MonkeyPatch, programs: Programs) -> Path:
    """Where the Engine is expected; the machine has no systemd and no tools of its own."""
    path = home / "docker.sock"
    monkeypatch.setattr(ping, "DEFAULT_SOCKET", path)
    monkeypatch.setattr(docker, "_SYSTEMD", home / "no-systemd")
    monkeypatch.setattr(docker, "_ADMIN_PATH", str(programs.folder))
    programs.add("docker", "")
    return path


def _engine(path: Path, version: str = "1.41", status: int = 200) -> str:
    """The script of a dockerd that answers pings."""
    code = path.parent / "engine.py"
    code.write_text(_ENGINE.format(path=str(path), version=version, status=status))
    return f'exec {sys.executable} -W ignore {code} "$@"'


def test_an_engine_is_started_by_hand_and_stopped_again(
    programs: Programs, sock: Path, home: Path, said: list[str]
) -> None:
    programs.add("dockerd", _engine(sock))

    docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)

    process = docker.own_process(home)
    assert process is not None
    assert ping.ping(sock) is Answer.WELL
    assert programs.calls("dockerd") == [f"dockerd --pidfile {home}/dockerd.pid"]
    assert said[0] == f"Starting the Docker Engine by hand (its log: {home}/dockerd.log) …"
    assert said[1].startswith("The Docker Engine answers (")

    docker.ensure(said.append, home, environment=_NOTHING)  # a second time does nothing
    assert len(programs.calls("dockerd")) == 1

    stopped = docker.stop_if_ours(home, clock=ManualClock(), sleep=_briefly)
    assert stopped == "Stopped the Docker Engine that was started here."
    assert docker.own_process(home) is None
    assert docker.stop_if_ours(home) == ""


def test_an_engine_that_ends_tells_its_last_words(
    programs: Programs, sock: Path, home: Path, said: list[str]
) -> None:
    programs.add("dockerd", "echo failed to mount overlay >&2; exit 3")
    with pytest.raises(StartupError, match=r"ended \(exit 3\); .*\n  failed to mount overlay"):
        docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)


def test_an_engine_that_never_answers_is_given_up(
    programs: Programs, sock: Path, home: Path, said: list[str]
) -> None:
    programs.add("dockerd", "exec sleep 5")
    clock = ManualClock()
    with pytest.raises(StartupError, match="did not answer in 60 s"):
        docker.ensure(said.append, home, environment=_NOTHING, clock=clock, sleep=clock.advance)


def test_a_missing_engine_is_installed_from_the_distribution_and_said_first(
    programs: Programs, sock: Path, home: Path, said: list[str]
) -> None:
    script = _engine(sock)
    programs.add(
        "apt-get",
        f"""if [ "$1" = install ]; then
            printf '#!/bin/sh\\n%s\\n' '{script}' > {programs.folder}/dockerd
            chmod +x {programs.folder}/dockerd
        fi""",
    )

    docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)

    assert said[:2] == [
        "There is no Docker Engine on this machine.",
        "Installing docker.io, ca-certificates from the distribution, for the Docker Engine …",
    ]
    assert programs.calls("apt-get") == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends docker.io ca-certificates",
    ]


def test_a_missing_client_is_installed_where_it_is_a_package_of_its_own_or_not(
    programs: Programs, sock: Path, home: Path, said: list[str]
) -> None:
    programs.add("dockerd", _engine(sock))
    programs.remove("docker")
    programs.add("apt-get", 'case "$*" in *docker-cli*) echo no such package >&2; exit 100;; esac')

    docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)

    assert programs.calls("apt-get install") == [
        "apt-get install -y -qq --no-install-recommends docker-cli",
        "apt-get install -y -qq --no-install-recommends docker.io",
    ]


def test_systemd_starts_the_service_where_it_runs_the_machine(
    programs: Programs,
    sock: Path,
    home: Path,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(docker, "_SYSTEMD", home)
    script = _engine(sock).replace("exec ", "").replace('"$@"', f"--pidfile {home}/service.pid &")
    programs.add("dockerd", "exit 1")
    programs.add("systemctl", f'if [ "$1" = start ]; then {script} fi > /dev/null 2>&1')

    docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)

    assert docker.own_process(home) is None
    assert docker.stop_if_ours(home) == "Stopped the Docker Engine that was started here."
    assert programs.calls("systemctl") == [
        "systemctl start docker.service",
        "systemctl stop docker.service docker.socket",
    ]
    os.kill(int((home / "service.pid").read_text()), 15)


def test_an_engine_that_serves_others_is_left_running(
    programs: Programs, sock: Path, home: Path, said: list[str]
) -> None:
    programs.add("dockerd", _engine(sock))
    docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)
    programs.add("docker", "echo 5f1c9c2b1a55")

    assert "left running" in docker.stop_if_ours(home)

    assert docker.own_process(home) is not None
    programs.add("docker", "")


def test_a_number_that_another_process_has_now_is_not_ours(home: Path) -> None:
    docker.pid_file(home).write_text(str(os.getpid()))
    assert docker.own_process(home) is None
    assert docker.stop_if_ours(home) == ""


def test_an_engine_elsewhere_is_refused(home: Path, said: list[str]) -> None:
    with pytest.raises(StartupError, match="needs a Docker Engine on this very machine"):
        docker.ensure(said.append, home, environment={"DOCKER_HOST": "tcp://10.0.0.1:2375"})


def test_a_named_engine_that_is_away_is_not_replaced_by_another(
    home: Path, said: list[str]
) -> None:
    with pytest.raises(StartupError, match="which DOCKER_HOST names"):
        docker.ensure(said.append, home, environment={"DOCKER_HOST": f"unix://{home}/none"})


@pytest.mark.parametrize("version", ["1.40", "1.9", ""])
def test_an_engine_that_is_too_old_is_refused(
    programs: Programs, sock: Path, home: Path, said: list[str], version: str
) -> None:
    programs.add("dockerd", _engine(sock, version))
    with pytest.raises(StartupError, match=r"at least 1\.41 is needed"):
        docker.ensure(said.append, home, environment=_NOTHING, sleep=_briefly)


def test_a_user_who_may_not_use_the_engine_is_told_how(
    sock: Path, home: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "ping", lambda _: Answer.FORBIDDEN)
    with pytest.raises(StartupError, match="sudo usermod -aG docker"):
        docker.ensure(said.append, home, environment=_NOTHING)
