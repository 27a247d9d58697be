from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from demitasse.cli import program


def test_in_a_checkout_it_is_called_by_its_launcher() -> None:
    found = program.launcher()
    assert found is not None
    assert found.read_text().startswith("#!")
    assert program.called() == "./demitasse"


def test_installed_it_is_called_by_name(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program, "_LAUNCHER", tmp_path / "demitasse")
    assert program.launcher() is None
    assert program.called() == "demitasse"
    assert "demitasse()" not in run("env").output


def test_help_names_the_program_however_it_was_started() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demitasse", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: demitasse [OPTIONS]")
