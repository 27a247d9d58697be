"""House rules about the source itself: import contracts, clocks, identifiers, sleeping tests."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "demitasse"
UNIT_TESTS = ROOT / "tests" / "unit"
ACCEPTANCE_TESTS = ROOT / "tests" / "acceptance"

# Who may read the machine's clock or make random names, and why.
OF_THE_CLOCK = {
    "clock.py": "implements the clock that everyone is handed",
    "ids.py": "implements the identifiers that everyone is handed",
    "daemon.py": "waits for a process, from outside of the platform",
    "lab/runner.py": "the lab is a program of its own: it times and polls",
    "machine/docker.py": "waits for dockerd, from outside of the platform",
    "cli/up.py": "tells how long things took",
    "cli/test.py": "tells how long things took",
    "cli/watch.py": "looks again twice a second, from outside of the platform",
}
# Which acceptance tests sleep for a time that nobody can wait for, and why.
OF_PATIENCE = {
    "targets.py": "is a server that is slow when it is asked to be",
    "test_base_images.py": "kills at any moment of a start",
    "test_codecommit.py": "kills at any moment of a push",
    "test_crash.py": "kills at any moment of everything",
}
FORBIDDEN_MODULES = {"time", "secrets", "random"}
FORBIDDEN_CALLS = re.compile(
    r"(datetime|date)(\.datetime|\.date)?\.(now|utcnow|today)|uuid\.uuid[14]|uuid[14]|os\.urandom"
)

# One line per contract of .importlinter that must break it.
VIOLATIONS = {
    "layers": ("errors.py", "import demitasse.api"),
    "composition": ("cli/status.py", "import demitasse.store"),
    "wire": ("wire/request.py", "import demitasse.services.base"),
    "lab": ("lab/names.py", "import demitasse.settings"),
    "state": ("store/kinds.py", "import demitasse.control"),
    "engines": ("services/ec2/controller/vpcs.py", "import demitasse.engines.containers.docker"),
    "services": ("services/sts/operations.py", "import demitasse.services.ec2.defaults"),
    "operations": ("services/ec2/operations/vpcs.py", "import asyncio"),
    "plans": ("services/rds/plan.py", "import time"),
    "records": ("services/ec2/records.py", "import demitasse.engines.containers.spec"),
}


def lint_imports(folder: Path) -> tuple[int, str]:
    """Exit status and output of import-linter for the package in a folder."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as main; main()",
            "--no-cache",
            "--no-logo",
            "--config",
            str(ROOT / ".importlinter"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def contracts() -> dict[str, str]:
    text = (ROOT / ".importlinter").read_text(encoding="utf-8")
    found = re.findall(r"\[importlinter:contract:(\w+)\]\nname = (.+)", text)
    assert len(found) == text.count("[importlinter:contract:")
    return dict(found)


def test_the_import_contracts_are_kept() -> None:
    status, said = lint_imports(ROOT / "src")
    assert status == 0, said


def test_every_import_contract_can_be_broken(tmp_path: Path) -> None:
    copy = tmp_path / "demitasse"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for module, line in VIOLATIONS.values():
        path = copy / module
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    status, said = lint_imports(tmp_path)
    assert status == 1
    assert contracts().keys() == VIOLATIONS.keys()
    kept = [
        name for name in contracts().values() if not re.search(f"{re.escape(name)} BROKEN", said)
    ]
    assert kept == [], said


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def calls(tree: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    """Line, name and node of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func), node


def dotted(node: ast.expr) -> str:
    """``a.b.c`` as it is written; what is none of a name begins with a dot."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imported(tree: ast.AST) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Line, module and names of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "", tuple(alias.name for alias in node.names)


def readings(source: str) -> list[int]:
    """The lines on which a module reads a clock or makes a random name by itself."""
    tree = ast.parse(source)
    found = [line for line, module, _ in imported(tree) if module in FORBIDDEN_MODULES]
    found += [line for line, name, _ in calls(tree) if FORBIDDEN_CALLS.fullmatch(name)]
    return found


def test_nobody_reads_the_clock_or_makes_ids_alone() -> None:
    found = {
        f"{path.relative_to(SOURCE)}:{line}"
        for path in modules(SOURCE)
        if str(path.relative_to(SOURCE)) not in OF_THE_CLOCK
        for line in readings(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "time and identity are handed in (Clock, Ids)"


def test_the_exceptions_are_used() -> None:
    assert [
        name for name in OF_THE_CLOCK if not readings((SOURCE / name).read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "import secrets",
        "from random import choice",
        "now = datetime.now(UTC)",
        "now = datetime.datetime.utcnow()",
        "today = date.today()",
        "uuid.uuid4()",
        "from uuid import uuid4\nuuid4()",
        "os.urandom(8)",
    ],
)
def test_what_counts_as_reading_the_clock(source: str) -> None:
    assert readings(source)


@pytest.mark.parametrize(
    "source", ["self._clock.now()", "ids.uuid()", "uuid.uuid5(a, b)", "from datetime import date"]
)
def test_what_does_not(source: str) -> None:
    assert not readings(source)


def test_plans_take_arithmetic_of_the_clock_and_no_clock() -> None:
    plans = [
        path
        for path in modules(SOURCE / "services")
        if path.name == "plan.py" or path.parent.name == "plan"
    ]
    assert plans
    for path in plans:
        for line, module, names in imported(ast.parse(path.read_text(encoding="utf-8"))):
            if module == "demitasse.clock":
                assert names == ("Waits",), f"{path}:{line}"


def sleeps(source: str) -> list[int]:
    """The lines on which a test sleeps; giving others their turn is none."""
    if "sleep" not in source:
        return []
    return [
        line
        for line, name, node in calls(ast.parse(source))
        if name in {"time.sleep", "sleep", "asyncio.sleep", "anyio.sleep"}
        and not (
            len(node.args) == 1
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value == 0
        )
    ]


def test_unit_tests_do_not_sleep() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules(UNIT_TESTS)
        # They stand in for dockerd with a real process, and poll for it.
        if path != UNIT_TESTS / "machine" / "test_docker.py"
        for line in sleeps(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "tests have a clock of their own (ManualClock)"


def pauses(source: str) -> list[int]:
    """The lines on which a test sleeps once, whatever happens; to look again and again is none."""
    again = {
        node.lineno
        for loop in ast.walk(ast.parse(source))
        if isinstance(loop, ast.While)
        for node in ast.walk(loop)
        if isinstance(node, ast.Call)
    }
    return [line for line in sleeps(source) if line not in again]


def test_acceptance_tests_wait_for_what_they_mean() -> None:
    found: dict[str, list[int]] = {}
    for path in modules(ACCEPTANCE_TESTS):
        if lines := pauses(path.read_text(encoding="utf-8")):
            found[str(path.relative_to(ACCEPTANCE_TESTS))] = lines
    assert found.keys() == OF_PATIENCE.keys(), f"wait for a condition, with a deadline: {found}"


def test_what_counts_as_a_pause() -> None:
    assert pauses("time.sleep(1)")
    assert pauses("for number in range(3):\n    time.sleep(number)")
    assert not pauses("while not done():\n    time.sleep(0.1)")


def test_what_counts_as_sleeping() -> None:
    assert sleeps("time.sleep(0.1)")
    assert sleeps("await asyncio.sleep(seconds)")
    assert not sleeps("await asyncio.sleep(0)")
    assert not sleeps("await clock.sleep(5)")
