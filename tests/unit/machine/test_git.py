"""Git on the machine: found, installed, or too old."""

from __future__ import annotations

import pytest

from demitasse.errors import StartupError
from demitasse.machine import git

from .conftest import Programs


def test_git_that_is_here_is_enough(programs: Programs, said: list[str]) -> None:
    programs.add("git", "echo git version 2.39.5")
    git.ensure(said.append)
    assert said == []


def test_git_is_installed_where_it_is_missing(programs: Programs, said: list[str]) -> None:
    install = f"printf '#!/bin/sh\\necho git version 2.39.5\\n' > {programs.folder}/git"
    programs.add(
        "apt-get",
        f'case "$*" in *install*) {install}; chmod +x {programs.folder}/git;; esac',
    )
    git.ensure(said.append)
    assert said[0] == "There is no git on this machine."
    assert programs.calls("apt-get")[-1] == ("apt-get install -y -qq --no-install-recommends git")


def test_git_that_is_too_old_is_named(programs: Programs, said: list[str]) -> None:
    programs.add("git", "echo git version 2.30.2")
    with pytest.raises(
        StartupError, match=r"git 2\.36 or newer is needed; here is git version 2\.30"
    ):
        git.ensure(said.append)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("git version 2.39.5 (Apple Git-154)", (2, 39)),
        ("git version 2.43.0.windows.1", (2, 43)),
        ("?", ()),
    ],
)
def test_versions(said: str, version: tuple[int, ...]) -> None:
    assert git.version(said) == version
