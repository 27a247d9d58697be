"""The git commands of the lab: built as values here, run here and nowhere else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demitasse.errors import DemitasseError

_WHO = ("-c", "user.name=Demitasse", "-c", "user.email=demitasse@localhost")


class GitFailed(DemitasseError):
    """A git command ended with an error; the message is its own."""


@dataclass(frozen=True)
class Git:
    """Runs git. ``environment`` is what lets it into the repositories (``demitasse env``)."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def publish(self, folder: Path, url: str, branch: str, message: str) -> None:
        """Commit a folder's files, if they changed, and push the branch."""
        if not (folder / ".git").exists():
            self._run(folder, "init", "--quiet", f"--initial-branch={branch}")
        self._run(folder, "add", "--all")
        if self._run(folder, "status", "--porcelain").strip():
            self._run(folder, *_WHO, "commit", "--quiet", "--message", message)
        if self._run(folder, "remote").split() == ["origin"]:
            self._run(folder, "remote", "set-url", "origin", url)
        else:
            self._run(folder, "remote", "add", "origin", url)
        self._run(folder, "push", "--quiet", "--set-upstream", "origin", branch)

    def _run(self, folder: Path, *arguments: str) -> str:
        environment = {**os.environ, **self.environment, "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise GitFailed(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout
