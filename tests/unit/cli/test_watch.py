from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console

from demitasse import daemon
from demitasse.cli import watch
from demitasse.lab import sight
from demitasse.lab.sight import Line, Rollout, Route, Sight, Step

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=42)
STEPS = (
    Step("Replacement tasks", "Succeeded", "1 of 1 running"),
    Step("Test traffic", "Succeeded"),
    Step(sight.PRODUCTION, "InProgress", "20 % on the new version"),
    Step("Wait", "Pending"),
    Step("Original tasks stopped", "Pending"),
)
LONG = "update-employee-microservice"


def shown(seen: Sight, width: int = 80) -> list[str]:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(watch.picture(seen, "Waits are AWS's own.", NOW))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_nothing() -> None:
    assert shown(Sight()) == [
        "There is no pipeline and no deployment yet.",
        "Waits are AWS's own.",
    ]


def test_a_deployment_under_way_fits_a_terminal() -> None:
    lines = (
        Line(LONG, (Step("Source", "Succeeded"), Step("Deploy", "InProgress")), "A [b]title[/b]\n"),
        Line("build-employee", (Step("Build", "InProgress", "PRE_BUILD"),), "x" * 90),
    )
    rollout = Rollout("d-1", "microservices-employee", "InProgress", EARLIER, None, STEPS, 20)
    routes = (
        Route(":80 /admin/*", (("employee-tg-two", 80.0), ("employee-tg-one", 20.0))),
        Route(":80 all else", (("customer-tg-one", 100.0),)),
        Route(":8080 all else", ()),
    )
    seen = shown(Sight(lines, (rollout, rollout), routes))
    assert len(seen) <= 24, "two deployments fit the smallest of terminals"
    assert max(map(len, seen)) <= 80
    text = "\n".join(seen)
    assert f" {LONG} ✔ Source  ▸ Deploy  A [b]title[/b]" in seen
    assert "▸ Build PRE_BUILD  xxx" in text
    assert "▸ microservices-employee" in text
    assert "InProgress, 42 s" in text
    assert "  ✔ 1 Replacement tasks" in text
    assert "████░░░░░░░░░░░░░░░░ 20 % on the new version" in text
    assert "· 5 Original tasks stopped" in text
    assert "employee-tg-two 80 %, employee-tg-one 20 %" in text
    assert " :80 all else     customer-tg-one" in seen
    assert "an answer of its own" in text


def test_what_is_over_takes_a_line_and_what_failed_says_why() -> None:
    ended = EARLIER + timedelta(seconds=200)
    good = Rollout("d-1", "microservices-customer", "Succeeded", EARLIER, ended, STEPS, 100)
    bad = Rollout(
        "d-2", "microservices-employee", "Failed", EARLIER, NOW, STEPS, 0, "It exits [at once]"
    )
    line = Line(LONG, (Step("Deploy", "Failed"), Step("Odd", "NewStatus")), "", "no [such] image")
    seen = shown(Sight((line,), (good, bad)))
    text = "\n".join(seen)
    assert seen[1].strip() == f"{LONG} ✘ Deploy  · Odd"
    assert seen[2].strip() == "no [such] image"
    assert "Succeeded, 3 min" in seen[4]
    assert "✘ microservices-employee" in seen[5]
    assert "It exits [at once]" in text


def test_what_went_wrong_is_told_once_and_with_what_a_build_printed() -> None:
    bad = Rollout("d-2", "microservices-employee", "Failed", EARLIER, NOW, STEPS, 0, "It exits")
    failed = (Step("Deploy", "Failed"),)
    deployment = Line(LONG, failed, "", "Deployment d-2 failed. It exits")
    build = Line("build-employee", failed, "", "It is FAILED", ("x" * 90, "1 [failed]"))
    seen = shown(Sight((deployment, build), (bad,)))
    assert "\n".join(seen).count("It exits") == 1
    assert seen[3:6] == ["   It is FAILED", f"   │ {'x' * 74}…", "   │ 1 [failed]"]


# the command


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "running", lambda _: 4321)
    monkeypatch.setattr(watch, "workspace", lambda _: None)


def test_without_a_platform_it_says_so(run: Callable[..., Result]) -> None:
    told = run("watch")
    assert told.exit_code == 1
    assert told.output == "demitasse: the platform does not run; start it with: ./demitasse up\n"


@pytest.mark.usefixtures("running")
def test_once(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "look", lambda _: Sight())
    told = run("watch", "--once")
    assert told.exit_code == 0
    assert "no pipeline" in told.output
    assert "Waits are 10 times shorter than AWS's." in told.output
    monkeypatch.setenv("DEMITASSE_TIME_COMPRESSION", "1")
    assert "Waits are AWS's own." in run("watch", "--once").output


@pytest.mark.usefixtures("running")
def test_it_goes_on_until_it_is_interrupted(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def pause(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(sight, "look", lambda _: Sight())
    monkeypatch.setattr(watch.time, "sleep", pause)
    assert run("watch").exit_code == 0
    assert len(asked) == 3


@pytest.mark.usefixtures("running")
def test_a_platform_that_goes_meanwhile_is_told_in_a_sentence(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Any) -> Any:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(sight, "look", gone)
    told = run("watch")
    assert told.exit_code == 1
    assert "looking at the pipelines: [Errno 111] Connection refused" in told.output
