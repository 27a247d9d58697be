"""Repositories of CodeCommit and working copies of them, for tests from outside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.conftest import Installation

PERSON = {
    "GIT_AUTHOR_NAME": "Mary",
    "GIT_AUTHOR_EMAIL": "mary@example.com",
    "GIT_COMMITTER_NAME": "Mary",
    "GIT_COMMITTER_EMAIL": "mary@example.com",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Copy:
    """A working copy of a repository of CodeCommit."""

    def __init__(self, platform: Installation, folder: Path, url: str) -> None:
        self.platform, self.folder, self.url = platform, folder, url
        folder.mkdir(exist_ok=True)

    def git(self, *argv: str, well: bool = True, **environment: str) -> str:
        """What git prints; it must end well, unless told otherwise."""
        done = subprocess.run(
            ["git", *argv],
            cwd=self.folder,
            env={**self.shell(), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode == 0) == well, done.stderr
        return (done.stdout + done.stderr).strip()

    def shell(self) -> dict[str, str]:
        """A shell set up by ``demitasse env``, as a platform of these tests prints it."""
        from demitasse.cli.env import variables

        here = self.platform.settings
        return {**os.environ, **self.platform.environment, **variables(here), **PERSON}

    def commit(self, **files: bytes) -> str:
        """Commit files on the branch that is checked out; the commit's id."""
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "-q", "-m", f"Change {', '.join(files)}")
        return self.git("rev-parse", "HEAD")


class Repositories:
    """Makes repositories, and their working copies, and removes the former."""

    def __init__(self, platform: Installation, folder: Path) -> None:
        self.platform, self.folder = platform, folder
        self.api = platform.client("codecommit")
        self._names: list[str] = []

    def create(self) -> str:
        name = f"{self.folder.name[:60]}-{len(self._names)}"
        made = self.api.create_repository(repositoryName=name)["repositoryMetadata"]
        self._names.append(name)
        return str(made["cloneUrlHttp"])

    def started(self) -> Copy:
        """A copy on branch dev, which has no commit yet."""
        url = self.create()
        copy = Copy(self.platform, self.folder / f"copy-{len(self._names)}", url)
        copy.git("init", "-q", "--initial-branch", "dev")
        copy.git("remote", "add", "origin", url)
        return copy

    def clone(self, url: str, name: str, *options: str) -> Copy:
        copy = Copy(self.platform, self.folder / name, url)
        copy.git("clone", "-q", *options, url, ".")
        return copy

    def branches(self, url: str) -> dict[str, str]:
        name = url.rpartition("/")[2]
        return {
            branch: self.api.get_branch(repositoryName=name, branchName=branch)["branch"][
                "commitId"
            ]
            for branch in self.api.list_branches(repositoryName=name)["branches"]
        }

    def remove(self) -> None:
        for name in self._names:
            self.api.delete_repository(repositoryName=name)
