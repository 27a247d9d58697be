"""What a deployment does, step by step, with ECS and the load balancer held still in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.kit.events import hear_everything, heard
from tests.unit.services.codedeploy.ground import ONE, PRODUCTION, SCOPE, TEST, TWO
from tests.unit.services.codedeploy.steps import (
    canary,
    installed,
    linear,
    shifted,
    statuses,
)
from tests.unit.services.codedeploy.world import World

from demitasse.errors import ServiceError
from demitasse.services.codedeploy.records import (
    BlueGreen,
)


def test_production_stays_whole_until_every_task_is_healthy() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    assert world.weights() == [{TWO: 100, ONE: 0}] * 2
    world.run_tasks(green, healthy=False)
    world.reconcile(deployment)
    assert world.weights() == [{TWO: 100, ONE: 0}] * 2
    assert statuses(world, deployment)["Install"] == "InProgress"
    world.run_tasks(green)
    world.reconcile(deployment)
    # The test listener had the replacement's group from the start: nothing to move there.
    assert world.weights() == [{TWO: 0, ONE: 100}] * 2


def test_a_deployment_takes_its_time_and_ends_with_one_group() -> None:
    world = World()
    deployment = world.deploy()
    green = shifted(world, deployment)
    assert world.service().primary == green
    assert world.service().task_definition.endswith("task-definition/web:2")
    assert world.service().load_balancers[0].target_group_arn == ONE
    assert world.reconcile(deployment) == pytest.approx(300)
    assert world.sets() == [world.blue, green]
    world.clock.advance(300)
    world.reconcile(deployment)
    assert world.seen(deployment).phase == "terminate"
    # The original drains through the group that still stands, with no weight.
    assert world.weights() == [{TWO: 0, ONE: 100}] * 2
    assert world.seen(deployment).status == "InProgress"
    world.remove_deleted()
    world.reconcile(deployment)
    assert world.seen(deployment).status == "Succeeded"
    assert world.weights() == [{ONE: 1}] * 2
    assert world.weights(TEST) == [{ONE: 1}] * 2
    assert world.sets() == [green]
    assert set(statuses(world, deployment).values()) == {"Succeeded"}
    assert world.seen(deployment).completed_at == world.clock.now()


def test_the_next_deployment_goes_the_other_way_and_takes_the_test_listener_along() -> None:
    world = World()
    first = world.deploy()
    world.go()
    world.go(seconds=300)
    assert world.seen(first).status == "Succeeded"
    second = world.deploy(1)
    green = installed(world, second)
    assert world.weights(TEST) == [{ONE: 1}] * 2
    world.run_tasks(green)
    world.reconcile(second)
    assert world.weights(TEST) == [{TWO: 1}] * 2
    assert world.weights() == [{ONE: 100, TWO: 0}] * 2
    world.go()
    world.go(seconds=300)
    assert world.seen(second).status == "Succeeded"
    assert world.weights() == [{TWO: 1}] * 2


def test_the_lab_s_first_deployment_whose_original_never_ran() -> None:
    world = World(blue_runs=False)
    deployment = world.deploy()
    shifted(world, deployment)
    world.go(seconds=300)
    assert world.seen(deployment).status == "Succeeded"
    assert world.weights() == [{ONE: 1}] * 2


def test_a_canary() -> None:
    world = World(config=canary())
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green)
    world.reconcile(deployment)
    assert world.weights() == [{TWO: 90, ONE: 10}] * 2
    # The interval begins when the load balancer does as it was told.
    world.clock.advance(1000)
    world.reconcile(deployment)
    assert world.weights() == [{TWO: 90, ONE: 10}] * 2
    world.carry_out()
    assert world.reconcile(deployment) == pytest.approx(300)
    world.clock.advance(300)
    world.reconcile(deployment)
    assert world.weights() == [{TWO: 0, ONE: 100}] * 2


def test_a_linear_shift_waits_for_ill_tasks() -> None:
    world = World(config=linear(30))
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green)
    seen = []
    for _ in range(3):
        world.reconcile(deployment)
        seen.append(world.seen(deployment).weight)
        world.carry_out()
        world.reconcile(deployment)
        world.clock.advance(60)
    world.run_tasks(green, healthy=False)
    world.reconcile(deployment)
    seen.append(world.seen(deployment).weight)
    world.run_tasks(green)
    world.reconcile(deployment)
    seen.append(world.seen(deployment).weight)
    assert seen == [30, 60, 90, 90, 100]


def test_rules_that_do_not_forward_to_the_original_are_left_alone() -> None:
    world = World()
    other = SCOPE.arn("elasticloadbalancing", "targetgroup/other/3")
    world.route(f"{PRODUCTION}/rule", {other: 1})
    world.carry_out()
    deployment = world.deploy()
    shifted(world, deployment)
    assert world.weights() == [{TWO: 0, ONE: 100}, {other: 1}]


def test_waiting_for_the_word_to_go_on() -> None:
    world = World(blue_green=BlueGreen("STOP_DEPLOYMENT", 30, 0))
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green)
    assert world.reconcile(deployment) == pytest.approx(1800)
    assert world.seen(deployment).status == "Ready"
    assert world.weights() == [{TWO: 100, ONE: 0}] * 2
    world.ask(deployment, continue_at=world.clock.now())
    world.reconcile(deployment)
    assert world.seen(deployment).status == "InProgress"
    assert world.weights() == [{TWO: 0, ONE: 100}] * 2


def test_waiting_too_long_for_the_word_stops() -> None:
    world = World(blue_green=BlueGreen("STOP_DEPLOYMENT", 30, 0))
    deployment = world.deploy()
    world.go()
    world.go(seconds=1800)
    assert world.seen(deployment).status == "Stopped"
    assert world.sets() == [world.blue]


def test_the_wait_before_termination_can_be_skipped() -> None:
    world = World()
    deployment = world.deploy()
    shifted(world, deployment)
    world.ask(deployment, skip_wait_at=world.clock.now())
    world.go()
    assert world.seen(deployment).status == "Succeeded"


def test_the_desired_count_is_the_service_s_own_all_the_time() -> None:
    world = World(config=canary())
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green)
    world.reconcile(deployment)
    world.carry_out()
    world.reconcile(deployment)
    world.change_service(desired_count=4)
    world.clock.advance(300)
    world.reconcile(deployment)
    assert world.seen(deployment).weight == 10  # two of the four do not run yet
    world.run_tasks(green)
    world.reconcile(deployment)
    assert world.seen(deployment).weight == 100
    assert world.service().desired_count == 4


def test_without_a_test_listener_no_event_is_about_tests() -> None:
    world = World(test=False)
    deployment = world.deploy()
    world.go()
    world.go(seconds=300)
    assert world.seen(deployment).status == "Succeeded"
    assert statuses(world, deployment) == dict.fromkeys(
        (
            "BeforeInstall",
            "Install",
            "AfterInstall",
            "BeforeAllowTraffic",
            "AllowTraffic",
            "AfterAllowTraffic",
        ),
        "Succeeded",
    )


def test_one_deployment_at_a_time() -> None:
    world = World()
    first = world.deploy()
    with pytest.raises(ServiceError, match=first) as refused:
        world.deploy()
    assert refused.value.code == "DeploymentLimitExceededException"
    world.stop(first)
    world.go()
    world.deploy()


def test_a_state_change_is_told_each_time_and_once() -> None:
    world = World()
    hear_everything(world.store, SCOPE)
    deployment = world.deploy()
    world.go()
    world.go(seconds=300)
    told = heard(world.store, SCOPE, "aws.codedeploy")
    assert [each.detail["state"] for each in told] == ["START", "SUCCESS"]
    assert {each.detail_type for each in told} == {
        "CodeDeploy Deployment State-change Notification"
    }
    assert told[0].resources == (
        SCOPE.arn("codedeploy", "application:app"),
        SCOPE.arn("codedeploy", "deploymentgroup:app/group"),
    )
    assert told[0].detail == {
        "instanceGroupId": "group-id",
        "region": "us-east-1",
        "application": "app",
        "deploymentId": deployment,
        "state": "START",
        "deploymentGroup": "group",
    }


def test_a_stop_comes_too_late_once_the_original_goes() -> None:
    world = World()
    deployment = world.deploy()
    shifted(world, deployment)
    world.clock.advance(300)
    world.reconcile(deployment)
    with pytest.raises(ServiceError) as refused:
        world.stop(deployment, rollback=True)
    assert refused.value.code == "DeploymentAlreadyCompletedException"


def test_lifecycle_times_follow_each_other() -> None:
    world = World(config=canary())
    deployment = world.deploy()
    for _ in range(8):
        world.go(seconds=100)
    times = [
        moment
        for event in world.seen(deployment).events
        for moment in (event.started_at, event.ended_at)
    ]
    assert None not in times
    assert times == sorted(times, key=lambda each: each or world.clock.now())
    started, ended = world.seen(deployment).events[6].started_at, times[13]
    assert started is not None
    assert ended is not None
    assert ended - started >= timedelta(minutes=5)
