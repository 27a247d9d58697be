"""Builds from start to end, with pretended containers."""

from __future__ import annotations

import asyncio

import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import (
    ENVIRONMENT,
    IMAGE,
    SPEC,
    World,
)

from demitasse.errors import EngineUnavailable
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.records import (
    BUILDS,
    QUEUE,
)
from demitasse.services.codebuild.records.builds import EVERYWHERE
from demitasse.services.logs.records import LOG_SOURCES
from demitasse.services.sts.records import SESSIONS, find_session
from demitasse.store import Ref

ALL = [
    "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD",
    "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED",
]  # fmt: skip


def test_a_build_runs_through_all_its_phases(world: World) -> None:
    world.project()
    build_id = world.start()
    assert world.see(build_id)["currentPhase"] == "QUEUED"
    world.work()
    assert world.see(build_id)["currentPhase"] == "INSTALL"
    assert world.control(build_id)["steps/6"] == "make"
    begun = [
        each.partition("] ")[2][20:] for each in world.control(build_id)["source"].splitlines()
    ]
    assert begun[2:4] == ["Phases found in YAML: 1", " BUILD: 1 commands"]
    world.runs_through(build_id, exported__TAG="7")
    world.work()
    assert world.see(build_id)["currentPhase"] == "FINALIZING"
    assert "UPLOAD_ARTIFACTS State: SUCCEEDED" in world.control(build_id)["end"]
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

    assert world.boxes() == []
    assert world.workspaces.parts == {}
    with world.stand.store.transaction() as tx:
        for kind in (SESSIONS, LOG_SOURCES, QUEUE):
            assert list(tx.everywhere(kind)) == [], kind.name


def test_credentials_are_the_service_roles(world: World) -> None:
    world.project()
    build_id = world.start()
    world.work()
    environment = world.control(build_id)["environment.sh"]
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
    lines = world.control(build_id)["environment.sh"].splitlines()
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


def test_a_privileged_build_has_dockers_socket(world: World) -> None:
    world.project(environment={**ENVIRONMENT, "privilegedMode": True})
    build_id = world.start()
    world.work()
    spec = world.containers.specs[specs.container_name(build_id)]
    assert "/var/run/docker.sock" in [each.target for each in spec.mounts]
    assert spec.privileged is False
    assert spec.image == specs.IMAGE != IMAGE


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
    assert world.boxes() == []
    assert len(world.events("CodeBuild Build State Change")) == 2


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
    assert world.boxes() == [specs.container_name(kept)]
    assert list(world.workspaces.parts) == [specs.workspace_name(kept)]
