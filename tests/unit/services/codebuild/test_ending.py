"""Builds that end before their time: stopped, overlong, dead, or never begun."""

from __future__ import annotations

import pytest
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import (
    ENVIRONMENT,
    ROLE,
    World,
    given,
)

from demitasse.engines.containers.errors import PullNotFound
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.controller.notes import Notes
from demitasse.services.codebuild.records import (
    QUEUE,
    Ending,
)
from demitasse.services.codebuild.records.builds import EVERYWHERE
from demitasse.services.iam.records import ROLES, everywhere
from demitasse.services.sts.records import SESSIONS
from demitasse.store import Ref


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
    assert world.boxes() == []
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
    assert world.boxes() == [specs.container_name(build_id)]
    world.work()
    assert world.boxes() == []


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
