"""The git commands of the lab: built as values here, run here and nowhere else."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demitasse.errors import DemitasseError
from demitasse.lab.docker import Done

AUTHOR_NAME = "Demitasse"
AUTHOR_EMAIL = "demitasse@localhost"
_WHO = ("-c", f"user.name={AUTHOR_NAME}", "-c", f"user.email={AUTHOR_EMAIL}")


class GitFailed(DemitasseError):
    """A git command ended with an error; the message is its own."""


Execute = Callable[[Sequence[str], Mapping[str, str]], Done]
"""Runs a command, given its words and what its environment has beside the person's own."""


def execute(words: Sequence[str], variables: Mapping[str, str]) -> Done:
    """Run a command of this machine."""
    done = subprocess.run(
        words, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Git:
    """Runs git. ``environment`` is what lets it into the repositories (``demitasse env``)."""

    environment: Mapping[str, str] = field(default_factory=dict)
    execute: Execute = execute

    def publish(self, folder: Path, url: str, branch: str, message: str) -> None:
        """Commit a folder's files, if they changed, and push the branch."""
        if not self._was_pushed(folder, branch):
            # Nothing of it is anywhere else: what an interrupted start left may be half made.
            shutil.rmtree(folder / ".git", ignore_errors=True)
            self._run(folder, "init", "--quiet", f"--initial-branch={branch}")
        self._run(folder, "add", "--all")
        if self._run(folder, "status", "--porcelain").strip():
            self._run(folder, *_WHO, "commit", "--quiet", "--message", message)
        if "origin" in self._run(folder, "remote").split():
            self._run(folder, "remote", "set-url", "origin", url)
        else:
            self._run(folder, "remote", "add", "origin", url)
        self._run(folder, "push", "--quiet", "--set-upstream", "origin", branch)

    def follow(self, folder: Path) -> None:
        """Bring a working copy up to date, unless that is in the way of the person's own work."""
        if (folder / ".git").exists():
            with contextlib.suppress(GitFailed):
                self._run(folder, "pull", "--quiet", "--ff-only")

    def _was_pushed(self, folder: Path, branch: str) -> bool:
        if not (folder / ".git").exists():
            return False
        try:
            self._run(folder, "rev-parse", "--verify", "--quiet", f"origin/{branch}")
        except GitFailed:
            return False
        return True

    def _run(self, folder: Path, *arguments: str) -> str:
        variables = {**self.environment, "GIT_TERMINAL_PROMPT": "0"}
        done = self.execute(["git", "-C", str(folder), *arguments], variables)
        if done.status != 0:
            said = done.errors.strip() or done.output.strip()
            raise GitFailed(f"git {_command(arguments)}: {said}")
        return done.output


def _command(arguments: Sequence[str]) -> str:
    """The command among a line's words, whose options come in pairs before it."""
    words = list(arguments)
    while words[0] == "-c":
        del words[:2]
    return words[0]
