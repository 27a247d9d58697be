"""ministack and moto server: from the package index, each in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import containers, processes, signed

_KEY, _SECRET = "AKIAIOSFODNN7EXAMPLE", "bench"


class Peer:
    """A server that speaks AWS's API."""

    def __init__(self, name: str, setup: str, endpoint: str, process: int) -> None:
        self.name = name
        self.setup = setup
        self.endpoint = endpoint
        self.process = process

    def client(self, service: str) -> Any:
        """A boto3 client; neither peer verifies signatures by default, so any key will do."""
        return signed.client(service, self.endpoint, _KEY, _SECRET)


@contextmanager
def ministack(folder: Path) -> Iterator[Peer]:
    """``ministack`` on loopback, without Docker: nothing that is measured needs it."""
    home = _environment(folder, "ministack", "ministack")
    port = containers.free_port()
    environment = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "S3_DATA_DIR": str(folder / "ministack-data"),
    }
    setup = (
        f"ministack {_version(home, 'ministack')}: the command `ministack` (Hypercorn), LOG_LEVEL"
        " WARNING, otherwise its defaults: signatures not verified, state in memory."
    )
    with _served([str(home / "bin" / "ministack")], environment, folder, port) as process:
        yield Peer("ministack", setup, f"http://127.0.0.1:{port}", process)


@contextmanager
def moto(folder: Path) -> Iterator[Peer]:
    """``moto_server`` on loopback."""
    home = _environment(folder, "moto", "moto[server]")
    port = containers.free_port()
    setup = (
        f"moto server {_version(home, 'moto')}: the command `moto_server` (Werkzeug, threaded), its"
        " defaults: signatures not verified, state in memory; its request log goes to a file."
    )
    argv = [str(home / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with _served(argv, {}, folder, port) as process:
        yield Peer("moto server", setup, f"http://127.0.0.1:{port}", process)


@contextmanager
def _served(argv: list[str], environment: dict[str, str], folder: Path, port: int) -> Iterator[int]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    clean["DOCKER_HOST"] = f"unix://{folder}/no-docker.sock"
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            argv, env={**clean, **environment}, cwd=folder, stdout=log, stderr=log
        )
    try:
        containers.listening("127.0.0.1", port, seconds=60)
        yield process.pid
    finally:
        processes.stop(process)


def _environment(folder: Path, name: str, requirement: str) -> Path:
    """A virtual environment with ``requirement``; made once per folder."""
    home = folder / name
    if not (home / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
        done = subprocess.run([*pip, requirement], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{requirement} cannot be installed: {done.stderr.strip()[-500:]}")
        (home / "installed").touch()
    return home


def _version(home: Path, package: str) -> str:
    asked = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run(
        [str(home / "bin" / "python"), "-c", asked], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
