"""Phase 7 against an ECS that says what a test lets it say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from demitasse.lab import names
from demitasse.lab.errors import NotYet
from demitasse.lab.phases import phase7_services

OLD, NEW = (
    "arn:task-definition/customer-microservice:1",
    "arn:task-definition/customer-microservice:2",
)


class Ecs:
    """Notes what it is asked for, and shows one service and its tasks."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.weights = {"one": 0, "two": 100}

    def create_service(self, **given: Any) -> None:
        self.asked.append(("create", given))

    def describe_rules(self, **given: Any) -> dict[str, Any]:
        assert given == {"ListenerArn": "listener on 80"}
        groups = [
            {"TargetGroupArn": f"arn:customer-tg-{which}", "Weight": weight}
            for which, weight in self.weights.items()
        ]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        return {"Rules": [{"IsDefault": True, "Conditions": [], "Actions": [action]}]}


class Lab:
    """What phase 7 asks a workspace for."""

    def __init__(self) -> None:
        self.ecs = Ecs()
        self.current: dict[str, Any] | None = {
            "serviceName": "customer-microservice",
            "taskDefinition": NEW,
            "runningCount": 1,
            "desiredCount": 1,
            "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED"}],
            "events": [{"message": "(service customer-microservice) has reached a steady state."}],
        }
        self.page = 200

    def client(self, service: str) -> Ecs:
        assert service in {"ecs", "elbv2"}
        return self.ecs

    def service(self, _name: str) -> dict[str, Any] | None:
        return self.current

    def listeners(self) -> dict[int, str]:
        return {80: "listener on 80", 8080: "listener on 8080"}

    def load_balancer(self) -> dict[str, Any]:
        return {"DNSName": "172.31.0.4"}

    def get(self, url: str) -> tuple[int, str]:
        assert url == "http://172.31.0.4/suppliers"
        return self.page, ""

    def subnets(self) -> list[str]:
        return ["subnet-1", "subnet-2"]

    def security_group(self, name: str) -> str:
        return f"sg of {name}"


run: Callable[[Any], None] = partial(phase7_services.run_service, "customer")
check: Callable[[Any], None] = partial(phase7_services.check_service, "customer", "/suppliers")


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_a_service_that_is_as_it_should_be_is_left_alone(lab: Lab) -> None:
    check(lab)
    run(lab)
    assert lab.ecs.asked == []


def test_a_missing_service_is_created_as_the_course_has_it(lab: Lab) -> None:
    lab.current = None
    with pytest.raises(NotYet, match="no service"):
        check(lab)
    run(lab)
    ((what, given),) = lab.ecs.asked
    assert what == "create"
    assert given["cluster"] == names.CLUSTER
    assert given["launchType"] == "FARGATE"
    assert given["loadBalancers"] == [
        {
            "targetGroupArn": "arn:customer-tg-two",
            "containerName": "customer",
            "containerPort": 8080,
        }
    ]
    assert given["deploymentController"] == {"type": "CODE_DEPLOY"}
    vpc = given["networkConfiguration"]["awsvpcConfiguration"]
    assert vpc == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg of microservices-sg"],
        "assignPublicIp": "ENABLED",
    }


def test_a_service_made_again_stands_where_production_requests_go(lab: Lab) -> None:
    lab.current = None
    lab.ecs.weights = {"one": 100, "two": 0}
    run(lab)
    ((_, given),) = lab.ecs.asked
    assert given["loadBalancers"][0]["targetGroupArn"] == "arn:customer-tg-one"


def change(lab: Lab, **members: Any) -> None:
    assert lab.current is not None
    lab.current |= members


def test_what_a_deployment_brought_is_left_alone(lab: Lab) -> None:
    change(lab, taskDefinition=OLD, deployments=[], taskSets=[{}, {}])
    check(lab)
    run(lab)
    assert lab.ecs.asked == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"runningCount": 0}, "runs 0 of 1 tasks .*steady state"),
        ({"runningCount": 0, "events": []}, "runs 0 of 1 tasks$"),
    ],
)
def test_a_service_that_is_not_ready_is_told(lab: Lab, members: Any, said: str) -> None:
    change(lab, **members)
    with pytest.raises(NotYet, match=said):
        check(lab)


def test_its_page_must_answer(lab: Lab) -> None:
    lab.page = 503
    with pytest.raises(NotYet, match="answers 503"):
        check(lab)
