"""The server as a process: it starts, and a stop loses nobody."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(REQUEST)
    return connection


def answer(connection: socket.socket) -> bytes:
    with connection, connection.makefile("rb") as stream:
        return stream.read()


@contextlib.contextmanager
def server(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:monolith.server"],
        env=os.environ
        | {
            "APP_PORT": str(port),
            "APP_DB_FILE": str(folder / "suppliers.db"),
            "PYTHONPATH": str(Path(__file__).parents[1] / "app"),
        },
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        for line in process.stdout:
            if '"message": "starting"' in line:
                break
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_who_has_come_in_before_the_stop_is_served(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port) as process:
        assert answer(ask(port)).startswith(b"HTTP/1.1 200 ")
        # The server holds still while people queue up, and is told to stop meanwhile.
        os.killpg(process.pid, signal.SIGSTOP)
        waiting = [ask(port) for _ in range(40)]
        os.kill(process.pid, signal.SIGTERM)
        os.killpg(process.pid, signal.SIGCONT)
        answers = [answer(connection) for connection in waiting]
        assert process.wait(timeout=10) == 0
    assert all(text.startswith(b"HTTP/1.1 200 ") for text in answers)
    with pytest.raises(ConnectionRefusedError):
        ask(port)


def test_client_that_does_not_hang_up_keeps_nobody_waiting(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port):
        idle = ask(port)
        assert idle.recv(65536)
        started = time.monotonic()
        assert answer(ask(port)).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - started < 1
        idle.close()


def test_setting_that_is_no_use_is_named_when_it_does_not_start(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "python:monolith.server"],
        env=os.environ | {"APP_PORT": "abc", "PYTHONPATH": str(Path(__file__).parents[1] / "app")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stderr == "monolith: APP_PORT must be a number from 1 to 65535, not 'abc'\n"
