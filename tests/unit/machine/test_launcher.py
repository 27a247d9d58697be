"""The launcher at the checkout's root, with a Python that only pretends."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_LAUNCHER = Path(__file__).resolve().parents[3] / "demitasse"

_PYTHON = r"""#!/bin/sh
printf '%s\n' "$(basename "$(dirname "$(dirname "$0")")")/$(basename "$0") $*" >> "$CALLS"
case "$*" in
*'sys.exit(sys.version_info'*) exit "${TOO_OLD:-0}" ;;
*'print(platform'*) echo 3.9.2 ;;
*'import ensurepip'*) [ -z "${NO_VENV:-}" ] || [ -e "$INSTALLED" ] ;;
*'-venv" %'*) echo python3.11-venv ;;
'-m venv --clear '*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
'-c import pip') [ ! -e "$(dirname "$0")/../broken" ] ;;
'-m pip '*) [ -z "${SLOWLY:-}" ] || sleep "$SLOWLY"; exit "${PIP:-0}" ;;
'-P -m demitasse'*) shift 3; printf '%s\n' "$@"; exit "${RESULT:-0}" ;;
*) echo "unexpected: $*" >&2; exit 2 ;;
esac
"""


@dataclass(frozen=True)
class Checkout:
    """A checkout with the launcher, on a machine with a pretended Python."""

    root: Path
    programs: Path
    log: Path

    def run(self, *argv: str, by: Path | None = None, **environment: str) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        done = subprocess.run(
            [by or self.root / "demitasse", *argv],
            env=self._environment(environment),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, *argv: str, **environment: str) -> subprocess.Popen[str]:
        """Run it in the background."""
        return subprocess.Popen(
            [self.root / "demitasse", *argv],
            env=self._environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def calls(self, of: str) -> list[str]:
        """The calls of a program that contain ``of``."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if of in line]

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "CALLS": str(self.log),
            "INSTALLED": str(self.programs / "installed"),
            **more,
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "a checkout", tmp_path / "programs", tmp_path / "calls")
    made.root.mkdir()
    made.programs.mkdir()
    shutil.copy(_LAUNCHER, made.root / "demitasse")
    (made.root / "pyproject.toml").write_text("[project]\n")
    (made.root / "requirements.lock").write_text("click==8\n")
    made.program("python3", _PYTHON)
    return made


def test_the_first_call_makes_the_environment_and_runs(checkout: Checkout) -> None:
    status, out, err = checkout.run("env", "--json")

    assert (status, out) == (0, "env\n--json\n")
    assert err.splitlines() == [
        f"Making a Python environment in {checkout.root}/.venv …",
        "Installing Demitasse's Python packages …",
    ]
    (installed,) = checkout.calls("-m pip")
    assert installed == (
        ".venv/python -m pip --disable-pip-version-check --no-input install -qq"
        f" --constraint {checkout.root}/requirements.lock --editable {checkout.root}"
    )


def test_a_second_call_only_runs(checkout: Checkout) -> None:
    checkout.run("status")
    checkout.log.unlink()

    assert checkout.run("status") == (0, "status\n", "")
    assert checkout.calls("") == [".venv/python -P -m demitasse status"]


def test_the_commands_own_result_is_the_launchers(checkout: Checkout) -> None:
    assert checkout.run("status", RESULT="7")[0] == 7


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements.lock"])
def test_it_installs_again_when_what_is_asked_for_has_changed(
    checkout: Checkout, changed: str
) -> None:
    checkout.run("status")
    (checkout.root / changed).write_text("something else\n")
    checkout.run("status")
    checkout.run("status")

    assert len(checkout.calls("-m pip")) == 2
    assert len(checkout.calls("-m venv")) == 1


def test_tests_need_more_and_what_has_more_serves_all(checkout: Checkout) -> None:
    checkout.run("status")
    checkout.run("test")
    checkout.run("status")

    assert [call.rpartition(str(checkout.root))[2] for call in checkout.calls("-m pip")] == [
        "",
        "[dev]",
    ]


def test_it_is_found_through_a_link(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "demitasse-link"
    link.symlink_to(checkout.root / "demitasse")

    assert checkout.run("status", by=link)[:2] == (0, "status\n")
    assert (checkout.root / ".venv").is_dir()


def test_a_failed_installation_leaves_nothing_that_looks_ready(checkout: Checkout) -> None:
    status, out, err = checkout.run("status", PIP="1")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        "demitasse: the Python packages could not be installed (see above). Is there a network?"
        " Nothing is lost: try again."
    )

    assert checkout.run("status")[:2] == (0, "status\n")


def test_a_broken_environment_is_made_anew(checkout: Checkout) -> None:
    checkout.run("status")
    (checkout.root / ".venv" / "broken").touch()
    (checkout.root / "pyproject.toml").write_text("changed\n")

    checkout.run("status")

    assert len(checkout.calls("-m venv")) == 2


def test_an_old_python_is_named(checkout: Checkout) -> None:
    for name in ("python3.11", "python3.12", "python3.13", "python3.14"):
        checkout.program(name, "#!/bin/sh\nexit 1\n")
    status, _, err = checkout.run("status", TOO_OLD="1")
    assert status == 1
    assert "Python 3.11 or newer is needed, and python3 here is 3.9.2." in err


def test_a_newer_python_beside_an_old_one_is_taken(checkout: Checkout) -> None:
    checkout.program("python3.14", _PYTHON)
    checkout.program("python3", "#!/bin/sh\nexit 1\n")

    assert checkout.run("status")[:2] == (0, "status\n")


def test_a_python_without_venv_gets_it_from_the_distribution(checkout: Checkout) -> None:
    checkout.program("id", "#!/bin/sh\necho 0\n")
    checkout.program(
        "apt-get",
        '#!/bin/sh\necho "apt-get $*" >> "$CALLS"\n[ "$1" = update ] || touch "$INSTALLED"\n',
    )
    status, out, err = checkout.run("status", NO_VENV="1")

    assert (status, out) == (0, "status\n")
    assert err.startswith("Installing python3.11-venv from the distribution")
    assert checkout.calls("apt-get") == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends python3.11-venv",
    ]


def test_two_calls_at_once_set_up_once(checkout: Checkout) -> None:
    calls = [checkout.start("status", SLOWLY="0.2") for _ in range(3)]
    outcomes = [(call.communicate()[0], call.returncode) for call in calls]

    assert outcomes == [("status\n", 0)] * 3
    assert len(checkout.calls("-m pip")) == 1
