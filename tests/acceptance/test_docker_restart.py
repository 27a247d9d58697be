"""Docker itself restarted, with the application on it: everything comes back by itself.

An Engine of its own, in a network of its own, so that nothing else on this machine notices: the
test runs this very file once more inside of new network and mount namespaces.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.application import (
    CUSTOMER,
    Application,
    docker,
    log_of,
    suppliers,
    wait_until,
)
from tests.acceptance.conftest import installed

from demitasse import daemon
from demitasse.cli.up import sources
from demitasse.lab.docker import Docker

pytestmark = [pytest.mark.docker, pytest.mark.slow]

IMAGES = ("haproxy:3.0", "mariadb:11.8", "demitasse/pause:2", "customer", "employee")
PHASES = """
from demitasse import settings
from demitasse.cli.progress import ConsoleReporter
from demitasse.cli.up import workspace
from demitasse.lab import phases, runner
from rich.console import Console

wanted = [phase for phase in phases.PHASES if phase.number != 2]
with ConsoleReporter(Console()) as reporter:
    runner.run(wanted, workspace(settings.load()), reporter)
"""


@dataclass
class Engine:
    """A Docker Engine in a folder: no bridge of its own, and the machine's firewall left alone."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "dockerd", "--host", self.url, "--data-root", str(self.folder / "data"),
                    "--exec-root", str(self.folder / "exec"),
                    "--pidfile", str(self.folder / "pid"),
                    "--bridge=none", "--iptables=false", "--ip-masq=false",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(lambda: self._says("version").returncode == 0, "the Engine answers", 60)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=60)

    def load(self, archive: Path) -> None:
        """Take the images of the machine's own Engine."""
        done = self._says("load", "--quiet", "--input", str(archive))
        assert done.returncode == 0, done.stderr

    def _says(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["docker", "--host", self.url, *arguments], capture_output=True, check=False
        )


@pytest.fixture
def images() -> None:
    for service in ("customer", "employee"):
        Docker(labels={"demitasse.kind": "lab"}).build(sources() / service, service)


@pytest.mark.usefixtures("images")
def test_everything_comes_back_when_docker_is_restarted(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or shutil.which("dockerd") is None or unshare is None:
        pytest.skip("a second Docker Engine cannot be started here")
    archive = tmp_path / "images.tar"
    docker("save", "--output", str(archive), *IMAGES)
    inside = subprocess.run(
        [unshare, "--net", "--mount", "--propagation", "private",
         sys.executable, "-m", "tests.acceptance.test_docker_restart", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    archive.unlink()
    print(inside.stdout)  # noqa: T201 - figures
    assert inside.returncode == 0, inside.stdout + inside.stderr


def _inside(folder: Path) -> None:
    """The scenario, in namespaces of its own."""
    _loopback_up()
    engine = Engine(folder)
    engine.start()
    mine = installed(folder / "home", DOCKER_HOST=engine.url)
    os.environ.update(mine.environment)
    try:
        engine.load(folder / "images.tar")
        daemon.start(mine.settings)
        built = mine.run(sys.executable, "-c", PHASES)
        assert built.returncode == 0, built.stdout + built.stderr
        _restart(engine, Application(mine))
    finally:
        daemon.stop(mine.settings)
        mine.demitasse("down")
        engine.stop()
        shutil.rmtree(engine.folder / "data", ignore_errors=True)


def _restart(engine: Engine, application: Application) -> None:
    application.settle()
    assert application.page("/admin/supplier-add", form=SUPPLIER).status == 302
    listed = suppliers(application.page("/suppliers"))
    before = set(application.tasks(CUSTOMER))
    engine.stop()
    assert application.service(CUSTOMER)["status"] == "ACTIVE"  # the API answers
    engine.start()
    begun = time.monotonic()
    wait_until(lambda: _shown(application) == listed, "the customers see the suppliers again")
    took = time.monotonic() - begun
    application.settle()
    print(f"Docker restarted: suppliers shown again {took:.1f} s after it answers")  # noqa: T201
    assert not before & set(application.tasks(CUSTOMER))
    wait_until(lambda: len(application.containers()) == 7, "nothing is left over", 30)
    assert "Traceback" not in log_of(application.on)


def _loopback_up() -> None:
    """Set the loopback interface of a new network up (netdevice(7))."""
    flags, name = 0x8914, b"lo"  # SIOCSIFFLAGS
    up_and_running = 0x1 | 0x40
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, flags, struct.pack("16sh14x", name, up_and_running))


SUPPLIER = {
    "name": "Written before",
    "address": "1, rue du Test",
    "city": "Lyon",
    "state": "Rhône",
    "email": "essai@cafe.example",
    "phone": "0478123456",
}


def _shown(application: Application) -> list[str]:
    try:
        return suppliers(application.page("/suppliers"))
    except OSError:
        return []


if __name__ == "__main__":
    _inside(Path(sys.argv[1]))
