"""Demitasse as its users run it: ``demitasse serve`` with a state folder and a port of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import containers, processes, signed
from demitasse import daemon, teardown
from demitasse import settings as settings_module
from demitasse.accounts import identity
from demitasse.cli.env import variables
from demitasse.ids import RandomIds
from demitasse.lab.docker import Docker

REPOSITORY = Path(__file__).parents[2]


class Demitasse:
    """An installation of the bench's own, in ``home``."""

    name = "Demitasse"
    setup = (
        "Demitasse: `python -m demitasse serve`, one process, default settings; signatures verified,"
        " state in SQLite on disk."
    )

    def __init__(self, home: Path, *, module: str = "demitasse") -> None:
        """``module`` is what is run: the platform, or the bench's variant without controllers."""
        home.mkdir(parents=True, exist_ok=True)
        mine = {
            "DEMITASSE_HOME": str(home),
            "DEMITASSE_PORT": str(containers.free_port()),
        }
        self.settings = settings_module.load(mine)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DEMITASSE_", "PYTHON"))
        }
        paths = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"
        self.environment = {**inherited, **mine, "PYTHONPATH": paths}
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return self.settings.endpoint

    @property
    def process(self) -> int:
        """The server's process id, whether it was started here or by ``up``."""
        process = daemon.running(self.settings) if self._process is None else self._process.pid
        if process is None:
            raise RuntimeError("Demitasse does not run")
        return process

    def start(self) -> float:
        """Start it; the seconds until its first answer."""
        argv = [sys.executable, "-m", self._module, "serve"]
        begun = time.monotonic()
        with self.settings.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                argv, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        while daemon.health(self.settings) is None:
            if self._process.poll() is not None or time.monotonic() - begun > 60:
                words = self.settings.log_file.read_text(encoding="utf-8")[-2000:]
                raise RuntimeError(f"Demitasse did not start:\n{words}")
            time.sleep(0.002)
        return time.monotonic() - begun

    def stop(self) -> None:
        """End the process; what it made goes on running."""
        if self._process is not None:
            processes.stop(self._process)
            self._process = None

    @property
    def keys(self) -> dict[str, str]:
        """What ``demitasse env`` prints."""
        return variables(self.settings)

    def client(self, service: str) -> Any:
        """A boto3 client with the first account's credentials."""
        keys = self.keys
        return signed.client(
            service, self.endpoint, keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]
        )

    @property
    def installation(self) -> str:
        """What its containers carry as ``demitasse.installation``."""
        return identity(self.settings.identity_file, RandomIds()).installation

    def containers(self, kind: str) -> list[str]:
        """The ids of its containers of a kind."""
        mine = f"label=demitasse.installation={self.installation}"
        listed = containers.docker("ps", "-q", "-f", mine, "-f", f"label=demitasse.kind={kind}")
        return listed.split()

    def up(self) -> float:
        """``demitasse up``, with the application; the seconds that it took."""
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "demitasse", "up"],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"up failed:\n{(done.stdout + done.stderr)[-2000:]}")
        return time.monotonic() - begun

    def remove(self) -> None:
        """Stop it and remove everything it made."""
        self.stop()
        daemon.stop(self.settings)
        if self.settings.identity_file.exists():
            teardown.remove(self.installation, state=True)
            Docker().forget_registry(self.settings.registry)
        shutil.rmtree(self.settings.home)


@contextmanager
def demitasse(home: Path, *, module: str = "demitasse", start: bool = True) -> Iterator[Demitasse]:
    """An installation that is gone at the end, with all it made."""
    made = Demitasse(home, module=module)
    try:
        if start:
            made.start()
        yield made
    finally:
        made.remove()
