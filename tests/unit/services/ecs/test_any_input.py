"""Whatever is sent, the answer is an answer of ECS: never a 500, never half a resource."""

from __future__ import annotations

import functools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kit import asgi
from tests.unit.services.ecs.stand import IMAGE, ROLE, Stand

from demitasse.services.ecs.operations import api

NAMES = (
    "c",
    "web",
    "web:1",
    "default",
    "",
    "a b",
    "x" * 300,
    "é",
    "arn:aws:ecs:us-east-1:123456789012:cluster/c",
    "arn:aws:ecs:us-east-1:123456789012:service/c/web",
    "arn:aws:ecs:eu-west-3:123456789012:service/c/web",
    "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
    "arn:aws:ecs:us-east-1:123456789012:task-definition/web:99999999999999999999",
    "arn:",
    "/",
    ":",
    "FARGATE",
    "FARGATE_SPOT",
    "512",
    "1024",
    ".5 vcpu",
    "1e9",
    "awslogs",
    "CMD",
    "/x",
    IMAGE,
    ROLE,
)
NUMBERS = (-(2**31), -1, 0, 1, 2, 10, 80, 512, 65536, 2**31 - 1)


@functools.cache
def shape(name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    model = asgi.service_model("ecs").shape_for(name)
    match model.type_name:
        case "structure":
            required = {
                each: shape(model.members[each].name, depth + 1) for each in model.required_members
            }
            optional = {
                each: shape(member.name, depth + 1)
                for each, member in model.members.items()
                if each not in required and depth < 5
            }
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            return st.lists(shape(model.member.name, depth + 1), max_size=2)
        case "map":
            return st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES), max_size=2)
        case "string":
            return st.sampled_from((*model.enum, *NAMES) if model.enum else NAMES)
        case "boolean":
            return st.booleans()
        case "double" | "float":
            return st.sampled_from((-1.0, 0.0, 0.5, 50.0, 100.0, 1e300))
        case "timestamp":
            return st.datetimes()
        case _:
            return st.sampled_from(NUMBERS)


@functools.cache
def stand() -> Stand:
    """One for all examples: what they make stays, and makes the next ones more interesting."""
    made = Stand()
    made.cluster()
    made.register()
    made.service()
    made.run_task()
    return made


@given(st.sampled_from(sorted(api.operations)), st.data())
@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
def test_any_input_gets_an_answer_of_ecs(operation: str, data: st.DataObject) -> None:
    model = asgi.service_model("ecs").operation_model(operation)
    sent = data.draw(shape(model.input_shape.name))
    if operation in ("CreateService", "RunTask", "CreateTaskSet") and data.draw(st.booleans()):
        sent = {
            **sent,
            "cluster": "c",
            "taskDefinition": "web",
            "launchType": "FARGATE",
            "networkConfiguration": stand().network,
        }
    before = stand().changes
    parsed = stand().client.parsed("ecs", operation, sent)
    status = parsed["ResponseMetadata"]["HTTPStatusCode"]
    assert status < 500, parsed
    if status >= 300:
        assert stand().changes == before
        assert parsed["Error"]["Code"].endswith("Exception")
        assert parsed["Error"]["Message"]


@given(st.data())
@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
def test_any_container_definition_is_kept_as_it_is_shown_or_refused(data: st.DataObject) -> None:
    container = data.draw(shape("ContainerDefinition"))
    drawn = {key: value for key, value in container.items() if data.draw(st.integers(0, 3)) == 0}
    sent = {
        "family": "any",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "512",
        "memory": "1024",
        "executionRoleArn": ROLE,
        "containerDefinitions": [{"name": "a", "image": "b", **drawn}],
    }
    parsed = stand().client.parsed("ecs", "RegisterTaskDefinition", sent)
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] < 500, parsed
    if "taskDefinition" in parsed:
        found = stand().ecs("DescribeTaskDefinition", taskDefinition="any")
        assert found["taskDefinition"] == parsed["taskDefinition"]
