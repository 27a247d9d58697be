"""A ``git push`` that reaches production, and what visitors notice of it: the new page.

The lines that the tests print (``pytest -s``) are the figures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.application import (
    EMPLOYEE,
    Application,
    docker,
    up,
    wait_until,
)
from tests.acceptance.conftest import Installation

from demitasse import settings as settings_module
from demitasse.cli.up import workspace
from demitasse.lab import names, sight
from demitasse.lab.workspace import Workspace

pytestmark = pytest.mark.docker

COMPRESSION = "100"  # the hour that CodeDeploy gives replacement tasks is 36 seconds
PAGE = "/admin/suppliers"
BAR = Path("employee/app/employee/templates/nav.html")
DARK, LIGHT = "navbar-dark bg-dark", "navbar-light bg-light"
PIPELINE = names.pipeline("employee")
BUILD = names.build("employee")
SOME = 100  # answers
BUILT_IN_TIME = 120.0  # seconds, on a busy machine: pip's installing and employee's own tests


@pytest.fixture(scope="module")
def hurried(application: Application) -> Iterator[Application]:
    """The application after its first deployments, on a platform whose time runs fast."""
    application.settle()
    environment = application.on.environment | {"DEMITASSE_TIME_COMPRESSION": COMPRESSION}
    fast = Installation(settings_module.load(environment), environment)
    application.kill_platform()
    up(fast, "--empty")
    try:
        _check_health(fast, unhealthy_after=10)  # a build beside it makes a small machine slow
        yield Application(fast)
    finally:
        _check_health(fast, unhealthy_after=2)
        application.kill_platform()
        up(application.on, "--empty")


def _check_health(on: Installation, *, unhealthy_after: int) -> None:
    elbv2 = on.client("elbv2")
    for group in elbv2.describe_target_groups()["TargetGroups"]:
        elbv2.modify_target_group(
            TargetGroupArn=group["TargetGroupArn"], UnhealthyThresholdCount=unhealthy_after
        )


@pytest.fixture(scope="module")
def lab(hurried: Application) -> Workspace:
    return workspace(hurried.on.settings)


@pytest.fixture(autouse=True)
def steady(hurried: Application) -> None:
    hurried.settle()


def say(what: str, *figures: object) -> None:
    print(f"\n{what}:", *figures)  # noqa: T201 - figures are what these tests are for


def routes(lab: Workspace) -> dict[str, str]:
    """Where each rule sends its requests, all of them."""
    found = {}
    for route in sight.look(lab).routes:
        ((group, share),) = route.shares
        assert share == 100
        found[route.where] = group
    return found


def moved(before: dict[str, str]) -> dict[str, str]:
    """The rules after a deployment of employee: its other group, on both listeners."""
    there, back = (names.target_group("employee", which) for which in ("one", "two"))
    group = back if before[":80 /admin/*"] == there else there
    return before | {":80 /admin/*": group, ":8080 /admin/*": group}


def executions(lab: Workspace, pipeline: str) -> list[dict[str, Any]]:
    """A pipeline's executions, the newest first."""
    answer = lab.client("codepipeline").list_pipeline_executions(pipelineName=pipeline)
    found: list[dict[str, Any]] = answer["pipelineExecutionSummaries"]
    return found


def ended(lab: Workspace, pipeline: str, than: int, seconds: float) -> dict[str, Any]:
    """The execution that comes after so many others, at its end."""

    def newest() -> dict[str, Any] | None:
        found = executions(lab, pipeline)
        is_over = len(found) > than and found[0]["status"] not in {"InProgress", "Stopping"}
        return found[0] if is_over else None

    one: dict[str, Any] = wait_until(newest, f"{pipeline} ends", seconds)
    return one


