"""Deployments that cannot begin: nothing is changed, and it is said why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.services.codedeploy.ground import ONE, PRODUCTION, SCOPE, SERVICE, TEST, TWO
from tests.unit.services.codedeploy.steps import (
    ON_FAILURE,
    failure,
)
from tests.unit.services.codedeploy.world import World

from demitasse.services.ecs.records import SERVICES, TASK_SETS, LoadBalancer
from demitasse.services.elbv2.records import (
    TARGET_GROUPS,
)
from demitasse.store import Ref


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
