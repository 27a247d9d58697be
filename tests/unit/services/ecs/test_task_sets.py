"""Services of the CODE_DEPLOY and EXTERNAL controllers, and their task sets."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.ecs.stand import SCOPE, Stand

from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    LoadBalancer,
    computed_desired_count,
    create_task_set,
    delete_task_set,
    find_task_definition,
    set_primary,
    task_definition_arn,
    task_sets_of,
)
from demitasse.store import Ref

CODE_DEPLOY = {"deploymentController": {"type": "CODE_DEPLOY"}}


def blue(stand: Stand, **given: Any) -> tuple[str, str]:
    """A CODE_DEPLOY service on the first of two target groups; the groups."""
    stand.cluster()
    stand.register()
    groups = stand.target_group("two", 80), stand.target_group("one", 8080)
    stand.service(
        loadBalancers=[
            {"targetGroupArn": groups[0], "containerName": "web", "containerPort": 8080}
        ],
        **CODE_DEPLOY,
        **given,
    )
    return groups


def test_a_code_deploy_service_starts_with_a_primary_task_set() -> None:
    stand = Stand()
    groups = blue(stand, desiredCount=1)
    service = stand.see_service()
    assert service["deployments"] == []
    [task_set] = service["taskSets"]
    assert task_set["status"] == "PRIMARY"
    assert task_set["loadBalancers"][0]["targetGroupArn"] == groups[0]
    assert task_set["scale"] == {"value": 100.0, "unit": "PERCENT"}
    assert (task_set["computedDesiredCount"], task_set["stabilityStatus"]) == (1, "STABILIZING")

    async def scenario() -> None:
        await stand.until(lambda: "steady" in stand.messages()[0])
        [task_set] = stand.see_service()["taskSets"]
        assert (task_set["runningCount"], task_set["stabilityStatus"]) == (1, "STEADY_STATE")
        [task] = stand.running()
        assert task["startedBy"] == task_set["id"]
        told = " ".join(stand.messages())
        assert f"(service web, taskSet {task_set['id']}) has started 1 tasks" in told
        assert "registered 1 targets" in told
        stand.ecs("UpdateService", cluster="c", service="web", desiredCount=3)
        await stand.until(lambda: len(stand.running()) == 3)

    stand.run(scenario)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"taskDefinition": "web"}, "Unable to update task definition on services with a"),
        ({"forceNewDeployment": True}, "Cannot force a new deployment on services with a"),
        ({"platformVersion": "1.4.0"}, "Unable to update platform version on services with a"),
    ],
)
def test_only_code_deploy_changes_what_its_services_run(given: Any, message: str) -> None:
    stand = Stand()
    blue(stand)
    answer = stand.refusal("UpdateService", cluster="c", service="web", **given)
    assert answer == (
        "InvalidParameterException",
        (
            f"{message} CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new"
            " deployment."
        ),
    )


def test_code_deploy_s_way_a_second_task_set_takes_over() -> None:
    """What the deployment service does to the records, step by step."""
    stand = Stand()
    groups = blue(stand)

    async def scenario() -> None:
        await stand.until(lambda: "steady" in stand.messages()[0])
        stand.register(container={"environment": [{"name": "V", "value": "2"}]})
        with stand.store.transaction() as tx:
            service = tx.get(SERVICES, SCOPE, "c/web")
            found = find_task_definition(tx, SCOPE, "web")
            assert service is not None
            assert found is not None
            green = create_task_set(
                tx,
                service,
                stand.ids,
                stand.clock.now(),
                task_definition=task_definition_arn(SCOPE, "web", found.desired.revision),
                load_balancers=(LoadBalancer(groups[1], "web", 8080),),
                started_by="CODE_DEPLOY",
                external_id="d-123456789",
            )
        await stand.until(lambda: stand.see_service()["runningCount"] == 2)
        shown = {each["id"]: each for each in stand.see_service()["taskSets"]}
        assert shown[green.desired.id]["status"] == "ACTIVE"
        await stand.until(
            lambda: all(
                each["stabilityStatus"] == "STEADY_STATE"
                for each in stand.see_service()["taskSets"]
            )
        )
        with stand.store.transaction() as tx:
            service = tx.get(SERVICES, SCOPE, "c/web")
            assert service is not None
            blue_id = service.desired.primary
            set_primary(tx, service, green.desired.id)
            delete_task_set(tx, Ref(SCOPE, f"c/web/{blue_id}"), stand.clock.now())
        assert {each["status"] for each in stand.see_service()["taskSets"]} == {
            "PRIMARY",
            "DRAINING",
        }
        await stand.until(lambda: len(stand.see_service()["taskSets"]) == 1)
        service = stand.see_service()
        assert service["taskDefinition"].endswith("web:2")
        assert service["loadBalancers"][0]["targetGroupArn"] == groups[1]
        await stand.until(lambda: len(stand.running()) == 1)
        with stand.store.transaction() as tx:
            kept = tx.get(SERVICES, SCOPE, "c/web")
            assert kept is not None
            [left] = task_sets_of(tx, kept)
            assert left.observed.healthy == 1

    stand.run(scenario)


def external(stand: Stand) -> dict[str, Any]:
    stand.cluster()
    stand.register()
    stand.ecs(
        "CreateService",
        cluster="c",
        serviceName="web",
        desiredCount=3,
        deploymentController={"type": "EXTERNAL"},
    )
    return {
        "cluster": "c",
        "service": "web",
        "taskDefinition": "web",
        "launchType": "FARGATE",
        "networkConfiguration": stand.network,
    }


def test_an_external_service_has_the_task_sets_that_it_is_given() -> None:
    stand = Stand()
    given = external(stand)
    assert stand.see_service()["taskSets"] == []
    made = stand.ecs("CreateTaskSet", **given, scale={"value": 50, "unit": "PERCENT"})["taskSet"]
    assert made["computedDesiredCount"] == 2
    where = {"cluster": "c", "service": "web"}

    async def scenario() -> None:
        await stand.until(lambda: stand.see_service()["runningCount"] == 2)
        stand.ecs(
            "UpdateTaskSet", **where, taskSet=made["id"], scale={"value": 100, "unit": "PERCENT"}
        )
        await stand.until(lambda: stand.see_service()["runningCount"] == 3)
        primary = stand.ecs(
            "UpdateServicePrimaryTaskSet", **where, primaryTaskSet=made["taskSetArn"]
        )
        assert primary["taskSet"]["status"] == "PRIMARY"
        code, _ = stand.refusal("DeleteTaskSet", **where, taskSet=made["id"])
        assert code == "InvalidParameterException"
        gone = stand.ecs("DeleteTaskSet", **where, taskSet=made["id"], force=True)["taskSet"]
        assert gone["status"] == "DRAINING"
        await stand.until(lambda: stand.see_service()["taskSets"] == [])
        assert stand.running() == []
        found = stand.ecs("DescribeTaskSets", **where, taskSets=[made["id"]])
        assert found["failures"] == [{"arn": made["taskSetArn"], "reason": "MISSING"}]

    stand.run(scenario)


def test_an_external_service_takes_nothing_that_its_task_sets_say() -> None:
    stand = Stand()
    given = external(stand)
    code, message = stand.refusal(
        "CreateService",
        cluster="c",
        serviceName="other",
        desiredCount=1,
        taskDefinition="web",
        deploymentController={"type": "EXTERNAL"},
    )
    assert code == "InvalidParameterException"
    assert "taskDefinition" in message
    code, message = stand.refusal(
        "UpdateTaskSet",
        cluster="c",
        service="web",
        taskSet="ecs-svc/1",
        scale={"value": 1, "unit": "PERCENT"},
    )
    assert code == "TaskSetNotFoundException"
    for _ in range(5):
        stand.ecs("CreateTaskSet", **given)
    assert stand.refusal("CreateTaskSet", **given)[0] == "LimitExceededException"


def test_a_rolling_service_has_no_task_sets_of_ones_own() -> None:
    stand = Stand()
    given = external(stand)
    stand.service("rolling")
    answer = stand.refusal("CreateTaskSet", **{**given, "service": "rolling"})
    assert answer[0] == "InvalidParameterException"


def test_a_client_token_makes_one_task_set() -> None:
    stand = Stand()
    given = external(stand)
    first = stand.ecs("CreateTaskSet", **given, clientToken="t")["taskSet"]["id"]
    assert stand.ecs("CreateTaskSet", **given, clientToken="t")["taskSet"]["id"] == first
    with stand.store.transaction() as tx:
        assert tx.count(TASK_SETS, SCOPE) == 1


@given(st.integers(0, 5000), st.floats(0, 100))
def test_the_computed_count_is_rounded_up(count: int, scale: float) -> None:
    computed = computed_desired_count(count, scale)
    assert 0 <= computed <= count
    assert computed >= math.floor(count * scale / 100)
    assert computed_desired_count(count, 100) == count
