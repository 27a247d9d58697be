"""Task definitions: what is kept, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.ecs.stand import IMAGE, ROLE, Stand, definition

from demitasse.services.ecs.operations.fargate import SIZES, cpu_units, memory_mib
from demitasse.services.ecs.plan.resources import shares
from demitasse.services.ecs.records import ContainerDefinition

LOG = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "g",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "p",
    },
}


def refused(stand: Stand | None = None, **changes: Any) -> tuple[str, str]:
    return (stand or Stand()).refusal("RegisterTaskDefinition", **definition(**changes))


def test_what_was_registered_is_described() -> None:
    stand = Stand()
    given = definition(
        container={
            "cpu": 256,
            "memory": 512,
            "memoryReservation": 128,
            "entryPoint": ["sh"],
            "command": ["-c", "true"],
            "environment": [{"name": "A", "value": ""}],
            "user": "1000",
            "workingDirectory": "/srv",
            "readonlyRootFilesystem": True,
            "stopTimeout": 5,
            "startTimeout": 5,
            "dockerLabels": {"a": "b"},
            "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 1024}],
            "logConfiguration": LOG,
            "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10},
            "linuxParameters": {
                "initProcessEnabled": True,
                "capabilities": {"add": ["SYS_PTRACE"], "drop": ["NET_RAW"]},
            },
            "systemControls": [{"namespace": "net.core.somaxconn", "value": "512"}],
            "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}],
            "versionConsistency": "enabled",
            # said, but saying nothing
            "links": [],
            "privileged": False,
            "interactive": False,
        },
        volumes=[{"name": "v", "host": {}}],
        taskRoleArn=ROLE,
        tags=[{"key": "k", "value": "v"}],
        runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
    )
    made = stand.ecs("RegisterTaskDefinition", **given)
    found = stand.ecs("DescribeTaskDefinition", taskDefinition="web:1", include=["TAGS"])
    assert found["tags"] == [{"key": "k", "value": "v"}]
    assert found["taskDefinition"] == made["taskDefinition"]
    shown = found["taskDefinition"]
    assert shown["compatibilities"] == ["EC2", "FARGATE"]
    assert (shown["status"], shown["revision"], shown["cpu"]) == ("ACTIVE", 1, "512")
    [container] = shown["containerDefinitions"]
    for member, value in given["containerDefinitions"][0].items():
        if member in ("links", "privileged", "interactive"):
            assert member not in container
        elif member == "portMappings":
            assert container[member] == [
                {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}
            ]
        elif member == "healthCheck":
            assert container[member] == {
                "command": ["CMD-SHELL", "true"],
                "interval": 10,
                "timeout": 5,
                "retries": 3,
            }
        elif member == "mountPoints":
            assert container[member] == [{**value[0], "readOnly": False}]
        else:
            assert container[member] == value, member


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cpu": "512", "memory": "512"},
            (
                "No Fargate configuration exists for given values: 512 CPU, 512 memory. See the Amazon"
                " ECS documentation for the valid values."
            ),
        ),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        ({"memory": None}, "Fargate requires that 'memory' be defined at the task level."),
        ({"networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),
        (
            {"executionRoleArn": None},
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ),
        (
            {"executionRoleArn": None, "container": {"image": "x", "logConfiguration": LOG}},
            (
                "Fargate requires task definition to have execution role ARN to support log driver"
                " awslogs."
            ),
        ),
        ({"container": {"essential": False}}, "does not have any essential container"),
        ({"container": {"image": ""}}, "Container.image should not be null or empty."),
        ({"container": {"image": "<IMAGE1_NAME>"}}, "invalid characters"),
        (
            {"container": {"portMappings": [{"containerPort": 80, "hostPort": 81}]}},
            (
                "When networkMode=awsvpc, the host ports and container ports in port mappings must"
                " match."
            ),
        ),
        ({"container": {"memory": 2048}}, "is greater than for the task"),
        ({"container": {"cpu": 1024}}, "The sum of all container 'cpu' values cannot be greater"),
        ({"container": {"stopTimeout": 121}}, "stopTimeout must be between 2 and 120"),
        ({"container": {"mountPoints": [{"sourceVolume": "v", "containerPath": "/"}]}}, "Unknown"),
        ({"container": {"healthCheck": {"command": ["true"]}}}, "must start with CMD"),
        (
            {"container": {"linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}}}},
            "SYS_PTRACE",
        ),
        ({"container": {"dockerLabels": {"demitasse.task": "x"}}}, "reserved"),
        (
            {"container": {"logConfiguration": {"logDriver": "awslogs", "options": {}}}},
            "Log driver awslogs requires options: awslogs-region, awslogs-group",
        ),
        ({"containerDefinitions": []}, "Container list cannot be empty."),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    given = {key: value for key, value in definition(**changes).items() if value is not None}
    code, said = Stand().refusal("RegisterTaskDefinition", **given)
    assert code == "ClientException"
    assert message in said


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"container": {"secrets": [{"name": "A", "valueFrom": "x"}]}}, "secrets"),
        (
            {"container": {"environmentFiles": [{"value": "x", "type": "s3"}]}},
            "environmentFiles",
        ),
        ({"container": {"privileged": True}}, "privileged"),
        ({"container": {"links": ["x"]}}, "links"),
        ({"container": {"interactive": True}}, "interactive"),
        ({"container": {"logConfiguration": {"logDriver": "splunk"}}}, "logDriver splunk"),
        ({"container": {"linuxParameters": {"sharedMemorySize": 64}}}, "sharedMemorySize"),
        ({"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f"}}]}, "efs"),
        ({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]}, "volumes[0].host.sourcePath"),
        ({"requiresCompatibilities": ["EC2"]}, "requiresCompatibilities EC2"),
        ({"pidMode": "task"}, "pidMode"),
        ({"ephemeralStorage": {"sizeInGiB": 30}}, "ephemeralStorage"),
    ],
)
def test_what_is_not_carried_out_is_refused_by_its_name(changes: dict[str, Any], name: str) -> None:
    code, message = refused(**changes)
    assert code in ("InvalidParameterException", "ClientException")
    assert name in message
    assert "not supported by Demitasse" in message


@pytest.mark.parametrize(
    ("dependencies", "message"),
    [
        ([("a", "x", "START")], "not another container"),
        ([("a", "a", "START")], "not another container"),
        ([("a", "b", "SUCCESS")], "essential"),
        ([("a", "b", "HEALTHY")], "no health check"),
        ([("a", "b", "START"), ("b", "a", "START")], "circular: a, b"),
    ],
)
def test_dependencies_that_cannot_be_fulfilled_are_refused(
    dependencies: list[tuple[str, str, str]], message: str
) -> None:
    containers = [
        {
            "name": name,
            "image": IMAGE,
            "dependsOn": [
                {"containerName": other, "condition": condition}
                for who, other, condition in dependencies
                if who == name
            ],
        }
        for name in ("a", "b")
    ]
    code, said = refused(containerDefinitions=containers)
    assert code == "ClientException"
    assert message in said


def test_cpu_and_memory_may_be_said_in_words() -> None:
    stand = Stand()
    stand.register(cpu=".5 vCPU", memory="1 GB")
    shown = stand.ecs("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]
    assert (shown["cpu"], shown["memory"]) == ("512", "1024")


@given(st.sampled_from(sorted(SIZES)), st.data())
def test_fargates_sizes_in_all_spellings(cpu: int, data: st.DataObject) -> None:
    memory = data.draw(st.sampled_from(list(SIZES[cpu])))
    assert cpu_units(f"{cpu / 1024} vcpu") == cpu_units(str(cpu)) == cpu
    assert memory_mib(f"{memory / 1024}GB") == memory_mib(str(memory)) == memory


def test_revisions_count_up_and_are_never_given_again() -> None:
    stand = Stand()
    for _ in range(11):
        stand.register()
    stand.ecs("DeregisterTaskDefinition", taskDefinition="web:11")
    newest = stand.ecs("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]
    assert newest["revision"] == 10
    assert stand.register().endswith(":12")
    listed = stand.ecs("ListTaskDefinitions", familyPrefix="web")["taskDefinitionArns"]
    assert [arn.rpartition(":")[2] for arn in listed] == [
        *(str(number) for number in range(1, 11)),
        "12",
    ]
    down = stand.ecs("ListTaskDefinitions", sort="DESC", maxResults=2)
    assert [arn.rpartition(":")[2] for arn in down["taskDefinitionArns"]] == ["12", "10"]
    more = stand.ecs("ListTaskDefinitions", sort="DESC", maxResults=2, nextToken=down["nextToken"])
    assert [arn.rpartition(":")[2] for arn in more["taskDefinitionArns"]] == ["9", "8"]
    gone = stand.ecs("ListTaskDefinitions", status="INACTIVE")["taskDefinitionArns"]
    assert [arn.rpartition(":")[2] for arn in gone] == ["11"]


def test_families_are_listed_by_their_beginning() -> None:
    stand = Stand()
    for family in ("web", "web-api", "other"):
        stand.register(family)
    stand.ecs("DeregisterTaskDefinition", taskDefinition="other:1")
    families = stand.ecs("ListTaskDefinitionFamilies", status="ACTIVE")["families"]
    assert families == ["web", "web-api"]
    assert stand.ecs("ListTaskDefinitionFamilies", familyPrefix="web-")["families"] == ["web-api"]
    assert stand.ecs("ListTaskDefinitionFamilies")["families"] == ["other", "web", "web-api"]


def test_deleting_needs_deregistering_and_waits_for_who_uses_it() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    arn = stand.run_task()
    answer = stand.ecs("DeleteTaskDefinitions", taskDefinitions=["web:1", "nope:1"])
    assert "still in ACTIVE" in answer["failures"][0]["reason"]
    assert answer["failures"][1]["reason"] == "MISSING"
    stand.ecs("DeregisterTaskDefinition", taskDefinition="web:1")
    answer = stand.ecs("DeleteTaskDefinitions", taskDefinitions=["web:1"])
    assert answer["taskDefinitions"][0]["status"] == "DELETE_IN_PROGRESS"

    async def scenario() -> None:
        await stand.until(stand.running)
        assert stand.ecs("DescribeTaskDefinition", taskDefinition="web:1")
        stand.ecs("StopTask", cluster="c", task=arn)
        await stand.later(70, step=5)
        code, message = stand.refusal("DescribeTaskDefinition", taskDefinition="web:1")
        assert (code, message) == ("ClientException", "Unable to describe task definition.")
        # The stopped task can still be seen.
        assert stand.see_task(arn)["lastStatus"] == "STOPPED"

    stand.run(scenario)


containers = st.lists(
    st.builds(
        ContainerDefinition,
        name=st.uuids().map(str),
        image=st.just("x"),
        cpu=st.sampled_from((0, 10, 128, 256)),
        memory=st.sampled_from((None, 64, 128)),
        memory_reservation=st.sampled_from((None, 64)),
    ),
    min_size=1,
    max_size=4,
)


@given(containers)
def test_the_parts_never_exceed_the_whole(given: list[ContainerDefinition]) -> None:
    found = shares(given, 1024, 2048)
    assert sum(share.cpu for share in found.values()) <= 1.0 + 1e-9
    assert sum(share.memory for share in found.values()) <= 2048
    if len(given) == 1 and given[0].memory is None:
        assert found[given[0].name] == (1.0, 2048)
