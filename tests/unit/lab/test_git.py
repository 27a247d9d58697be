from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from demitasse.lab.docker import Done
from demitasse.lab.git import Git, GitFailed, execute

URL = "http://127.0.0.1:4566/v1/repos/deployment"


class Notes:
    """Answers what a test says to each command; else with success and nothing."""

    def __init__(self, **answers: Done) -> None:
        self.answers = answers
        self.told: list[str] = []
        self.variables: Mapping[str, str] = {}

    def __call__(self, words: Sequence[str], variables: Mapping[str, str]) -> Done:
        assert words[0] == "git"
        self.variables = variables
        told = " ".join(words[3:])
        self.told.append(told)
        key = told.split(" ")[0].replace("-", "_")
        return self.answers.get(key, Done(0))


def test_a_folder_is_committed_and_pushed(tmp_path: Path) -> None:
    notes = Notes(status=Done(0, "?? file\n"))
    Git({"KEY": "value"}, notes).publish(tmp_path, URL, "dev", "the message")
    who = "-c user.name=Demitasse -c user.email=demitasse@localhost"
    assert notes.told == [
        "init --quiet --initial-branch=dev",
        "add --all",
        "status --porcelain",
        f"{who} commit --quiet --message the message",
        "remote",
        f"remote add origin {URL}",
        "push --quiet --set-upstream origin dev",
    ]
    assert notes.variables == {"KEY": "value", "GIT_TERMINAL_PROMPT": "0"}, "nobody is asked"


def test_what_was_pushed_before_is_kept_and_pushed_again(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "kept").touch()
    notes = Notes(remote=Done(0, "other\norigin\n"))
    Git(execute=notes).publish(tmp_path, URL, "dev", "the message")
    assert notes.told == [
        "rev-parse --verify --quiet origin/dev",
        "add --all",
        "status --porcelain",
        "remote",
        f"remote set-url origin {URL}",
        "push --quiet --set-upstream origin dev",
    ]
    assert (tmp_path / ".git" / "kept").exists()


def test_what_an_interrupted_start_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index.lock").touch()
    Git(execute=Notes(rev_parse=Done(1))).publish(tmp_path, URL, "dev", "the message")
    assert not (tmp_path / ".git").exists()  # and `init`, which here does nothing, makes it


def test_a_working_copy_follows_unless_that_is_in_the_way(tmp_path: Path) -> None:
    notes = Notes(pull=Done(1, errors="fatal: Not possible to fast-forward, aborting."))
    git = Git(execute=notes)
    git.follow(tmp_path)
    assert notes.told == []
    (tmp_path / ".git").mkdir()
    git.follow(tmp_path)
    assert notes.told == ["pull --quiet --ff-only"]


def test_a_failure_says_the_command_and_gits_own_words(tmp_path: Path) -> None:
    git = Git(execute=Notes(status=Done(0, "?? x"), _c=Done(1, errors="fatal: no\n")))
    with pytest.raises(GitFailed, match=r"^git commit: fatal: no$"):
        git.publish(tmp_path, URL, "dev", "m")
    with pytest.raises(GitFailed, match="git init: said on stdout"):
        Git(execute=Notes(init=Done(1, "said on stdout"))).publish(tmp_path, URL, "dev", "m")


def test_commands_are_really_run() -> None:
    assert execute(["sh", "-c", "echo $WHO; echo no >&2; exit 3"], {"WHO": "me"}) == Done(
        3, "me\n", "no\n"
    )
