"""A build's script, run by real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from demitasse.services.codebuild import buildspec, script
from demitasse.services.codebuild.script import Noted


def run(
    folder: Path,
    spec: str,
    *,
    told: str = "[Container] source\n",
    cache: str = "",
    **environment: str,
) -> tuple[list[str], Noted]:
    """Run a buildspec to its end; what its commands wrote (and the agent said), and noted."""
    control, source = folder / "control", folder / "source"
    source.mkdir(exist_ok=True)
    read = buildspec.read(spec)
    files = script.write(
        read,
        control=str(control),
        source=str(source),
        environment={"CODEBUILD_BUILD_SUCCEEDING": "1", **read.variables, **environment},
        cache=cache,
    )
    for name, text in {"agent.sh": script.agent(), "source": told, "end": "", **files}.items():
        (control / name).parent.mkdir(parents=True, exist_ok=True)
        (control / name).write_text(text)
    done = subprocess.run(
        ["sh", str(control / "agent.sh"), str(control)],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
        env={"PATH": os.environ["PATH"]},
    )
    noted = script.noted({each.name: each.read_bytes() for each in (control / "out").iterdir()})
    assert noted.ended == bool(told)
    return (done.stdout + done.stderr).splitlines(), noted


def written(said: list[str]) -> list[str]:
    return [line for line in said if not line.startswith("[Container]")]


def spec(*build: str, shell: str = "sh", rest: str = "") -> str:
    commands = "".join(f"      - {each!r}\n" for each in build)
    return (
        f"version: 0.2\nenv: {{shell: {shell}}}\nphases:\n  build:\n    commands:\n{commands}{rest}"
    )


@pytest.fixture(params=["sh", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not here")
    return name


def test_commands_share_one_shell(tmp_path: Path, shell: str) -> None:
    text = spec("X=set; cd /", "echo $X in $PWD", shell=shell, rest="""\
  post_build:
    commands: [ 'echo still $X' ]
""")  # fmt: skip
    said, noted = run(tmp_path, text)

    assert written(said) == ["set in /", "still set"]
    assert [(each.type, each.failed) for each in noted.phases] == [
        ("INSTALL", 0), ("PRE_BUILD", 0), ("BUILD", 0), ("POST_BUILD", 0),
    ]  # fmt: skip
    assert all(each.ended_at is not None for each in noted.phases)


@pytest.mark.parametrize(
    ("command", "status"),
    [("exit 3", 3), ("false", 1), ("set -e; false; echo no", 1), ("exec false", 1), ("if then", 2),
     ("nosuchprogram", 127)],
)  # fmt: skip
def test_however_a_command_fails_the_next_one_is_not_run(
    tmp_path: Path, shell: str, command: str, status: int
) -> None:
    text = spec("export KEPT=yes", command, "echo no", shell=shell, rest="""\
    finally: [ 'echo finally $KEPT $CODEBUILD_BUILD_SUCCEEDING' ]
  post_build:
    commands: [ 'echo after $KEPT' ]
""")  # fmt: skip
    said, noted = run(tmp_path, text)

    assert [line for line in written(said) if line in {"finally yes 0", "after yes", "no"}] == [
        "finally yes 0", "after yes",
    ]  # fmt: skip
    built = noted.phases[2]
    assert (built.exit_status, built.failed) == (status, 7)
    assert (tmp_path / "control" / "steps" / "7").read_text() == command


@pytest.mark.parametrize("command", ["exit 0", "exec true", "set -eux; true", "trap '' EXIT"])
def test_a_command_that_ends_well_ends_nothing_else(
    tmp_path: Path, shell: str, command: str
) -> None:
    said, noted = run(tmp_path, spec("export A=1; cd /", command, "echo $A $PWD $B", shell=shell))
    assert "1 /" in [each.strip() for each in written(said)]
    assert not any(each.failed for each in noted.phases)


def test_what_was_exported_before_an_exit_stays(tmp_path: Path, shell: str) -> None:
    said, _noted = run(
        tmp_path, spec("export LATE=kept; cd /; exit 0", "echo $LATE $PWD", shell=shell)
    )
    assert written(said) == ["kept /"]


@pytest.mark.parametrize(
    ("phase", "policy", "then"),
    [
        ("install", "", ["INSTALL"]),
        ("pre_build", "", ["INSTALL", "PRE_BUILD"]),
        ("build", "", ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"]),
        ("build", "ABORT", ["INSTALL", "PRE_BUILD", "BUILD"]),
        ("pre_build", "CONTINUE", ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"]),
    ],
)
def test_which_phases_follow_a_failure(
    tmp_path: Path, phase: str, policy: str, then: list[str]
) -> None:
    failure = f"on-failure: {policy}, " if policy else ""
    text = f"version: 0.2\nphases:\n  {phase}: {{{failure}commands: ['false']}}\n"
    _said, noted = run(tmp_path, text)
    assert [each.type for each in noted.phases] == then


def test_variables_with_everything_in_them_arrive(tmp_path: Path) -> None:
    value = 'it\'s "x" $HOME `id` \\n\nnew line'
    _said, noted = run(
        tmp_path,
        "version: 0.2\nenv: {exported-variables: [V, NONE]}\nphases:\n  build: {commands: ['true']}\n",
        V=value,
    )
    assert noted.exported == {"V": value}


def test_an_artifacts_name_is_made_by_the_shell(tmp_path: Path) -> None:
    rest = """\
artifacts:
  files: [x]
  name: a-"$TAG"-$(echo made)
  secondary-artifacts: {two: {files: [x], name: plain}}
"""
    _said, noted = run(tmp_path, spec("TAG=7", rest=rest))
    assert noted.names == {"": 'a-"7"-made', "two": "plain"}


def test_without_its_source_no_command_is_run(tmp_path: Path) -> None:
    """Also when the script was there, before a crash."""
    said, noted = run(tmp_path, spec("echo no"), told="")
    assert written(said) == []
    assert noted.phases == ()


def test_a_shell_that_is_not_there_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sh", "cat", "date", "mkdir", "sleep"):
        path = shutil.which(name)
        assert path is not None
        (tmp_path / name).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "build").mkdir()
    said, noted = run(tmp_path / "build", spec("true", shell="bash"))
    assert noted.no_shell
    assert "The shell bash is not in the image" in said[-1]


def test_folders_are_cached(tmp_path: Path) -> None:
    rest = "cache: {paths: ['lib/**/*', 'new/*']}\n"
    lines = ["ls lib", "cat lib/both", "echo $RUN >new/run; echo $RUN >lib/made"]
    text, cache = spec("mkdir -p lib new", *lines, rest=rest), str(tmp_path / "cache")
    for number, content in enumerate(("source", "changed")):
        folder = tmp_path / str(number)
        (folder / "source" / "lib").mkdir(parents=True)
        (folder / "source" / "lib" / "both").write_text(f"{content}\n")
        (folder / "source" / "lib" / f"only-{number}").touch()
    first, _ = run(tmp_path / "0", text, cache=cache, RUN="one")
    second, _ = run(tmp_path / "1", text, cache=cache, RUN="two")

    assert written(first) == ["both", "only-0", "source"]
    # What was cached goes before what the source brings under the same name.
    assert written(second) == ["both", "made", "only-0", "only-1", "source"]
    assert (tmp_path / "1" / "source" / "new" / "run").read_text() == "two\n"
    assert (tmp_path / "1" / "source" / "new").is_symlink()
