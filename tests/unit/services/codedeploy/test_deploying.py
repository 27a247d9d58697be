"""What a deployment does, step by step, with ECS and the load balancer held still in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.kit.events import hear_everything, heard
from tests.unit.services.codedeploy.world import (
    BALANCER,
    ONE,
    PRODUCTION,
    SCOPE,
    SERVICE,
    TEST,
    TWO,
    World,
)

from demitasse.clock import ManualClock
from demitasse.errors import ServiceError
from demitasse.services.codedeploy.records import (
    AutoRollback,
    BlueGreen,
    Config,
)
from demitasse.services.ecs.records import SERVICES, TASK_SETS, LoadBalancer, count_failure
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    LoadBalancerObserved,
)
from demitasse.store import Ref

HOUR = 3600.0
ON_FAILURE = AutoRollback(True, ("DEPLOYMENT_FAILURE",))


def canary(percentage: int = 10, interval: int = 5) -> Config:
    return Config("id", "TimeBasedCanary", ManualClock().now(), percentage, interval)


def linear(percentage: int = 25, interval: int = 1) -> Config:
    return Config("id", "TimeBasedLinear", ManualClock().now(), percentage, interval)


def installed(world: World, deployment: str) -> str:
    """Up to the replacement task set; its id."""
    world.reconcile(deployment)
    world.carry_out()
    world.reconcile(deployment)
    assert world.seen(deployment).phase == "install"
    return world.sets()[-1]


def shifted(world: World, deployment: str) -> str:
    """Up to all production traffic on the replacement; its id."""
    green = installed(world, deployment)
    world.run_tasks(green)
    for _ in range(3):
        world.reconcile(deployment)
        world.carry_out()
    world.reconcile(deployment)
    assert world.seen(deployment).phase == "wait"
    return green


def statuses(world: World, deployment: str) -> dict[str, str]:
    return {event.name: event.status for event in world.seen(deployment).events}


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


def test_a_replacement_that_never_gets_healthy_fails_after_an_hour_and_is_removed() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green, healthy=False)
    assert world.reconcile(deployment) == pytest.approx(HOUR)
    world.clock.advance(HOUR)
    world.reconcile(deployment)
    seen = world.seen(deployment)
    assert seen.status == "Failed"
    assert seen.error is not None
    assert seen.error.code == "TIMEOUT"
    assert "60 minutes" in seen.error.message
    assert world.weights() == [{TWO: 1}] * 2
    world.remove_deleted()
    assert world.sets() == [world.blue]
    assert statuses(world, deployment)["Install"] == "Failed"
    assert statuses(world, deployment)["AllowTraffic"] == "Skipped"


def test_after_a_start_nothing_is_said_to_take_too_long_before_it_was_looked_at() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green, healthy=False)
    world.clock.advance(2 * HOUR)
    world.restarted()
    assert world.reconcile(deployment) == pytest.approx(30)
    world.run_tasks(green)
    world.reconcile(deployment)
    assert world.seen(deployment).weight == 100


@pytest.mark.parametrize("phase", ["settle", "test", "shift"])
def test_a_load_balancer_that_does_not_follow(phase: str) -> None:
    world = World(config=canary())
    for arn in (TEST, f"{TEST}/rule"):
        world.route(arn, {TWO: 1})
    world.carry_out()
    deployment = world.deploy()
    world.reconcile(deployment)
    if phase != "settle":
        world.run_tasks(installed(world, deployment))
        world.reconcile(deployment)
    if phase == "shift":
        world.carry_out()
        world.reconcile(deployment)
    assert world.seen(deployment).phase == phase
    with world.store.transaction() as tx:
        seen = LoadBalancerObserved("active_impaired", "port 80 is taken")
        tx.observe(LOAD_BALANCERS, Ref(SCOPE, BALANCER), seen)
    assert world.reconcile(deployment) == pytest.approx(HOUR)
    world.clock.advance(HOUR)
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert error.code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert error.message.endswith("port 80 is taken")


def test_ecs_reason_is_told() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s)."
    with world.store.transaction() as tx:
        count_failure(tx, Ref(SCOPE, f"c/web/{green}"), reason, world.clock.now())
    world.clock.advance(HOUR)
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert reason in error.message


def test_an_automatic_rollback_is_a_deployment_of_its_own() -> None:
    world = World(auto_rollback=ON_FAILURE)
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green, healthy=False)
    world.clock.advance(HOUR)
    world.reconcile(deployment)
    assert world.seen(deployment).status == "Failed"
    rollback = world.seen(deployment).rollback
    own = world.item(rollback)
    assert own.desired.creator == "codeDeployRollback"
    assert own.desired.rolls_back == deployment
    world.go()
    assert world.seen(rollback).status == "Succeeded"
    assert world.sets() == [world.blue]
    assert world.weights() == [{TWO: 1}] * 2


@pytest.mark.parametrize("phase", ["install", "shift", "wait"])
def test_a_stop_with_rollback_brings_everything_back(phase: str) -> None:
    world = World(config=canary())
    deployment = world.deploy()
    green = installed(world, deployment)
    if phase != "install":
        world.run_tasks(green)
        world.reconcile(deployment)
        world.carry_out()
        world.reconcile(deployment)
    if phase == "wait":
        world.clock.advance(300)
        world.reconcile(deployment)
        world.carry_out()
        world.reconcile(deployment)
        assert world.service().primary == green
    assert world.seen(deployment).phase == phase
    world.stop(deployment, rollback=True)
    world.reconcile(deployment)
    assert world.seen(deployment).status == "Stopped"
    rollback = world.seen(deployment).rollback
    world.reconcile(rollback)
    assert world.weights() == [{TWO: 100, ONE: 0}] * 2
    assert green in world.sets()
    world.go()
    assert world.seen(rollback).status == "Succeeded"
    assert world.service().primary == world.blue
    assert world.service().task_definition == "web:1"
    assert world.sets() == [world.blue]
    assert world.weights() == [{TWO: 1}] * 2


def test_a_rollback_brings_the_test_listener_back() -> None:
    world = World()
    for arn in (TEST, f"{TEST}/rule"):
        world.route(arn, {TWO: 1})
    world.carry_out()
    deployment = world.deploy()
    shifted(world, deployment)
    assert world.weights(TEST) == [{ONE: 1}] * 2
    world.stop(deployment, rollback=True)
    world.go()
    assert world.weights(TEST) == [{TWO: 1}] * 2


def test_a_stop_without_rollback_leaves_a_shift_as_it_is_and_the_next_deployment_clears_it() -> (
    None
):
    world = World(config=canary())
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green)
    world.reconcile(deployment)
    world.stop(deployment)
    world.reconcile(deployment)
    assert world.seen(deployment).status == "Stopped"
    assert world.weights() == [{TWO: 90, ONE: 10}] * 2
    following = world.deploy()
    world.reconcile(following)
    assert world.weights() == [{TWO: 100, ONE: 0}] * 2
    assert world.sets() == [world.blue, green]
    world.carry_out()
    world.reconcile(following)
    world.remove_deleted()
    assert world.sets() == [world.blue]
    world.reconcile(following)
    assert world.seen(following).phase == "install"


def test_a_stop_before_the_shift_removes_the_replacement() -> None:
    world = World()
    deployment = world.deploy()
    installed(world, deployment)
    world.stop(deployment)
    world.go()
    assert world.seen(deployment).status == "Stopped"
    assert world.sets() == [world.blue]
    assert world.weights() == [{TWO: 1}] * 2


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


def test_a_service_deleted_under_a_deployment_fails_it() -> None:
    world = World(auto_rollback=ON_FAILURE)
    deployment = world.deploy()
    installed(world, deployment)
    world.change_service(deleting=True, desired_count=0)
    world.go()
    error = world.seen(deployment).error
    assert error is not None
    assert (error.code, "is being deleted" in error.message) == ("INVALID_ECS_SERVICE", True)
    assert world.active() == []


def test_a_listener_deleted_under_a_deployment_fails_it() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    with world.store.transaction() as tx:
        tx.delete(LISTENERS, Ref(SCOPE, PRODUCTION))
        tx.delete(RULES, Ref(SCOPE, f"{PRODUCTION}/rule"))
    world.run_tasks(green)
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert error.code == "ELASTIC_LOAD_BALANCING_INVALID"


def test_the_original_is_kept_when_somebody_gives_it_traffic_again() -> None:
    world = World()
    deployment = world.deploy()
    green = shifted(world, deployment)
    world.route(PRODUCTION, {TWO: 1})
    world.carry_out()
    world.clock.advance(300)
    world.reconcile(deployment)
    assert world.seen(deployment).status == "Failed"
    assert world.sets() == [world.blue, green]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({ONE: 1}, "Primary taskset target group must be behind listener"),
        (
            {TWO: 1, SCOPE.arn("elasticloadbalancing", "targetgroup/other/3"): 1},
            "further target groups",
        ),
    ],
)
def test_a_production_listener_that_does_not_fit(weights: dict[str, int], words: str) -> None:
    world = World()
    for arn in (PRODUCTION, f"{PRODUCTION}/rule"):
        world.route(arn, weights)
    deployment = world.deploy()
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert error.code == "ELASTIC_LOAD_BALANCING_INVALID"
    assert error.message.startswith("The ELB could not be updated due to the following error: ")
    assert words in error.message
    assert world.weights() == [weights] * 2
    assert world.sets() == [world.blue]


def failure(world: World, deployment: str) -> tuple[str, str]:
    """Code and message of what the deployment must have failed with."""
    error = world.seen(deployment).error
    assert error is not None
    assert world.seen(deployment).status == "Failed"
    return error.code, error.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"controller": "ECS"}, "must be CODE_DEPLOY, not ECS"),
        ({"primary": ""}, "has no primary task set"),
        ({"deleting": True}, "is being deleted"),
    ],
)
def test_a_service_that_cannot_be_deployed_to(changes: dict[str, Any], words: str) -> None:
    world = World()
    world.change_service(**changes)
    deployment = world.deploy()
    world.reconcile(deployment)
    code, message = failure(world, deployment)
    assert code == "INVALID_ECS_SERVICE"
    assert words in message
    assert world.weights() == [{TWO: 1}] * 2


def test_a_service_that_is_gone() -> None:
    world = World()
    with world.store.transaction() as tx:
        tx.delete(SERVICES, SERVICE)
    deployment = world.deploy()
    world.reconcile(deployment)
    assert failure(world, deployment)[0] == "INVALID_ECS_SERVICE"


def test_a_primary_task_set_in_another_target_group() -> None:
    world = World()
    other = SCOPE.arn("elasticloadbalancing", "targetgroup/other/3")
    with world.store.transaction() as tx:
        ref = Ref(SCOPE, f"{SERVICE.key}/{world.blue}")
        blue = tx.get(TASK_SETS, *ref)
        assert blue is not None
        balancers = (LoadBalancer(other, "web", 8080),)
        tx.desire(TASK_SETS, ref, msgspec.structs.replace(blue.desired, load_balancers=balancers))
    deployment = world.deploy()
    world.reconcile(deployment)
    code, message = failure(world, deployment)
    assert code == "INVALID_ECS_SERVICE"
    assert "(two, one)" in message


def test_a_target_group_that_is_gone() -> None:
    world = World()
    with world.store.transaction() as tx:
        tx.delete(TARGET_GROUPS, Ref(SCOPE, ONE))
    deployment = world.deploy()
    world.reconcile(deployment)
    assert "Target group one does not exist" in failure(world, deployment)[1]


@pytest.mark.parametrize("phase", ["install", "shift"])
def test_a_replacement_deleted_by_somebody(phase: str) -> None:
    world = World(config=canary())
    deployment = world.deploy()
    green = installed(world, deployment)
    if phase == "shift":
        world.run_tasks(green)
        world.reconcile(deployment)
        world.carry_out()
        world.reconcile(deployment)
        world.clock.advance(300)
    with world.store.transaction() as tx:
        tx.delete(TASK_SETS, Ref(SCOPE, f"{SERVICE.key}/{green}"))
    world.reconcile(deployment)
    assert failure(world, deployment)[0] == "ECS_UPDATE_ERROR"


def test_a_canary_that_falls_ill_for_too_long() -> None:
    world = World(config=canary(), auto_rollback=ON_FAILURE)
    deployment = world.deploy()
    green = installed(world, deployment)
    world.run_tasks(green)
    world.reconcile(deployment)
    world.carry_out()
    world.reconcile(deployment)
    world.run_tasks(green, healthy=False)
    world.clock.advance(300)
    assert world.reconcile(deployment) == pytest.approx(HOUR)
    world.clock.advance(HOUR)
    world.reconcile(deployment)
    assert failure(world, deployment)[0] == "TIMEOUT"
    world.go()
    assert world.weights() == [{TWO: 1}] * 2
    assert world.sets() == [world.blue]


def test_nothing_is_rolled_back_to_an_original_that_is_gone() -> None:
    world = World()
    deployment = world.deploy()
    green = shifted(world, deployment)
    with world.store.transaction() as tx:
        tx.delete(TASK_SETS, Ref(SCOPE, f"{SERVICE.key}/{world.blue}"))
    world.stop(deployment, rollback=True)
    world.go()
    assert world.seen(deployment).status == "Stopped"
    assert world.seen(deployment).rollback == ""
    assert world.service().primary == green
    assert world.weights() == [{TWO: 0, ONE: 100}] * 2


def test_a_rollback_cannot_be_stopped() -> None:
    world = World()
    deployment = world.deploy()
    installed(world, deployment)
    world.stop(deployment, rollback=True)
    world.reconcile(deployment)
    with pytest.raises(ServiceError) as refused:
        world.stop(world.seen(deployment).rollback)
    assert refused.value.code == "UnsupportedActionForDeploymentTypeException"


def test_a_rule_that_would_show_the_replacement_to_the_public_at_once() -> None:
    world = World()
    world.route(f"{PRODUCTION}/rule", {ONE: 1})
    deployment = world.deploy()
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert "must not receive production traffic yet" in error.message


def test_a_test_listener_that_knows_neither_group() -> None:
    world = World()
    other = SCOPE.arn("elasticloadbalancing", "targetgroup/other/3")
    for arn in (TEST, f"{TEST}/rule"):
        world.route(arn, {other: 1})
    deployment = world.deploy()
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert "test listener" in error.message


def test_without_a_test_listener_its_event_is_skipped() -> None:
    world = World(test=False)
    deployment = world.deploy()
    world.go()
    world.go(seconds=300)
    assert world.seen(deployment).status == "Succeeded"
    assert statuses(world, deployment)["AllowTestTraffic"] == "Skipped"


@pytest.mark.parametrize(
    ("definition", "container", "port", "words"),
    [
        ("web:9", "web", 8080, "Unable to find the task definition"),
        ("web:2", "other", 8080, "The container other does not exist"),
        ("web:2", "web", 81, "did not have a container port 81"),
    ],
)
def test_an_appspec_that_ecs_refuses(
    definition: str, container: str, port: int, words: str
) -> None:
    text = (
        "version: 0.0\nresources:\n- S:\n    Type: AWS::ECS::Service\n    Properties:\n"
        f"      TaskDefinition: {definition}\n"
        f"      LoadBalancerInfo: {{ContainerName: {container}, ContainerPort: {port}}}\n"
    )
    world = World()
    deployment = world.deploy(appspec=text)
    world.reconcile(deployment)
    error = world.seen(deployment).error
    assert error is not None
    assert error.code == "ECS_UPDATE_ERROR"
    assert words in error.message
    assert world.weights() == [{TWO: 1}] * 2


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
