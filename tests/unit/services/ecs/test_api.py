"""Clusters, services, tasks, tags and settings: the API's answers and refusals."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.ecs.stand import Stand, definition

NOT_FOUND = ("ClusterNotFoundException", "Cluster not found.")


def test_clusters_from_making_to_deleting() -> None:
    stand = Stand()
    made = stand.ecs("CreateCluster", clusterName="c", tags=[{"key": "a", "value": "b"}])
    assert made["cluster"]["status"] == "ACTIVE"
    again = stand.ecs("CreateCluster", clusterName="c")
    assert again["cluster"]["clusterArn"] == made["cluster"]["clusterArn"]
    assert stand.ecs("CreateCluster")["cluster"]["clusterName"] == "default"
    assert len(stand.ecs("ListClusters")["clusterArns"]) == 2
    found = stand.ecs("DescribeClusters", clusters=["c", "x"], include=["TAGS", "STATISTICS"])
    assert found["clusters"][0]["tags"] == [{"key": "a", "value": "b"}]
    assert found["failures"] == [
        {"arn": "arn:aws:ecs:us-east-1:123456789012:cluster/x", "reason": "MISSING"}
    ]
    assert stand.ecs("DescribeClusters", clusters=["c"])["clusters"][0]["tags"] == []
    assert stand.elsewhere("ListClusters")["clusterArns"] == []
    assert stand.ecs("DeleteCluster", cluster="c")["cluster"]["status"] == "INACTIVE"
    assert len(stand.ecs("ListClusters")["clusterArns"]) == 1
    assert stand.refusal("DeleteCluster", cluster="c") == NOT_FOUND
    assert stand.ecs("CreateCluster", clusterName="c")["cluster"]["tags"] == []


def test_clusters_with_capacity_providers() -> None:
    stand = Stand()
    both = ["FARGATE", "FARGATE_SPOT"]
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 3},
    ]
    stand.cluster()
    cluster = stand.ecs(
        "PutClusterCapacityProviders",
        cluster="c",
        capacityProviders=both,
        defaultCapacityProviderStrategy=strategy,
    )["cluster"]
    assert cluster["defaultCapacityProviderStrategy"] == strategy
    stand.register()
    stand.service(desiredCount=5, launchType=None)

    async def scenario() -> None:
        await stand.until(lambda: len(stand.running()) == 5)
        used = [task["capacityProviderName"] for task in stand.running()]
        assert sorted(used) == ["FARGATE", "FARGATE", *["FARGATE_SPOT"] * 3]

    stand.run(scenario)
    found = stand.ecs("DescribeCapacityProviders", capacityProviders=["FARGATE", "X"])
    assert found["capacityProviders"][0]["status"] == "ACTIVE"
    assert found["failures"][0]["reason"] == "MISSING"
    assert len(stand.ecs("DescribeCapacityProviders")["capacityProviders"]) == 2


@pytest.mark.parametrize(
    ("operation", "given", "code", "message"),
    [
        ("CreateCluster", {"clusterName": "a b"}, "InvalidParameterException", "letters"),
        (
            "CreateCluster",
            {"capacityProviders": ["MINE"]},
            "InvalidParameterException",
            "not found",
        ),
        (
            "CreateCluster",
            {"settings": [{"name": "containerInsights", "value": "enabled"}]},
            "InvalidParameterException",
            "containerInsights = enabled is not supported by Demitasse",
        ),
        (
            "CreateCluster",
            {"serviceConnectDefaults": {"namespace": "n"}},
            "InvalidParameterException",
            "serviceConnectDefaults",
        ),
        ("UpdateCluster", {"cluster": "x"}, *NOT_FOUND),
        ("ListTasks", {"cluster": "x"}, *NOT_FOUND),
        ("DescribeServices", {"cluster": "x", "services": ["a"]}, *NOT_FOUND),
        ("RunTask", {"cluster": "x", "taskDefinition": "a"}, *NOT_FOUND),
        (
            "DescribeServices",
            {"cluster": "c", "services": []},
            "InvalidParameterException",
            "Services cannot be empty.",
        ),
        (
            "DescribeTasks",
            {"cluster": "c", "tasks": []},
            "InvalidParameterException",
            "Tasks cannot be empty.",
        ),
        (
            "StopTask",
            {"cluster": "c", "task": "nope"},
            "InvalidParameterException",
            "The referenced task was not found.",
        ),
        (
            "UpdateService",
            {"cluster": "c", "service": "nope"},
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "DeleteService",
            {"cluster": "c", "service": "nope"},
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "ListTasks",
            {"cluster": "c", "serviceName": "nope"},
            "ServiceNotFoundException",
            "Service not found.",
        ),
        ("ListServices", {"cluster": "c", "maxResults": 0}, "InvalidParameterException", "between"),
        (
            "ListServices",
            {"cluster": "c", "nextToken": "rubbish"},
            "InvalidParameterException",
            "Invalid token.",
        ),
        (
            "TagResource",
            {"resourceArn": "x", "tags": []},
            "InvalidParameterException",
            "Invalid resource ARN",
        ),
        (
            "DescribeTaskDefinition",
            {"taskDefinition": "nope"},
            "ClientException",
            "Unable to describe task definition.",
        ),
        (
            "ExecuteCommand",
            {"cluster": "c", "task": "t", "command": "sh", "interactive": True},
            "UnknownOperationException",
            "ExecuteCommand",
        ),
        (
            "StartTask",
            {"cluster": "c", "taskDefinition": "t", "containerInstances": ["i"]},
            "UnknownOperationException",
            "StartTask",
        ),
        (
            "SubmitTaskStateChange",
            {"cluster": "n"},
            "UnknownOperationException",
            "SubmitTaskStateChange",
        ),
    ],
)
def test_refusals(operation: str, given: dict[str, Any], code: str, message: str) -> None:
    stand = Stand()
    stand.cluster()
    answered, said = stand.refusal(operation, **given)
    assert answered == code
    assert message in said


def test_pages_of_services_and_tasks() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    for number in range(12):
        stand.service(f"s{number:02d}", desiredCount=0)
    first = stand.ecs("ListServices", cluster="c")
    assert len(first["serviceArns"]) == 10
    rest = stand.ecs("ListServices", cluster="c", nextToken=first["nextToken"])
    assert len(rest["serviceArns"]) == 2
    assert "nextToken" not in rest
    arns = [stand.run_task(startedBy="a" if number % 3 else "b") for number in range(9)]
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = stand.ecs("ListTasks", cluster="c", maxResults=2, **token)
        found += answer["taskArns"]
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    assert sorted(found) == sorted(arns)
    assert len(stand.ecs("ListTasks", cluster="c", startedBy="b")["taskArns"]) == 3
    assert len(stand.ecs("ListTasks", cluster="c", family="web")["taskArns"]) == 9
    assert stand.ecs("ListTasks", cluster="c", family="other")["taskArns"] == []
    assert stand.ecs("ListTasks", cluster="c", desiredStatus="STOPPED")["taskArns"] == []
    assert stand.ecs("ListTasks", cluster="c", launchType="EC2")["taskArns"] == []
    stand.ecs("StopTask", cluster="c", task=arns[0])
    assert stand.ecs("ListTasks", cluster="c", desiredStatus="STOPPED")["taskArns"] == [arns[0]]
    assert len(stand.ecs("ListTasks", cluster="c", family="web", startedBy="a")["taskArns"]) == 6


def test_a_client_token_runs_a_task_once() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    assert stand.run_task(clientToken="t") == stand.run_task(clientToken="t")
    assert len(stand.tasks()) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 11}, "Count should be at least 1 and at most 10."),
        ({"startedBy": "x" * 129}, "startedBy can have up to 128 letters"),
        ({"startedBy": "no spaces"}, "startedBy can have up to 128 letters"),
        ({"group": "service:x"}, "service:"),
        ({"overrides": {"containerOverrides": [{"name": "x"}]}}, "is not a container in the"),
        ({"overrides": {"cpu": "256", "memory": "9999"}}, "No Fargate configuration exists"),
        ({"placementConstraints": [{"type": "distinctInstance"}]}, "placementConstraints"),
        ({"taskDefinition": "web:9"}, "TaskDefinition not found."),
    ],
)
def test_tasks_that_cannot_be(given: dict[str, Any], message: str) -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    wanted = {
        "cluster": "c",
        "taskDefinition": "web",
        "launchType": "FARGATE",
        "networkConfiguration": stand.network,
        **given,
    }
    _, said = stand.refusal("RunTask", **wanted)
    assert message in said
    assert stand.tasks() == []


def test_a_task_definition_that_is_not_for_fargate_cannot_be_run() -> None:
    stand = Stand()
    stand.cluster()
    given = definition(cpu="300", memory="700")
    del given["requiresCompatibilities"]
    made = stand.ecs("RegisterTaskDefinition", **given)["taskDefinition"]
    assert made["compatibilities"] == ["EC2"]
    answer = stand.refusal(
        "RunTask",
        cluster="c",
        taskDefinition="web",
        launchType="FARGATE",
        networkConfiguration=stand.network,
    )
    assert answer == (
        "InvalidParameterException",
        "Task definition does not support launch_type FARGATE.",
    )


def test_tags_of_everything() -> None:
    stand = Stand()
    arns = [stand.cluster(), stand.register(), stand.service()["serviceArn"], stand.run_task()]
    for arn in arns:
        stand.ecs("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "1"}])
        stand.ecs("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        stand.ecs("UntagResource", resourceArn=arn, tagKeys=["a"])
        found = stand.ecs("ListTagsForResource", resourceArn=arn)
        assert found["tags"] == [{"key": "b", "value": "2"}]
    code, _ = stand.refusal(
        "TagResource", resourceArn=arns[0], tags=[{"key": "aws:x", "value": ""}]
    )
    assert code == "InvalidParameterException"
    many = [{"key": str(number), "value": ""} for number in range(51)]
    assert stand.refusal("TagResource", resourceArn=arns[0], tags=many)[0] == code


def test_tags_are_propagated_to_tasks() -> None:
    stand = Stand()
    stand.cluster()
    stand.register(tags=[{"key": "of", "value": "definition"}])
    stand.service(
        propagateTags="SERVICE",
        enableECSManagedTags=True,
        tags=[{"key": "of", "value": "service"}],
    )

    async def scenario() -> None:
        await stand.until(stand.running)
        [task] = stand.running()
        tags = stand.ecs("ListTagsForResource", resourceArn=task["taskArn"])["tags"]
        assert {each["key"]: each["value"] for each in tags} == {
            "of": "service",
            "aws:ecs:clusterName": "c",
            "aws:ecs:serviceName": "web",
        }

    stand.run(scenario)


def test_account_settings() -> None:
    stand = Stand()
    effective = stand.ecs("ListAccountSettings", effectiveSettings=True, maxResults=100)
    by_name = {each["name"]: each["value"] for each in effective["settings"]}
    assert by_name["taskLongArnFormat"] == "enabled"
    stand.ecs("PutAccountSettingDefault", name="fargateTaskRetirementWaitPeriod", value="14")
    stand.ecs("PutAccountSetting", name="awsvpcTrunking", value="enabled")
    found = stand.ecs("ListAccountSettings", effectiveSettings=True, maxResults=100)["settings"]
    by_name = {each["name"]: each["value"] for each in found}
    assert by_name["fargateTaskRetirementWaitPeriod"] == "14"
    assert by_name["awsvpcTrunking"] == "enabled"
    own = stand.ecs("ListAccountSettings")["settings"]
    assert [each["name"] for each in own] == ["awsvpcTrunking"]
    stand.ecs("DeleteAccountSetting", name="awsvpcTrunking")
    assert stand.ecs("ListAccountSettings")["settings"] == []
    for name, value in (("taskLongArnFormat", "disabled"), ("containerInsights", "enabled")):
        _, message = stand.refusal("PutAccountSetting", name=name, value=value)
        assert "not supported by Demitasse" in message
    assert (
        "Invalid value"
        in stand.refusal("PutAccountSetting", name="awsvpcTrunking", value="maybe")[1]
    )
