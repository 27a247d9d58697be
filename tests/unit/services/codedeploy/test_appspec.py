"""AppSpec files, good and bad, with the place of what is wrong."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.errors import ServiceError
from demitasse.services.codedeploy.records.appspec import AppSpec, read
from demitasse.services.ecs.records import CapacityProviderUse, Network

DEFINITION = "arn:aws:ecs:us-east-1:000000000000:task-definition/customer-microservice:2"
GOOD = f"""\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "{DEFINITION}"
        LoadBalancerInfo:
          ContainerName: "customer"
          ContainerPort: 8080
"""


def refusal(text: str) -> str:
    with pytest.raises(ServiceError) as refused:
        read(text)
    assert refused.value.code == "InvalidRevisionException"
    return refused.value.message


def test_the_course_s_own() -> None:
    assert read(GOOD) == AppSpec(DEFINITION, "customer", 8080)


def test_everything_at_once_in_json_with_tabs() -> None:
    spec = {
        "version": 0.0,
        "resources": [
            {
                "TargetService": {
                    "type": "AWS::ECS::Service",
                    "properties": {
                        "taskDefinition": DEFINITION,
                        "loadBalancerInfo": {"containerName": "web", "containerPort": "80"},
                        "platformVersion": "LATEST",
                        "networkConfiguration": {
                            "awsvpcConfiguration": {
                                "subnets": ["subnet-1"],
                                "securityGroups": ["sg-1"],
                                "assignPublicIp": "ENABLED",
                            }
                        },
                        "capacityProviderStrategy": [
                            {"capacityProvider": "FARGATE", "base": 1, "weight": 2}
                        ],
                    },
                }
            }
        ],
        "hooks": [],
    }
    assert read(json.dumps(spec, indent="\t")) == AppSpec(
        DEFINITION,
        "web",
        80,
        "LATEST",
        Network(("subnet-1",), ("sg-1",), "ENABLED"),
        (CapacityProviderUse("FARGATE", 2, 1),),
    )


def test_a_merged_member_gives_way_to_one_s_own_however_it_is_spelled() -> None:
    merging = GOOD.replace("ContainerPort: 8080", "<<: {containerport: 1, containername: other}")
    assert read(merging).port == 1
    both = merging.replace("<<:", "ContainerPort: 8080\n          <<:")
    assert read(both) == AppSpec(DEFINITION, "customer", 8080)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.0", "1.0", "(line 1, column 10): version must be 0.0"),
        ("version: 0.0\n", "", "version is missing"),
        ("Resources", "Resource", "(line 2, column 1): 'Resource' is not a member"),
        ("AWS::ECS::Service", "AWS::Lambda::Function", "(line 4, column 13)"),
        (f'"{DEFINITION}"', "<TASK_DEFINITION>", "(line 6, column 25)"),
        (f'"{DEFINITION}"', "", "(line 6, column 24)"),
        ('ContainerName: "customer"', "Container: x", "(line 8, column 11): 'Container'"),
        ("          ContainerPort: 8080\n", "", "LoadBalancerInfo.ContainerPort is missing"),
        ("8080", "http", "(line 9, column 26)"),
        ("8080", "80800", "must be from 1 to 65535"),
        ("      Type", "     Type", "(line 5, column"),
        ("8080", "8080\n          ContainerPort: 80", "(line 10, column 11): ContainerPort stands"),
        ("8080", "[8080", "(line 10, column 1)"),
        ("  - TargetService", "  - Other: {}\n  - TargetService", "exactly one target service"),
        ("8080\n", "8080\nHooks:\n  - BeforeInstall: fn\n", "(line 11, column 20): hooks.Before"),
        ("8080\n", "8080\nHooks:\n  - Before: fn\n", "(line 11, column 5): 'Before'"),
        (GOOD, "", "it is empty"),
        (GOOD, "- a", "(line 1, column 1): the AppSpec file must be a mapping"),
        (GOOD, "\x00", "not valid"),
        (GOOD, "{" * 5000, "nested too deeply"),
        (GOOD, "- " * 2000, "nested too deeply"),
        (GOOD, "x" * 10_001, "10000 characters"),
    ],
)
def test_what_is_wrong_and_where(old: str, new: str, words: str) -> None:
    assert old in GOOD
    assert words in refusal(GOOD.replace(old, new))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ServiceError):
        read(text)


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.text(max_size=5))
def test_any_damage_is_read_or_refused(start: int, length: int, text: str) -> None:
    with contextlib.suppress(ServiceError):
        read(GOOD[:start] + text + GOOD[start + length :])
