"""Programs that only pretend, found before the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Programs:
    """A folder of pretended programs, and what was run of them."""

    folder: Path
    log: Path

    def add(self, name: str, script: str) -> None:
        """A program of this name: a shell script, after its call has been noted."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self.log}\n{script}\n')
        path.chmod(0o755)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def calls(self, beginning: str = "") -> list[str]:
        """The calls so far, in order, of those that begin so."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line.startswith(beginning)]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """The only programs beside the shell's own basic ones."""
    made = Programs(tmp_path / "bin", tmp_path / "calls")
    made.folder.mkdir()
    basic = tmp_path / "basic"
    basic.mkdir()
    for name in ("cat", "grep", "mkdir", "sed", "sh", "sleep", "touch", "env", "kill", "chmod"):
        (basic / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", f"{made.folder}:{basic}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return made


@pytest.fixture
def said() -> list[str]:
    """What was reported; give ``said.append`` as the report."""
    return []
