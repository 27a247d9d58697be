from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import click
import pytest
from click.testing import Result

from demitasse import __version__, daemon, settings
from demitasse.cli import main, up
from demitasse.cli import test as test_command
from demitasse.cli.env import variables
from demitasse.lab import overview

Run = Callable[..., Result]


def test_help_lists_every_command_in_its_own_words(run: Run) -> None:
    shown = run("--help")
    assert shown.exit_code == 0
    group = main
    assert isinstance(group, click.Group)
    for name in group.list_commands(click.Context(group)):
        command = import_module(f"demitasse.cli.{name.replace('-', '_')}").command
        said = group.summaries[name]  # type: ignore[attr-defined]
        assert f"  {name} " in shown.output
        assert command.name == name
        first = command.help.splitlines()[0].rstrip(".")
        assert said.rstrip(".").startswith(first[:20]), "the table says what the command says"
        assert run(name, "--help").output.startswith("Usage: ")


def test_help_and_env_load_neither_boto3_nor_the_platform(home: Path) -> None:
    program = (
        "import sys; from demitasse.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as done: assert not done.code, done\n"
        "heavy = {'boto3', 'botocore', 'uvicorn', 'aiodocker', 'rich', 'demitasse.platform'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    for words in (["--help"], ["--version"], ["env"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert home.is_dir()


def test_version(run: Run) -> None:
    assert __version__ in run("--version").output


def test_an_unknown_command_is_refused(run: Run) -> None:
    shown = run("coffee")
    assert shown.exit_code == 2
    assert "No such command 'coffee'" in shown.output


# env


def exported(text: str) -> dict[str, str]:
    pairs = (
        shlex.split(line)[1].split("=", 1)
        for line in text.splitlines()
        if line.startswith("export ")
    )
    return dict(pairs)  # type: ignore[arg-type]


def test_env_sets_up_a_shell(run: Run) -> None:
    shown = run("env")
    assert shown.exit_code == 0
    found = exported(shown.output)
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert found["AWS_ACCESS_KEY_ID"].startswith("AKIA")
    assert len(found["AWS_SECRET_ACCESS_KEY"]) == 40
    assert found["account_id"] == "000000000000"
    assert found["registry"] == "127.0.0.1:4566"
    assert run("env").output == shown.output, "the same every time"
    done = subprocess.run(
        [
            "bash",
            "-euc",
            'eval "$1"; echo "$AWS_REGION"; type aws; declare -f demitasse',
            "-",
            shown.output,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "old"},
    )
    assert done.stdout.startswith("us-east-1\naws is a function"), done.stderr
    assert '/demitasse "$@"' in done.stdout, "it can be called in any folder"


def test_env_of_another_account(run: Run) -> None:
    own, other = exported(run("env").output), exported(run("env", "--account", "1" * 12).output)
    assert other["account_id"] == "1" * 12
    assert other["AWS_ACCESS_KEY_ID"] != own["AWS_ACCESS_KEY_ID"]
    for wrong in ("1", "x" * 12, ""):
        shown = run("env", "--account", wrong)
        assert shown.exit_code == 2
        assert "twelve digits" in shown.output


def test_env_follows_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMITASSE_PORT", "4999")
    monkeypatch.setenv("DEMITASSE_REGION", "eu-west-3")
    monkeypatch.setenv("DEMITASSE_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("DEMITASSE_SECRET_ACCESS_KEY", "it's a secret")
    found = exported(run("env").output)
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4999"
    assert found["AWS_DEFAULT_REGION"] == "eu-west-3"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("mine", "it's a secret")


# errors


def test_a_wrong_setting_is_told_without_a_stack_trace(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMITASSE_PORT", "coffee")
    for command in ("env", "status", "logs", "down"):
        shown = run(command)
        assert shown.exit_code == 1
        assert shown.output.startswith("demitasse: the setting DEMITASSE_PORT is wrong")
        assert "Traceback" not in shown.output


def test_what_the_machine_refuses_is_told_without_a_stack_trace(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere")

    monkeypatch.setattr(daemon, "running", refuse)
    shown = run("status")
    assert shown.exit_code == 1
    assert shown.output == "demitasse: [Errno 13] Permission denied: '/somewhere'\n"


# status and logs


def test_status_without_a_platform(run: Run) -> None:
    shown = run("status")
    assert (shown.exit_code, shown.output) == (
        3,
        "The platform does not run; start it with: ./demitasse up\n",
    )


def test_status_of_a_platform_that_does_not_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "running", lambda _: 4321)
    monkeypatch.setattr(daemon, "health", lambda _: None)
    shown = run("status")
    assert shown.exit_code == 3
    assert "(process 4321) does not answer" in shown.output
    assert "platform.log" in shown.output


def test_status_tells_what_runs_or_why_it_cannot(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "running", lambda _: 4321)
    said = {"version": "1.2.3", "warnings": ["Security groups are not in force."]}
    monkeypatch.setattr(daemon, "health", lambda _: said)
    monkeypatch.setattr(overview, "lines", lambda _: iter(["  service  customer"]))
    shown = run("status")
    assert shown.exit_code == 0
    assert shown.output.splitlines() == [
        "Platform 1.2.3 serves http://127.0.0.1:4566 (process 4321).",
        "Security groups are not in force.",
        "  service  customer",
    ]
    monkeypatch.undo()


def test_status_of_a_platform_that_went_in_between(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Any) -> Any:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(daemon, "running", lambda _: 4321)
    monkeypatch.setattr(daemon, "health", lambda _: {"version": "1.2.3"})
    monkeypatch.setattr(overview, "lines", gone)
    shown = run("status")
    assert shown.exit_code == 1
    assert "what it runs cannot be told: [Errno 111] Connection refused" in shown.output


def test_logs(run: Run, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown = run("logs")
    assert shown.exit_code == 1
    assert "there is no log yet" in shown.output
    home.mkdir(exist_ok=True)
    (home / "platform.log").write_text("one\ntwo\nthree\n")
    assert run("logs", "-n", "2").exit_code == 0
    assert capfd.readouterr().out == "two\nthree\n"
    assert run("logs", "-n", "-1").exit_code == 2


def test_there_is_nothing_to_take_down(run: Run, home: Path) -> None:
    shown = run("down", "--purge")
    assert shown.exit_code == 0
    assert "nothing to take down" in shown.output
    assert not home.exists()


# up's workspace


def test_the_workspace_is_of_this_installation_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile mine]\nregion = eu-west-3\nendpoint_url = http://elsewhere\n")
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "somebody-elses")
    loaded = settings.load()
    lab = up.workspace(loaded)
    client = lab.client("ecs")
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client.meta.region_name == "us-east-1"
    credentials = lab.session.get_credentials()
    keys = variables(loaded)
    assert credentials is not None
    assert credentials.token is None
    assert credentials.access_key == keys["AWS_ACCESS_KEY_ID"]
    assert lab.docker.config == home / "docker"
    assert (lab.sources / "customer" / "Dockerfile").is_file()
    with pytest.raises(Exception, match="no-such-profile"):
        boto3.Session(region_name="us-east-1").client("ecs")


# test


def test_the_checks_are_run_with_this_python_and_a_failure_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def note(argv: list[str], **_: Any) -> Any:
        ran.append(argv)
        return subprocess.CompletedProcess(argv, 1 if "mypy" in argv else 0)

    monkeypatch.setattr(test_command.subprocess, "run", note)
    shown = run("test", "--unit")
    assert shown.exit_code == 1
    assert "Failed: types," in shown.output.splitlines()[-1]
    assert {argv[0] for argv in ran} == {sys.executable}
    assert not any("tests/acceptance" in argv for argv in ran)
    assert any("importlinter" in argv[2] for argv in ran)


def test_the_import_contracts_are_really_run(tmp_path: Path) -> None:
    argv = test_command._with_this_python(("lint-imports",))
    done = subprocess.run(
        [sys.executable, *argv], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0, "there is no configuration there"
    assert "onfig" in done.stdout + done.stderr


def test_tests_need_a_checkout(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(test_command, "_ROOT", tmp_path)
    shown = run("test")
    assert (shown.exit_code, "checkout" in shown.output) == (1, True)
