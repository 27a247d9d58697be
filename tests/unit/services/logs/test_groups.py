from __future__ import annotations

import pytest
from tests.kit import asgi
from tests.unit.services.logs.stand import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def names(page: dict) -> list[str]:
    return [group["logGroupName"] for group in page["logGroups"]]


def test_a_group_has_awss_shape(stand: Stand) -> None:
    stand.group("awslogs-capstone")
    [group] = stand.logs("DescribeLogGroups")["logGroups"]
    arn = f"arn:aws:logs:us-east-1:{asgi.ACCOUNT}:log-group:awslogs-capstone"
    assert group == {
        "logGroupName": "awslogs-capstone",
        "creationTime": stand.now,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "deletionProtectionEnabled": False,
    }
    assert stand.elsewhere("DescribeLogGroups")["logGroups"] == []


def test_a_group_is_made_once_and_must_exist(stand: Stand) -> None:
    stand.group()
    assert stand.refusal("CreateLogGroup", logGroupName="app") == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    stand.logs("DeleteLogGroup", logGroupName="app")
    gone = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert stand.refusal("DeleteLogGroup", logGroupName="app") == gone
    assert stand.refusal("DescribeLogStreams", logGroupName="app") == gone
    assert stand.refusal("PutRetentionPolicy", logGroupName="app", retentionInDays=1) == gone


def test_options_without_effect_here_are_refused_by_name(stand: Stand) -> None:
    _, message = stand.refusal(
        "CreateLogGroup", logGroupName="app", kmsKeyId="arn:aws:kms:us-east-1:1:key/2"
    )
    assert "kmsKeyId" in message
    _, message = stand.refusal(
        "CreateLogGroup", logGroupName="app", logGroupClass="INFREQUENT_ACCESS"
    )
    assert "INFREQUENT_ACCESS" in message


def test_groups_are_listed_in_pages(stand: Stand) -> None:
    wanted = [f"/ecs/app-{number:03d}" for number in range(120)]
    for name in [*wanted, "other", "/ecs"]:
        stand.group(name)
    found, token = [], {}
    while True:
        page = stand.logs("DescribeLogGroups", logGroupNamePrefix="/ecs/", **token)
        found += names(page)
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert found == wanted
    assert names(stand.logs("DescribeLogGroups", logGroupNamePattern="app-11")) == wanted[110:120]
    assert names(stand.logs("DescribeLogGroups", limit=2)) == ["/ecs", "/ecs/app-000"]
    assert names(stand.logs("ListLogGroups", logGroupNamePattern="^oth|p-119")) == [
        "/ecs/app-119",
        "other",
    ]
    code, _ = stand.refusal("DescribeLogGroups", nextToken="nonsense")
    assert code == "InvalidParameterException"


def test_deletion_protection(stand: Stand) -> None:
    stand.group(deletionProtectionEnabled=True)
    assert stand.refusal("DeleteLogGroup", logGroupName="app")[0] == "ValidationException"
    stand.logs(
        "PutLogGroupDeletionProtection", logGroupIdentifier="app", deletionProtectionEnabled=False
    )
    stand.logs("DeleteLogGroup", logGroupName="app")


def test_retention_policies(stand: Stand) -> None:
    stand.group()
    stand.logs("PutRetentionPolicy", logGroupName="app", retentionInDays=7)
    assert stand.logs("DescribeLogGroups")["logGroups"][0]["retentionInDays"] == 7
    code, message = stand.refusal("PutRetentionPolicy", logGroupName="app", retentionInDays=8)
    assert code == "InvalidParameterException"
    assert "3653" in message
    stand.logs("DeleteRetentionPolicy", logGroupName="app")
    assert "retentionInDays" not in stand.logs("DescribeLogGroups")["logGroups"][0]


def test_tags_by_arn_and_by_name(stand: Stand) -> None:
    stand.group(tags={"course": "devops"})
    arn = f"arn:aws:logs:us-east-1:{asgi.ACCOUNT}:log-group:app"
    stand.logs("TagResource", resourceArn=arn, tags={"phase": "6"})
    stand.logs("TagLogGroup", logGroupName="app", tags={"phase": "7", "x": "y"})
    everything = {"course": "devops", "phase": "7", "x": "y"}
    assert stand.logs("ListTagsForResource", resourceArn=arn)["tags"] == everything
    stand.logs("UntagResource", resourceArn=arn, tagKeys=["x"])
    stand.logs("UntagLogGroup", logGroupName="app", tags=["phase"])
    assert stand.logs("ListTagsLogGroup", logGroupName="app")["tags"] == {"course": "devops"}
    many = {f"key{number}": "" for number in range(50)}
    assert stand.refusal("TagResource", resourceArn=arn, tags=many)[0] == "TooManyTagsException"
    code, _ = stand.refusal("ListTagsForResource", resourceArn=f"{arn}-other")
    assert code == "ResourceNotFoundException"
    code, _ = stand.refusal("TagLogGroup", logGroupName="app", tags={"aws:x": ""})
    assert code == "InvalidParameterException"
