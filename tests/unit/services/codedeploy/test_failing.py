"""What a deployment does when something is wrong: it says so, and puts back what it can."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.services.codedeploy.steps import (
    HOUR,
    ON_FAILURE,
    canary,
    failure,
    installed,
    shifted,
    statuses,
)
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

from demitasse.errors import ServiceError
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.look import trouble
from demitasse.services.ecs.records import SERVICES, TASK_SETS, LoadBalancer, count_failure
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    LoadBalancerObserved,
)
from demitasse.store import Ref


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


def test_what_cannot_be_installed_fails_there_with_its_reason_and_needs_no_rollback() -> None:
    world = World(auto_rollback=ON_FAILURE)
    deployment = world.deploy(9)
    world.reconcile(deployment)
    seen = world.seen(deployment)
    assert seen.error is not None
    assert [(each.name, each.status, each.message) for each in seen.events[:3]] == [
        ("BeforeInstall", "Succeeded", ""),
        ("Install", "Failed", seen.error.message),
        ("AfterInstall", "Skipped", ""),
    ]
    assert seen.rollback == ""
    assert "was not rolled back: nothing had been changed yet" in seen.rollback_message
    world.deploy()


def test_ecs_reason_is_told_while_codedeploy_waits() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    assert told(world, deployment) == ""
    with world.store.transaction() as tx:
        count_failure(tx, Ref(SCOPE, f"c/web/{green}"), "It exits", world.clock.now())
    assert "1 in a row). ECS reports: It exits" in told(world, deployment)
    shown = describe.events(world.seen(deployment), told(world, deployment))
    assert [each["lifecycleEventName"] for each in shown if "diagnostics" in each] == ["Install"]
    world.stop(deployment)
    world.reconcile(deployment)
    assert told(world, deployment) == ""


def told(world: World, deployment: str) -> str:
    item = world.item(deployment)
    with world.store.transaction() as tx:
        return trouble(tx, item)


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
