"""Builds from start to end, with pretended containers."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import (
    ENVIRONMENT,
    IMAGE,
    ROLE,
    SPEC,
    World,
    given,
    zipped,
)

from demitasse.engines.containers.errors import PullNotFound
from demitasse.errors import EngineUnavailable, ServiceError
from demitasse.services.codebuild import buildspec, specs
from demitasse.services.codebuild.controller.notes import Notes
from demitasse.services.codebuild.controller.uploads import Uploads
from demitasse.services.codebuild.records import (
    BUILDS,
    QUEUE,
    Artifacts,
    BuildOverrides,
    Ending,
    Source,
    Variable,
    find_build,
    start_build,
)
from demitasse.services.codebuild.records.builds import EVERYWHERE
from demitasse.services.codecommit.records import REPOSITORIES, Repository
from demitasse.services.iam.records import ROLES, everywhere
from demitasse.services.logs.records import LOG_SOURCES
from demitasse.services.sts.records import SESSIONS, find_session
from demitasse.store import Ref

ALL = [
    "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD",
    "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED",
]  # fmt: skip


@pytest.fixture
def world() -> World:
    return World()


def control(world: World, build_id: str) -> dict[str, str]:
    return world.workspaces.control[specs.workspace_name(build_id)]


def test_a_build_runs_through_all_its_phases(world: World) -> None:
    world.project()
    build_id = world.start()
    assert world.see(build_id)["currentPhase"] == "QUEUED"
    world.work()
    assert world.see(build_id)["currentPhase"] == "INSTALL"
    assert control(world, build_id)["steps/6"] == "make"
    begun = [
        each.partition("] ")[2][20:] for each in control(world, build_id)["source"].splitlines()
    ]
    assert begun[2:4] == ["Phases found in YAML: 1", " BUILD: 1 commands"]
    world.runs_through(build_id, exported__TAG="7")
    world.work()
    assert world.see(build_id)["currentPhase"] == "FINALIZING"
    assert "UPLOAD_ARTIFACTS State: SUCCEEDED" in control(world, build_id)["end"]
    world.leaves(build_id)
    world.work()

    seen = world.see(build_id)
    assert (seen["buildStatus"], seen["currentPhase"]) == ("SUCCEEDED", "COMPLETED")
    assert world.phases(build_id) == ALL
    assert seen["buildComplete"] is True
    assert seen["exportedEnvironmentVariables"] == [{"name": "TAG", "value": "7"}]
    stream = build_id.partition(":")[2]
    logs = seen["logs"]
    assert (logs["groupName"], logs["streamName"]) == ("/aws/codebuild/app", stream)
    assert logs["cloudWatchLogsArn"] == SCOPE.arn(
        "logs", f"log-group:/aws/codebuild/app:log-stream:{stream}"
    )
    assert logs["deepLink"].endswith(f"#logEvent:group=/aws/codebuild/app;stream={stream}")
    assert logs["s3Logs"] == {"status": "DISABLED", "encryptionDisabled": False}


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


def test_nothing_is_left_of_a_build_that_is_over(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    with world.stand.store.transaction() as tx:
        assert len(list(tx.everywhere(SESSIONS))) == 1
    world.runs_through(build_id)
    world.work()
    world.leaves(build_id)
    world.work()

    assert _boxes(world) == []
    assert world.workspaces.parts == {}
    with world.stand.store.transaction() as tx:
        for kind in (SESSIONS, LOG_SOURCES, QUEUE):
            assert list(tx.everywhere(kind)) == [], kind.name


def _boxes(world: World) -> list[str]:
    return [each.name for each in asyncio.run(world.containers.list())]


def test_credentials_are_the_service_roles(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    environment = control(world, build_id)["environment.sh"]
    key = environment.partition("AWS_ACCESS_KEY_ID=")[2].split()[0]
    with world.stand.store.transaction() as tx:
        session = find_session(tx, key)
    assert session is not None
    assert session.arn.startswith(f"arn:aws:sts::{SCOPE.account}:assumed-role/PipelineRole/AWSCode")
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:4566" in environment


def test_variables_of_the_call_go_before_the_projects_and_those_before_the_buildspecs(
    world: World,
) -> None:
    spec = SPEC.replace(
        "phases", "env: {variables: {A: s, B: s, C: s, CODEBUILD_BUILD_ID: s}}\nphases"
    )
    own = [{"name": "A", "value": "p"}, {"name": "B", "value": "p"}]
    world.project(
        source={"type": "NO_SOURCE", "buildspec": spec},
        environment={**ENVIRONMENT, "environmentVariables": own},
    )
    build_id = world.start(environmentVariablesOverride=[{"name": "A", "value": "o"}])
    world.work()
    lines = control(world, build_id)["environment.sh"].splitlines()
    assert {"export A=o", "export B=p", "export C=s"} <= set(lines)
    assert f"export CODEBUILD_BUILD_ID={build_id}" in lines
    assert "export CODEBUILD_BUILD_NUMBER=1" in lines


def test_only_so_many_builds_run_at_once_in_their_order(world: World) -> None:
    world.project()
    builds = [world.start() for _ in range(4)]
    world.work()
    assert [world.see(each)["currentPhase"] for each in builds] == [
        "INSTALL", "INSTALL", "QUEUED", "QUEUED",
    ]  # fmt: skip
    world.runs_through(builds[1])
    world.work()
    world.leaves(builds[1])
    world.work()
    assert [world.see(each)["currentPhase"] for each in builds] == [
        "INSTALL", "COMPLETED", "INSTALL", "QUEUED",
    ]  # fmt: skip


def test_a_failed_command_is_told_and_a_failed_build_still_uploads(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    world.noted(
        build_id, "begin INSTALL", "end INSTALL 0 0", "begin PRE_BUILD", "end PRE_BUILD 0 0"
    )
    world.noted(build_id, "begin BUILD", "end BUILD 6 2", "begin POST_BUILD", "end POST_BUILD 0 0")
    world.noted(build_id, ended=True)
    world.work()
    world.leaves(build_id)
    world.work()

    assert world.see(build_id)["buildStatus"] == "FAILED"
    assert world.phase(build_id, "BUILD")["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: make. Reason: exit status 2",
        }
    ]
    assert world.phases(build_id) == ALL


def test_a_failure_that_ends_the_phases_uploads_nothing(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    world.runs_through(build_id, failed="PRE_BUILD", command=4)
    world.work()
    world.leaves(build_id)
    world.work()
    assert world.see(build_id)["buildStatus"] == "FAILED"
    assert world.phases(build_id)[-3:] == ["PRE_BUILD", "FINALIZING", "COMPLETED"]


@pytest.mark.parametrize("queued", [True, False])
def test_a_stopped_build_is_gone(world: World, queued: bool) -> None:
    world.project()
    build_id = world.start()
    if not queued:
        world.work()
    answered = world.call("StopBuild", id=build_id)["build"]
    assert (answered["buildStatus"], answered["currentPhase"]) == ("STOPPED", "COMPLETED")
    assert answered["buildComplete"] is True
    assert answered["endTime"] == world.stand.clock.now()
    *_, stopped, completed = answered["phases"]
    assert stopped["phaseType"] == ("QUEUED" if queued else "INSTALL")
    assert stopped["phaseStatus"] == "STOPPED"
    assert "contexts" not in stopped
    assert set(completed) == {"phaseType", "startTime"}
    world.work()
    assert world.see(build_id) == answered
    with world.stand.store.transaction() as tx:
        assert list(tx.everywhere(SESSIONS)) == []
    assert _boxes(world) == []
    assert world.workspaces.parts == {}
    assert world.call("StopBuild", id=build_id)["build"]["buildStatus"] == "STOPPED"
    assert world.refusal("StopBuild", id="app:none")[0] == "ResourceNotFoundException"


def test_the_log_of_a_stopped_build_is_kept_before_its_container_goes(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    world.logs_are_kept(finished=False)
    world.call("StopBuild", id=build_id)
    world.stand.settle(world.controller())
    assert _boxes(world) == [specs.container_name(build_id)]
    world.work()
    assert _boxes(world) == []


def test_what_was_under_way_when_a_build_was_stopped_changes_nothing(world: World) -> None:
    world.project()
    build_id = world.start()
    stopped = world.call("StopBuild", id=build_id)["build"]
    notes = Notes(world.stand.store, world.stand.ids, world.stand.clock)
    notes.enter(Ref(SCOPE, build_id), "PROVISIONING")
    notes.see(Ref(SCOPE, build_id), resolved_version="1")
    notes.complete(Ref(SCOPE, build_id), Ending("FAILED"), "FAILED")
    assert world.see(build_id) == stopped


def test_a_build_that_takes_too_long_is_ended(world: World) -> None:
    world.project(timeoutInMinutes=5)
    build_id = world.start()
    world.work()
    world.stand.clock.advance(5 * 60 + 1)
    world.work()
    assert world.see(build_id)["buildStatus"] == "TIMED_OUT"
    assert world.phases(build_id)[-2:] == ["INSTALL", "COMPLETED"]
    assert world.phase(build_id, "INSTALL")["contexts"] == [
        {"statusCode": "BUILD_TIMED_OUT", "message": "Build has timed out. "}
    ]


def test_a_build_waits_in_the_queue_only_so_long() -> None:
    world = World(slots=1)
    world.project(queuedTimeoutInMinutes=5)
    first, second = world.start(), world.start()
    world.work()
    world.stand.clock.advance(5 * 60 + 1)
    world.work()
    assert world.see(first)["buildStatus"] == "IN_PROGRESS"
    assert world.see(second)["buildStatus"] == "TIMED_OUT"
    assert world.phases(second) == ["SUBMITTED", "QUEUED", "COMPLETED"]


def test_a_container_that_dies_ends_its_build(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    world.noted(build_id, "begin INSTALL")
    world.leaves(build_id)
    world.work()
    seen = world.see(build_id)
    assert seen["buildStatus"] == "FAULT"
    assert "found dead" in world.phase(build_id, "INSTALL")["contexts"][0]["message"]


def test_an_image_that_cannot_be_had(world: World) -> None:
    world.project(environment={**ENVIRONMENT, "image": "nobody/has:it"})
    world.containers.fail_next("pull", PullNotFound("manifest unknown"))
    build_id = world.start()
    world.work()
    (context,) = world.phase(build_id, "PROVISIONING")["contexts"]
    assert world.see(build_id)["buildStatus"] == "FAILED"
    assert context["statusCode"] == "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"
    assert "manifest unknown" in context["message"]


def test_a_source_of_s3_and_artifacts_into_it(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    spec = SPEC + "artifacts: {files: ['out/*'], name: 'named'}\n"
    packed = zipped({"buildspec.yml": spec, "out/a.txt": "a"})
    world.objects.kept[SCOPE, "b"]["in.zip"] = [packed]
    world.project(
        source={"type": "S3", "location": "b/in.zip"},
        artifacts={"type": "S3", "location": "b", "packaging": "ZIP", "overrideArtifactName": True},
    )
    build_id = world.start(sourceVersion="1")
    assert world.see(build_id)["artifacts"] == {
        "location": "arn:aws:s3:::b/app", "overrideArtifactName": True, "encryptionDisabled": False,
    }  # fmt: skip
    world.work()
    environment = control(world, build_id)["environment.sh"].splitlines()
    assert "export CODEBUILD_SOURCE_REPO_URL=s3://b/in.zip" in environment
    assert "export CODEBUILD_SOURCE_VERSION=1" in environment
    assert not any("CODEBUILD_RESOLVED_SOURCE_VERSION" in each for each in environment)
    world.runs_through(build_id, name__0="named")
    world.work()
    world.leaves(build_id)
    world.work()
    seen = world.see(build_id)
    assert seen["buildStatus"] == "SUCCEEDED", seen["phases"]
    assert "resolvedSourceVersion" not in seen
    assert seen["artifacts"]["location"] == "arn:aws:s3:::b/named"
    assert len(seen["artifacts"]["sha256sum"]) == 64
    assert len(world.objects.kept[SCOPE, "b"]["named"]) == 1


@pytest.mark.parametrize(
    ("files", "code", "problem"),
    [
        (None, "CLIENT_ERROR", "There is no object in.zip in the bucket b. for primary source"),
        (
            {"other": ""},
            "YAML_FILE_ERROR",
            r"stat /codebuild/output/src\d{9}/src/buildspec.yml: no such file or directory",
        ),
        ({"buildspec.yml": "version: 0.2"}, "YAML_FILE_ERROR", "phases is missing"),
        (
            {"buildspec.yml": SPEC.replace("build:", "install: {runtime-versions: {java: 17}}\n  build:")},
            "YAML_FILE_ERROR",
            "Unknown runtime named 'java'",
        ),
        (
            {"buildspec.yml": SPEC.replace("build:", "install: {runtime-versions: {python: 3.9}}\n  build:")},
            "YAML_FILE_ERROR",
            "Unknown runtime version named '3.9' of python. This build image has the following",
        ),
        ({"../escaped": "x"}, "CLIENT_ERROR", "outside of its folder"),
    ],
)  # fmt: skip
def test_a_source_that_is_not_right(
    world: World, files: dict[str, str] | None, code: str, problem: str
) -> None:
    world.objects.add_bucket(SCOPE, "b")
    if files is not None:
        world.objects.kept[SCOPE, "b"]["in.zip"] = [zipped(files)]
    world.project(source={"type": "S3", "location": "b/in.zip"})
    build_id = world.start()
    world.work()
    world.leaves(build_id)
    world.work()
    (context,) = world.phase(build_id, "DOWNLOAD_SOURCE")["contexts"]
    assert (context["statusCode"], world.see(build_id)["buildStatus"]) == (code, "FAILED")
    assert re.search(problem, context["message"])


def test_a_source_that_is_a_folder_with_its_buildspec_elsewhere(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    kept = world.objects.kept[SCOPE, "b"]
    kept |= {"specs/x.yml": [SPEC.encode()], "src/a.txt": [b"a"], "src/deep/b.txt": [b"b"]}
    kept["src/"] = [b""]  # as the console makes one for a folder
    source = {"type": "S3", "location": "b/src/", "buildspec": "arn:aws:s3:::b/specs/x.yml"}
    world.project(source=source)
    build_id, versioned = world.start(), world.start(sourceVersion="1")
    world.work()
    assert world.workspaces.parts[specs.workspace_name(build_id)]["source"] == {
        "a.txt": b"a", "deep/b.txt": b"b",
    }  # fmt: skip
    assert control(world, build_id)["steps/6"] == "make"
    (context,) = world.phase(versioned, "DOWNLOAD_SOURCE")["contexts"]
    assert context["message"] == "the folder b/src/ has no version 1 for primary source"
    for each in (build_id, versioned):
        world.call("StopBuild", id=each)
    world.work()
    kept.clear()
    build_id = world.start()
    world.work()
    (context,) = world.phase(build_id, "DOWNLOAD_SOURCE")["contexts"]
    assert context["message"] == "nothing is below src/ for primary source"


def test_a_source_of_codecommit(world: World) -> None:
    location = "http://127.0.0.1:4566/v1/repos/app"
    world.project(source={"type": "CODECOMMIT", "location": location}, sourceVersion="dev")
    commit = world.git.push("r-1", "dev", {"buildspec.yml": SPEC.encode()})
    missing = world.start()
    world.work()
    assert "not found" in world.phase(missing, "DOWNLOAD_SOURCE")["contexts"][0]["message"]
    world.leaves(missing)
    with world.stand.store.transaction() as tx:
        now = world.stand.clock.now()
        tx.create(REPOSITORIES, SCOPE, "app", Repository("r-1", now, now))
    build_id = world.start()
    world.work()
    assert world.see(build_id)["resolvedSourceVersion"] == commit
    fetched = control(world, build_id)["build.sh"]
    assert f"git remote add origin {location} &&" in fetched
    assert f"'+refs/heads/*:refs/remotes/origin/*' {commit} &&" in fetched
    world.call("StopBuild", id=build_id)
    pinned = world.start(sourceVersion=f"refs/heads/dev^{{{commit}}}")
    world.work()
    assert world.see(pinned)["resolvedSourceVersion"] == commit
    world.call("StopBuild", id=pinned)
    other = world.start(sourceVersion="nowhere")
    world.work()
    context = world.phase(other, "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["message"] == "reference not found for primary source and source version nowhere"


def test_a_build_of_codepipeline(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    world.objects.kept[SCOPE, "b"] |= {
        "p/Source/1": [zipped({"buildspec.yml": SPEC + "artifacts: {files: ['**/*']}\n"})],
        "p/More/1": [zipped({"x": "y"})],
    }
    world.project(source={"type": "CODEPIPELINE"}, artifacts={"type": "CODEPIPELINE"})
    assert world.refusal("StartBuild", projectName="app")[0] == "InvalidInputException"
    overrides = BuildOverrides(
        source_type="CODEPIPELINE",
        source_location="b/p/Source/1",
        secondary_sources=(Source("CODEPIPELINE", "b/p/More/1", identifier="my-more"),),
        artifacts=Artifacts("CODEPIPELINE", "b/p/Out/1", name="Out"),
        secondary_artifacts=(),
        resolved_version="abc123",
    )
    with world.stand.store.transaction() as tx:
        build_id = start_build(
            tx, SCOPE, world.stand.ids, world.stand.clock.now(), "app",
            initiator="codepipeline/p", overrides=overrides,
        )  # fmt: skip
    world.work()
    environment = control(world, build_id)["environment.sh"]
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION=abc123" in environment
    assert "CODEBUILD_SOURCE_VERSION=arn:aws:s3:::b/p/Source/1" in environment
    assert "CODEBUILD_SOURCE_REPO_URL" not in environment
    seen = world.see(build_id)
    assert (seen["sourceVersion"], seen["resolvedSourceVersion"]) == (
        "arn:aws:s3:::b/p/Source/1", "abc123",
    )  # fmt: skip
    assert "location" not in seen["source"]
    assert seen["artifacts"]["location"] == "arn:aws:s3:::b/p/Out/1"
    assert "export CODEBUILD_SRC_DIR_my_more=" in environment
    world.runs_through(build_id)
    world.work()
    assert "p/Out/1" in world.objects.kept[SCOPE, "b"]
    assert world.refusal("RetryBuild", id=build_id)[0] == "InvalidInputException"


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


def test_events_tell_each_change_once(world: World) -> None:
    world.listen()
    world.project()
    build_id = world.start()
    world.work()
    world.runs_through(build_id)
    world.work()
    world.leaves(build_id)
    world.work()
    states = world.events("CodeBuild Build State Change")
    begun = states[0]["additional-information"]
    assert (states[0]["current-phase"], states[0]["current-phase-context"]) == ("SUBMITTED", "[]")
    assert "phases" not in begun
    assert (begun["cache"], begun["artifact"]) == ({"type": "NO_CACHE"}, {"location": ""})
    assert (begun["timeout-in-minutes"], begun["queued-timeout-in-minutes"]) == (60, 480)
    over = states[-1]["additional-information"]["phases"]
    assert [each.get("phase-context") for each in over[:3]] == [[], [], [": "]]
    assert set(over[-1]) == {"phase-type", "start-time"}
    assert [each["build-status"] for each in states] == ["IN_PROGRESS", "SUCCEEDED"]
    assert states[-1]["build-id"] == SCOPE.arn("codebuild", f"build/{build_id}")
    assert states[-1]["additional-information"]["build-complete"] is True
    phases = world.events("CodeBuild Build Phase Change")
    assert [each["completed-phase"] for each in phases] == ALL[:-1]
    assert {each["completed-phase-status"] for each in phases} == {"SUCCEEDED"}


@pytest.mark.parametrize("calls", range(1, 12))
def test_a_crash_at_any_call_of_an_engine_changes_nothing(world: World, calls: int) -> None:
    """Each step is begun again by another controller; each happens once."""
    world.listen()
    world.objects.add_bucket(SCOPE, "b")
    world.project(
        source={"type": "NO_SOURCE", "buildspec": SPEC + "artifacts: {files: [x]}\n"},
        artifacts={"type": "S3", "location": "b", "packaging": "ZIP", "name": "out"},
    )
    build_id = world.start()
    for count, operation in enumerate(
        ("image", "create", "start", "inspect", "remove", "kill") * 2
    ):
        if count % calls == 0:
            world.containers.fail_next(operation, EngineUnavailable("away"))
    world.work(3)
    world.workspaces.parts[specs.workspace_name(build_id)]["source"]["x"] = b"made"
    world.runs_through(build_id)
    world.work(3)
    world.leaves(build_id)
    world.work(3)
    assert world.see(build_id)["buildStatus"] == "SUCCEEDED"
    assert len(world.objects.kept[SCOPE, "b"]["out"]) == 1
    assert _boxes(world) == []
    assert len(world.events("CodeBuild Build State Change")) == 2


def test_a_privileged_build_has_dockers_socket(world: World) -> None:
    world.project(environment={**ENVIRONMENT, "privilegedMode": True})
    build_id = world.start()
    world.work()
    spec = world.containers.specs[specs.container_name(build_id)]
    assert "/var/run/docker.sock" in [each.target for each in spec.mounts]
    assert spec.privileged is False
    assert spec.image == specs.IMAGE != IMAGE


def test_a_role_that_was_deleted_is_told(world: World) -> None:
    world.project()
    build_id = world.start()
    with world.stand.store.transaction() as tx:
        tx.delete(ROLES, Ref(everywhere(SCOPE), "PipelineRole"))
        assert tx.page(QUEUE, EVERYWHERE)
    world.work()
    (context,) = world.phase(build_id, "PROVISIONING")["contexts"]
    assert context["statusCode"] == "ACCESS_DENIED"
    assert ROLE in context["message"]
    assert world.refusal("CreateProject", **given("two"))[0] == "InvalidInputException"


def test_a_bucket_that_is_gone_fails_the_upload_alone(world: World) -> None:
    world.project(
        source={"type": "NO_SOURCE", "buildspec": SPEC + "artifacts: {files: [x]}\n"},
        artifacts={"type": "S3", "location": "gone", "packaging": "ZIP"},
    )
    build_id = world.start()
    world.work()
    world.workspaces.parts[specs.workspace_name(build_id)]["source"]["x"] = b"made"
    world.runs_through(build_id)
    world.work()
    world.leaves(build_id)
    world.work()
    (context,) = world.phase(build_id, "UPLOAD_ARTIFACTS")["contexts"]
    assert world.see(build_id)["buildStatus"] == "FAILED"
    assert context["statusCode"] == "CLIENT_ERROR"
    assert "There is no bucket gone" in context["message"]


def test_artifacts_that_were_not_made_fail_the_build(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    spec = SPEC + "artifacts: {files: [x], secondary-artifacts: {other: {files: [y]}}}\n"
    docs = {"type": "S3", "location": "b", "artifactIdentifier": "docs"}
    world.project(
        source={"type": "NO_SOURCE", "buildspec": spec},
        artifacts={"type": "S3", "location": "b"},
        secondaryArtifacts=[docs],
    )
    first = world.start()
    second = world.start(artifactsOverride={"type": "NO_ARTIFACTS"})
    world.work()
    for build_id in (first, second):
        world.runs_through(build_id)
    world.work()
    messages = [
        world.phase(each, "UPLOAD_ARTIFACTS")["contexts"][0]["message"] for each in (first, second)
    ]
    assert messages == [
        "no matching artifact paths found",
        "no definition for secondary artifact docs found in the buildspec",
    ]


def test_a_project_that_is_deleted_lets_its_build_end(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    world.call("DeleteProject", name="app")
    world.runs_through(build_id)
    world.work()
    world.leaves(build_id)
    world.work()
    assert world.see(build_id)["buildStatus"] == "SUCCEEDED"
    assert world.refusal("StartBuild", projectName="app")[0] == "ResourceNotFoundException"
    assert world.refusal("RetryBuild", id=build_id)[0] == "ResourceNotFoundException"


def test_what_belongs_to_no_build_is_removed_when_docker_is_seen_again(world: World) -> None:
    world.project()
    kept, lost = world.start(), world.start()
    world.work()
    with world.stand.store.transaction() as tx:  # as a reset of the state does
        tx.delete(BUILDS, Ref(SCOPE, lost))
        place = tx.one(QUEUE, EVERYWHERE, "build", lost)
        assert place is not None
        tx.delete(QUEUE, place.ref)

    async def listen() -> None:
        listening = asyncio.create_task(world.controller().listen(lambda _: None))
        for _ in range(50):
            await asyncio.sleep(0)
        listening.cancel()

    asyncio.run(listen())
    assert _boxes(world) == [specs.container_name(kept)]
    assert list(world.workspaces.parts) == [specs.workspace_name(kept)]


def test_an_upload_that_is_begun_again_makes_no_second_version(world: World) -> None:
    world.objects.add_bucket(SCOPE, "b")
    spec = SPEC + "artifacts: {files: [x]}\n"
    world.project(
        source={"type": "NO_SOURCE", "buildspec": spec},
        artifacts={"type": "S3", "location": "b", "packaging": "ZIP", "name": "out"},
    )
    build_id = world.start()
    world.work()
    world.workspaces.parts[specs.workspace_name(build_id)]["source"]["x"] = b"made"
    with world.stand.store.transaction() as tx:
        item = find_build(tx, SCOPE, build_id)
    uploads = Uploads(world.objects, world.workspaces)
    first, second = (asyncio.run(uploads.upload(item, buildspec.read(spec), {})) for _ in range(2))
    assert first == second
    assert len(world.objects.kept[SCOPE, "b"]["out"]) == 1
