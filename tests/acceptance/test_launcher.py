"""The launcher on a bare machine: Debian with python3 and nothing else."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demitasse.machine import images
from demitasse.machine.recipes import FOUNDATION

pytestmark = pytest.mark.docker

_ROOT = Path(__file__).resolve().parents[2]
_LABELS = ("--label", "demitasse.installation=launcher-test", "--label", "demitasse.kind=test")
_RECIPE = """
FROM {base}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3
RUN useradd --create-home joe
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def bare() -> Iterator[str]:
    """The id of an image with Debian and python3 alone."""
    base = FOUNDATION if images.present(FOUNDATION) else "debian:trixie-slim"
    recipe = _RECIPE.format(base=base).encode()
    built = subprocess.run(
        ["docker", "build", "-q", "--network", "host", *_LABELS, "-"],
        input=recipe,
        capture_output=True,
        check=True,
    )
    image = built.stdout.decode().split()[-1]
    yield image
    subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=True)


@pytest.fixture
def machine(bare: str, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a command on a bare machine that holds this checkout in /src.

    Parametrised by the network that the machine has (``host`` or ``none``).
    """
    network: str = request.param
    argv = ["docker", "run", "-d", "--init", "--network", network, *_LABELS, bare, "sleep", "900"]
    container = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    def run(*command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "exec", "--user", user, "--workdir", "/", container, *command],
            capture_output=True,
            text=True,
            check=False,
        )

    try:
        run("mkdir", "/src")
        subprocess.run(
            ["docker", "exec", "-i", container, "tar", "-C", "/src", "-x"],
            input=_checkout(),
            check=True,
        )
        yield run
    finally:
        subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=True)


def _checkout() -> bytes:
    """What git has of this checkout, and what is new in it, as a tar."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        capture_output=True,
        check=True,
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in listed.stdout.decode().split("\0"):
            if name and (_ROOT / name).exists():
                tar.add(_ROOT / name, name)
    return packed.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["host"], indirect=True)
def test_a_bare_machine_runs_it_after_one_call(machine: Run) -> None:
    first = machine("/src/demitasse", "--version")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("demitasse, version ")
    assert [line.split(" ")[0] for line in first.stderr.splitlines()][-3:] == [
        "Installing",  # python3-venv
        "Making",  # .venv
        "Installing",  # the packages
    ]

    machine("ln", "-s", "/src/demitasse", "/usr/local/bin/demitasse")
    second = machine("demitasse", "--help")
    assert (second.returncode, second.stderr) == (0, "")
    assert "Commands:" in second.stdout

    other = machine("demitasse", "--version", user="joe")
    assert other.stdout == first.stdout


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["none"], indirect=True)
def test_without_a_network_it_says_so_and_leaves_nothing_behind(machine: Run) -> None:
    tried = machine("/src/demitasse", "up")

    assert tried.returncode == 1
    assert tried.stderr.splitlines()[-1].endswith("Is there a network? Nothing is lost: try again.")
    assert machine("ls", "/src/.venv").returncode != 0


@pytest.mark.parametrize("machine", ["none"], indirect=True)
def test_a_user_who_may_not_install_is_told_what_root_has_to(machine: Run) -> None:
    machine("chown", "-R", "joe", "/src")
    tried = machine("/src/demitasse", "up", user="joe")

    assert tried.returncode == 1
    assert "run (as root) apt-get install python3." in tried.stderr
