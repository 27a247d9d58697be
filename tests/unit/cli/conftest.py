from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demitasse.cli import main

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own, and no other setting."""
    for name in tuple(os.environ):
        if name.startswith(("DEMITASSE_", "AWS_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "state"
    monkeypatch.setenv("DEMITASSE_HOME", str(folder))
    return folder


@pytest.fixture
def run(home: Path) -> Run:
    """Calls the command line."""
    assert not home.exists()
    return lambda *words: CliRunner().invoke(main, words)
