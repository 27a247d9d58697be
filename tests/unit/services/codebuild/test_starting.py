"""Starting, repeating, listing and forgetting builds."""

from __future__ import annotations

import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import (
    World,
)

from demitasse.errors import ServiceError
from demitasse.services.codebuild.records import (
    BuildOverrides,
    Variable,
    start_build,
)


def test_a_build_that_has_just_been_started(world: World) -> None:
    world.project()
    seen = world.call("StartBuild", projectName="app")["build"]
    assert (seen["buildStatus"], seen["currentPhase"]) == ("IN_PROGRESS", "QUEUED")
    assert (seen["buildComplete"], seen["buildNumber"]) == (False, 1)
    submitted, queued = seen["phases"]
    assert set(submitted) == {
        "phaseType", "phaseStatus", "startTime", "endTime", "durationInSeconds",
    }  # fmt: skip
    assert set(queued) == {"phaseType", "startTime"}
    assert "groupName" not in seen["logs"]
    assert seen["logs"]["cloudWatchLogsArn"].endswith(":log-group:null:log-stream:null")
    assert seen["logs"]["deepLink"].endswith("#logEvent:group=null;stream=null")
    assert seen["artifacts"] == {"location": ""}


@pytest.mark.parametrize(
    "overrides",
    [
        BuildOverrides(compute_type="BUILD_LAMBDA_1GB"),
        BuildOverrides(environment_type="ARM_CONTAINER"),
        BuildOverrides(image="two words"),
        BuildOverrides(source_type="GITHUB", source_location="https://github.com/a/b"),
        BuildOverrides(source_type="S3", source_location="bucket"),
        BuildOverrides(buildspec="ci/buildspec.yml"),
        BuildOverrides(timeout=4),
        BuildOverrides(queued_timeout=10**12),
        BuildOverrides(variables=(Variable("A-B", "c"),)),
    ],
)
def test_nobody_starts_what_cannot_be_built(world: World, overrides: BuildOverrides) -> None:
    """EventBridge's targets bring overrides too, which no model has checked."""
    world.project()
    now = world.stand.clock.now()
    with world.stand.store.transaction() as tx, pytest.raises(ServiceError):
        start_build(tx, SCOPE, world.stand.ids, now, "app", initiator="rule/r", overrides=overrides)
    assert world.call("ListBuilds")["ids"] == []


def test_what_a_call_overrides_is_read_as_the_projects_own(world: World) -> None:
    world.project(
        secondarySources=[{"type": "S3", "location": "b/k.zip", "sourceIdentifier": "more"}]
    )
    version = {"sourceIdentifier": "more", "sourceVersion": "v2"}
    build_id = world.start(secondarySourcesVersionOverride=[version])
    assert world.see(build_id)["secondarySourceVersions"] == [version]
    assert world.see(world.start())["secondarySourceVersions"] == []
    for changes, problem in (
        (
            {"sourceTypeOverride": "CODEPIPELINE", "sourceLocationOverride": "b/k"},
            "CodePipeline alone",
        ),
        ({"buildspecOverride": "version: 0.2\nphases: x"}, "line 2: phases must be a mapping"),
        ({"secondarySourcesVersionOverride": [{**version, "sourceIdentifier": "x"}]}, "source x"),
        ({"debugSessionEnabled": True}, "debugSessionEnabled is not supported"),
    ):
        code, message = world.refusal("StartBuild", projectName="app", **changes)
        assert (code, problem in message) == ("InvalidInputException", True), message


def test_a_token_starts_one_build(world: World) -> None:
    world.project()
    first = world.start(idempotencyToken="once")
    assert world.start(idempotencyToken="once") == first
    code, message = world.refusal(
        "StartBuild", projectName="app", idempotencyToken="once", timeoutInMinutesOverride=7
    )
    assert (code, "do not match" in message) == ("InvalidInputException", True)
    world.stand.clock.advance(301)
    assert world.start(idempotencyToken="once") != first


def test_a_projects_own_limit(world: World) -> None:
    world.project(concurrentBuildLimit=1)
    first = world.start()
    assert world.refusal("StartBuild", projectName="app")[0] == "AccountLimitExceededException"
    world.call("StopBuild", id=first)
    world.work()
    world.start()
    assert world.refusal("RetryBuild", id=first)[0] == "AccountLimitExceededException"


def test_builds_are_listed_repeated_and_forgotten(world: World) -> None:
    world.project()
    world.project("other")
    first, second, third = world.start(), world.start("other"), world.start()
    assert world.call("ListBuilds")["ids"] == [third, second, first]
    assert world.call("ListBuilds", sortOrder="ASCENDING")["ids"] == [first, second, third]
    assert world.call("ListBuildsForProject", projectName="app")["ids"] == [third, first]
    assert world.refusal("ListBuildsForProject", projectName="x")[0] == "ResourceNotFoundException"

    assert world.refusal("RetryBuild", id=first)[0] == "InvalidInputException"
    world.call("StopBuild", id=first)
    world.work()
    again = world.call("RetryBuild", id=first, idempotencyToken="once")["build"]
    repeated = world.call("RetryBuild", id=first, idempotencyToken="once")["build"]
    assert repeated["id"] == again["id"]
    assert (again["projectName"], again["buildNumber"]) == ("app", 3)
    gone = world.call("BatchDeleteBuilds", ids=[first, third, "app:none"])
    assert gone["buildsDeleted"] == [SCOPE.arn("codebuild", f"build/{first}")]
    assert {each["statusCode"] for each in gone["buildsNotDeleted"]} == {
        "BUILD_IN_PROGRESS", "BUILD_NOT_FOUND",
    }  # fmt: skip
    assert first not in world.call("ListBuilds")["ids"]
    assert world.call("BatchGetBuilds", ids=[first])["buildsNotFound"] == [first]


def test_pages_of_builds(world: World) -> None:
    world.project()
    builds = [world.start() for _ in range(103)]
    page = world.call("ListBuilds")
    assert page["ids"] == builds[:2:-1]
    rest = world.call("ListBuilds", nextToken=page["nextToken"])
    assert rest["ids"] == builds[2::-1]
    assert "nextToken" not in rest
    assert world.refusal("ListBuilds", nextToken="x")[0] == "InvalidInputException"