def git(application: Application, folder: Path, *words: str) -> str:
    done = application.on.run("git", "-C", str(folder), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(application: Application, folder: Path, message: str) -> None:
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    git(application, folder, *who, "commit", "--quiet", "--all", "--message", message)
    git(application, folder, "push", "--quiet")


@pytest.fixture
def clone(hurried: Application, lab: Workspace, tmp_path: Path) -> Path:
    """A clone of the code, by the URL that CodeCommit returns."""
    repository = lab.git_repository(names.CODE_REPOSITORY)
    assert repository is not None
    git(hurried, tmp_path, "clone", "--quiet", repository["cloneUrlHttp"], "code")
    return tmp_path / "code"


def test_a_git_push_reaches_production_and_so_does_its_revert(
    hurried: Application, lab: Workspace, clone: Path
) -> None:
    assert DARK in hurried.page(PAGE).text
    before, customer = routes(lab), len(executions(lab, names.pipeline("customer")))
    bar = clone / BAR
    bar.write_text(bar.read_text().replace(DARK, LIGHT))
    _push_and_watch(hurried, lab, clone, "Make the bar light", LIGHT)
    assert routes(lab) == moved(before)
    hurried.settle()

    bar.write_text(bar.read_text().replace(LIGHT, DARK))
    _push_and_watch(hurried, lab, clone, "Make the bar dark again", DARK)
    assert routes(lab) == before
    assert len(executions(lab, names.pipeline("customer"))) == customer, "what is as it was stays"


def _push_and_watch(
    application: Application, lab: Workspace, clone: Path, what: str, awaited: str
) -> None:
    built, deployed = len(executions(lab, BUILD)), len(executions(lab, PIPELINE))
    with application.load(PAGE) as load:
        begun = time.monotonic()
        commit(application, clone, what)
        pushed = time.monotonic() - begun
        build = ended(lab, BUILD, built, BUILT_IN_TIME)
        assert build["status"] == "Succeeded", sight.look(lab)
        after_build = time.monotonic() - begun
        wait_until(lambda: awaited in application.page(PAGE).text, "the page has changed")
        shown = time.monotonic() - begun
        deployment = ended(lab, PIPELINE, deployed, 60)
        load.answers(SOME)
    say(
        what, f"git push {pushed:.1f} s, tested, built and pushed after {after_build:.1f} s,"
        f" shown after {shown:.1f} s;", load.figures,
    )  # fmt: skip
    assert deployment["status"] == "Succeeded"
    assert deployment["trigger"]["triggerType"] == "CloudWatchEvent"
    assert load.figures.failed == 0
    assert awaited in application.page(PAGE).text


def test_a_change_that_fails_its_tests_stops_there(
    hurried: Application, lab: Workspace, clone: Path
) -> None:
    built, deployed = len(executions(lab, BUILD)), len(executions(lab, PIPELINE))
    bar, page = clone / BAR, hurried.page(PAGE)
    bar.write_text(bar.read_text().replace(DARK, "navbar-pink"))
    with hurried.load(PAGE) as load:
        commit(hurried, clone, "Make the bar pink")
        build = ended(lab, BUILD, built, BUILT_IN_TIME)
    say("a failing test", load.figures)
    assert build["status"] == "Failed"
    (line,) = (each for each in sight.look(lab).pipelines if each.name == BUILD)
    assert "PRE_BUILD" in line.trouble
    assert "1 failed" in line.printed[-1]

    bar.write_text(bar.read_text().replace("navbar-pink", DARK))
    commit(hurried, clone, "Leave the bar as it was")
    assert ended(lab, BUILD, built + 1, BUILT_IN_TIME)["status"] == "Succeeded"
    assert len(executions(lab, PIPELINE)) == deployed, "there is an image of these files already"
    assert hurried.page(PAGE).text == page.text
    assert load.figures.failed == 0
    assert set(load.figures.served_by) == {page.headers["x-served-by"]}


@pytest.fixture
def latest(hurried: Application, lab: Workspace) -> Iterator[None]:
    """``latest`` on the image that it was on: a build of these files would move it there again."""
    ecr, where = hurried.on.client("ecr"), {"repositoryName": "employee"}
    (image,) = ecr.batch_get_image(**where, imageIds=[{"imageTag": "latest"}])["images"]
    yield
    hurried.settle()
    deployed = len(executions(lab, PIPELINE))
    ecr.put_image(**where, imageManifest=image["imageManifest"], imageTag="latest")
    assert ended(lab, PIPELINE, deployed, 60)["status"] == "Succeeded"


def push_image(application: Application, folder: Path, *lines: str) -> None:
    """Build employee with something more in its Dockerfile, and push it as ``latest``."""
    image = f"{application.on.settings.registry}/employee:latest"
    (folder / "Dockerfile").write_text("\n".join(["FROM employee", *lines, ""]))
    docker("build", "--quiet", "--tag", image, str(folder))
    docker("--config", str(application.on.settings.home / "docker"), "push", "--quiet", image)


@pytest.mark.usefixtures("latest")
def test_an_image_pushed_by_hand_is_deployed(
    hurried: Application, lab: Workspace, tmp_path: Path
) -> None:
    before, deployed = routes(lab), len(executions(lab, PIPELINE))
    with hurried.load(PAGE) as load:
        push_image(hurried, tmp_path, "ENV APP_VERSION=by-hand")
        begun = time.monotonic()
        wait_until(lambda: "by-hand" in hurried.page(PAGE).text, "the page is of the new version")
        shown = time.monotonic() - begun
        deployment = ended(lab, PIPELINE, deployed, 60)
        load.answers(SOME)
    say("docker push", f"shown after {shown:.1f} s;", load.figures)
    assert load.figures.failed == 0
    assert deployment["status"] == "Succeeded"
    assert routes(lab) == moved(before)


@pytest.mark.usefixtures("latest")
def test_a_broken_release_is_never_seen(
    hurried: Application, lab: Workspace, tmp_path: Path
) -> None:
    before, deployed = routes(lab), len(executions(lab, PIPELINE))
    tasks, page = hurried.tasks(EMPLOYEE), hurried.page(PAGE)
    with hurried.load(PAGE) as load:
        push_image(hurried, tmp_path, 'CMD ["sh", "-c", "exit 7"]')
        begun = time.monotonic()
        deployment = ended(lab, PIPELINE, deployed, 90)
        took = time.monotonic() - begun
    say("a broken release", f"Failed after {took:.1f} s;", load.figures)
    assert load.figures.failed == 0
    assert set(load.figures.served_by) == {page.headers["x-served-by"]}
    assert deployment["status"] == "Failed"
    (line,) = (each for each in sight.look(lab).pipelines if each.name == PIPELINE)
    assert [stage.status for stage in line.stages] == ["Succeeded", "Failed"]
    assert "exit" in line.trouble
    assert routes(lab) == before
    hurried.settle()
    assert hurried.tasks(EMPLOYEE) == tasks


def test_scaling_starts_no_pipeline(hurried: Application, lab: Workspace) -> None:
    deployed = len(executions(lab, PIPELINE))
    hurried.update(EMPLOYEE, desiredCount=3)
    wait_until(lambda: hurried.is_steady(EMPLOYEE), "three tasks run")
    assert len(hurried.tasks(EMPLOYEE)) == 3
    hurried.update(EMPLOYEE, desiredCount=1)
    wait_until(lambda: hurried.is_steady(EMPLOYEE), "one task runs")
    assert len(executions(lab, PIPELINE)) == deployed
