"""What a deployment does when something is wrong: it says so, and puts back what it can."""

from __future__ import annotations

import pytest
from tests.unit.services.codedeploy.ground import (
    BALANCER,
    ONE,
    PRODUCTION,
    SCOPE,
    SERVICE,
    TEST,
    TWO,
)
from tests.unit.services.codedeploy.steps import (
    HOUR,
    ON_FAILURE,
    canary,
    failure,
    installed,
    shifted,
    statuses,
)
from tests.unit.services.codedeploy.world import World

from demitasse.errors import ServiceError
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.look import trouble
from demitasse.services.codedeploy.records import GROUPS
from demitasse.services.ecs.records import TASK_SETS, count_failure
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
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


def test_ecs_reason_is_told_while_codedeploy_waits() -> None:
    world = World()
    deployment = world.deploy()
    green = installed(world, deployment)
    assert told(world, deployment) == ""
    world.run_tasks(green, healthy=False)
    assert told(world, deployment).endswith("are unhealthy: Health checks failed")
    with world.store.transaction() as tx:
        count_failure(tx, Ref(SCOPE, f"c/web/{green}"), "It exits", world.clock.now())
    assert "failures so far: 1). ECS reports: It exits" in told(world, deployment)
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


def test_after_a_rollback_the_group_has_the_revision_that_runs() -> None:
    world = World(auto_rollback=ON_FAILURE)

    def fails() -> str:
        deployment = world.deploy()
        installed(world, deployment)
        world.clock.advance(HOUR)
        world.reconcile(deployment)
        world.go()
        return world.seen(deployment).rollback

    def successful() -> str:
        with world.store.transaction() as tx:
            return tx.page(GROUPS, SCOPE)[0].observed.successful

    fails()
    assert successful() == ""  # what runs was never deployed
    good = world.deploy(1)
    world.go()
    world.go(seconds=300)
    assert successful() == good
    rollback = fails()
    assert successful() == rollback
    assert world.item(rollback).desired.revision == world.item(good).desired.revision


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
