"""Rules, targets, buses and tags, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kit import asgi

from .stand import GROUP_ARN, PIPELINE_ARN, PROJECT_ARN, ROLE, Stand

PREFIX = f"arn:aws:events:us-east-1:{asgi.ACCOUNT}"


def test_a_rule_is_kept_replaced_switched_and_forgotten() -> None:
    stand = Stand()
    pattern = '{"source": ["aws.ecr"]}'
    given = {"EventPattern": pattern, "Description": "why", "RoleArn": ROLE}
    arn = stand.events("PutRule", Name="push", **given)["RuleArn"]
    assert arn == f"{PREFIX}:rule/push"
    shown = stand.events("DescribeRule", Name="push")
    assert {name: shown[name] for name in given} == given
    assert shown["State"] == "ENABLED"
    assert shown["CreatedBy"] == asgi.ACCOUNT
    assert shown["EventBusName"] == "default"
    stand.to_logs("push")
    stand.events("PutRule", Name="push", ScheduleExpression="rate(1 hour)", State="DISABLED")
    shown = stand.events("DescribeRule", Name="push")
    assert "EventPattern" not in shown
    assert (shown["ScheduleExpression"], shown["State"]) == ("rate(1 hour)", "DISABLED")
    assert len(stand.events("ListTargetsByRule", Rule="push")["Targets"]) == 1
    stand.events("EnableRule", Name="push")
    assert stand.events("DescribeRule", Name="push")["State"] == "ENABLED"
    stand.events("DisableRule", Name="push")
    assert stand.events("DescribeRule", Name="push")["State"] == "DISABLED"
    assert stand.refused("DeleteRule", Name="push") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    stand.events("RemoveTargets", Rule="push", Ids=["all"])
    stand.events("DeleteRule", Name="push")
    stand.events("DeleteRule", Name="push")
    assert stand.refused("DescribeRule", Name="push") == (
        "ResourceNotFoundException",
        "Rule push does not exist on EventBus default.",
    )


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({}, "ValidationException", "EventPattern or ScheduleExpression must be specified"),
        (
            {"EventPattern": '{"source": "x"}'},
            "InvalidEventPatternException",
            'Event pattern is not valid. Reason: "source" must be an object or an array',
        ),
        ({"ScheduleExpression": "rate(1 minutes)"}, "ValidationException", "is not valid."),
        (
            {"ScheduleExpression": "rate(1 minute)", "EventBusName": "mine"},
            "ValidationException",
            "ScheduleExpression is supported only on the default event bus.",
        ),
        ({"EventBusName": "none"}, "ResourceNotFoundException", "Event bus none does not exist."),
        (
            {"ScheduleExpression": "rate(1 day)", "RoleArn": ROLE + "x"},
            "ValidationException",
            "cannot be assumed by principal",
        ),
        (
            {
                "EventPattern": '{"a": [1]}',
                "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            },
            "ValidationException",
            "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is not supported",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused(given: Any, code: str, message: str) -> None:
    stand = Stand()
    stand.events("CreateEventBus", Name="mine")
    refused = stand.refused("PutRule", Name="rule", **given)
    assert refused[0] == code
    assert message in refused[1]
    assert stand.events("ListRules")["Rules"] == []


def test_rules_are_listed_by_bus_prefix_and_page() -> None:
    stand = Stand()
    stand.events("CreateEventBus", Name="default2")
    for name in ("b", "a1", "a2", "a3"):
        stand.rule(name)
    stand.rule("a0", EventBusName="default2")
    page = stand.events("ListRules", NamePrefix="a", Limit=2)
    assert [each["Name"] for each in page["Rules"]] == ["a1", "a2"]
    rest = stand.events("ListRules", NamePrefix="a", Limit=2, NextToken=page["NextToken"])
    assert [each["Name"] for each in rest["Rules"]] == ["a3"]
    assert "NextToken" not in rest
    other = stand.events("ListRules", EventBusName="default2")["Rules"]
    assert [each["Arn"] for each in other] == [f"{PREFIX}:rule/default2/a0"]
    assert stand.refused("ListRules", NextToken="?")[0] == "ValidationException"


def test_a_bus_takes_three_hundred_rules() -> None:
    stand = Stand()
    for number in range(300):
        stand.rule(f"rule-{number}")
    assert stand.refused("PutRule", Name="more", ScheduleExpression="rate(1 day)")[0] == (
        "LimitExceededException"
    )
    stand.rule("rule-7", {"source": ["other"]})


def test_targets_are_put_listed_found_and_removed() -> None:
    stand = Stand()
    stand.rule("one")
    stand.rule("two")
    targets: list[dict[str, Any]] = [
        {"Id": "log", "Arn": GROUP_ARN, "InputPath": "$.detail"},
        {"Id": "pipeline", "Arn": PIPELINE_ARN, "RoleArn": ROLE},
        {
            "Id": "build",
            "Arn": PROJECT_ARN,
            "RoleArn": ROLE,
            "InputTransformer": {
                "InputPathsMap": {"v": "$.detail.version"},
                "InputTemplate": '{"sourceVersion": <v>}',
            },
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
        },
    ]
    assert stand.events("PutTargets", Rule="one", Targets=targets)["FailedEntryCount"] == 0
    assert stand.events("ListTargetsByRule", Rule="one")["Targets"] == targets
    page = stand.events("ListTargetsByRule", Rule="one", Limit=2)
    assert len(page["Targets"]) == 2
    rest = stand.events("ListTargetsByRule", Rule="one", NextToken=page["NextToken"])
    assert rest["Targets"] == targets[2:]
    stand.to_logs("two")
    found = stand.events("ListRuleNamesByTarget", TargetArn=GROUP_ARN)
    assert found["RuleNames"] == ["one", "two"]
    answer = stand.events("RemoveTargets", Rule="one", Ids=["log", "ghost"])
    assert answer["FailedEntryCount"] == 1
    assert answer["FailedEntries"][0]["TargetId"] == "ghost"
    assert stand.events("ListRuleNamesByTarget", TargetArn=GROUP_ARN)["RuleNames"] == ["two"]
    more = [{"Id": str(each), "Arn": GROUP_ARN} for each in range(4)]
    assert stand.refused("PutTargets", Rule="one", Targets=more)[0] == "LimitExceededException"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "x"}, "Provided Arn is not in correct format"),
        (
            {"Arn": f"arn:aws:lambda:us-east-1:{asgi.ACCOUNT}:function:f"},
            "target of the service lambda",
        ),
        ({"Arn": "arn:aws:sqs:us-east-1:123456789012:queue"}, "target of the service sqs"),
        ({"Arn": GROUP_ARN.replace("us-east-1", "eu-west-3")}, "another account or region"),
        ({"Arn": f"arn:aws:codebuild:us-east-1:{asgi.ACCOUNT}:build/x"}, "does not name"),
        ({"Arn": PIPELINE_ARN}, f"RoleArn is required for target {PIPELINE_ARN}."),
        ({"Arn": PIPELINE_ARN, "RoleArn": ROLE + "x"}, "cannot be assumed by principal"),
        ({"Arn": GROUP_ARN, "RoleArn": ROLE}, "RoleArn is not supported"),
        ({"Arn": GROUP_ARN, "DeadLetterConfig": {"Arn": "q"}}, "DeadLetterConfig is not supported"),
        ({"Arn": GROUP_ARN, "SqsParameters": {}}, "SqsParameters is not supported"),
        ({"Arn": GROUP_ARN, "Input": "{"}, "JSON syntax error in input"),
        ({"Arn": GROUP_ARN, "Input": "{}", "InputPath": "$"}, "Only one of"),
        ({"Arn": GROUP_ARN, "InputPath": "detail"}, "Invalid InputPath"),
        (
            {"Arn": GROUP_ARN, "InputTransformer": {"InputTemplate": '"<x>"'}},
            "invalid placeholder x",
        ),
        (
            {"Arn": GROUP_ARN, "InputTransformer": {"InputTemplate": "{"}},
            "is not valid JSON",
        ),
        (
            {"Arn": PIPELINE_ARN, "RoleArn": ROLE, "Input": '{"name": "x"}'},
            "The member name in the input of a CodePipeline target",
        ),
        (
            {"Arn": PROJECT_ARN, "RoleArn": ROLE, "Input": '{"timeoutInMinutesOverride": "x"}'},
            "The input of the target is not valid",
        ),
        (
            {
                "Arn": PROJECT_ARN,
                "RoleArn": ROLE,
                "Input": '{"sourceTypeOverride": "CODEPIPELINE"}',
            },
            "are started by CodePipeline alone",
        ),
        (
            {
                "Arn": PROJECT_ARN,
                "RoleArn": ROLE,
                "Input": json.dumps(
                    {
                        "environmentVariablesOverride": [
                            {"name": "A", "value": "b", "type": "SECRETS_MANAGER"}
                        ]
                    }
                ),
            },
            "type SECRETS_MANAGER is not supported",
        ),
        ({"Arn": PROJECT_ARN, "RoleArn": ROLE, "Input": "[]"}, "input of the target is not valid"),
    ],
)
def test_a_target_that_cannot_be_is_refused(target: Any, message: str) -> None:
    stand = Stand()
    stand.rule()
    code, text = stand.refused("PutTargets", Rule="rule", Targets=[{"Id": "t", **target}])
    assert code == "ValidationException"
    assert message in text
    assert stand.events("ListTargetsByRule", Rule="rule")["Targets"] == []


def test_buses_are_made_and_forgotten() -> None:
    stand = Stand()
    default = stand.events("DescribeEventBus")
    assert (default["Name"], default["Arn"]) == ("default", f"{PREFIX}:event-bus/default")
    arn = stand.events("CreateEventBus", Name="orders", Description="ours")["EventBusArn"]
    assert arn == f"{PREFIX}:event-bus/orders"
    shown = stand.events("DescribeEventBus", Name=arn)
    assert (shown["Name"], shown["Description"]) == ("orders", "ours")
    stand.clock.advance(60)
    updated = stand.events("UpdateEventBus", Name="orders", Description="theirs")
    assert (updated["Arn"], updated["Description"]) == (arn, "theirs")
    shown = stand.events("DescribeEventBus", Name="orders")
    assert shown["Description"] == "theirs"
    assert (shown["LastModifiedTime"] - shown["CreationTime"]).total_seconds() == 60
    assert stand.refused("UpdateEventBus", Name="none")[0] == "ResourceNotFoundException"
    assert "KmsKeyIdentifier" in stand.refused("UpdateEventBus", KmsKeyIdentifier="k")[1]
    listed = stand.events("ListEventBuses", Limit=1)
    assert [each["Name"] for each in listed["EventBuses"]] == ["default"]
    rest = stand.events("ListEventBuses", NextToken=listed["NextToken"])
    assert [each["Name"] for each in rest["EventBuses"]] == ["orders"]
    assert [
        each["Name"] for each in stand.events("ListEventBuses", NamePrefix="or")["EventBuses"]
    ] == ["orders"]
    stand.rule(EventBusName="orders")
    assert "since it has rules" in stand.refused("DeleteEventBus", Name="orders")[1]
    stand.events("DeleteRule", Name="rule", EventBusName=arn)
    stand.events("DeleteEventBus", Name="orders")
    stand.events("DeleteEventBus", Name="orders")
    assert stand.refused("DescribeEventBus", Name="orders")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Name": "default"}, "ResourceAlreadyExistsException"),
        ({"Name": "a/b"}, "ValidationException"),
        ({"Name": "a", "EventSourceName": "aws.partner/a/b"}, "ValidationException"),
        ({"Name": "a", "KmsKeyIdentifier": "k"}, "ValidationException"),
        ({"Name": "a", "DeadLetterConfig": {"Arn": "q"}}, "ValidationException"),
        ({"Name": "a", "LogConfig": {"Level": "INFO"}}, "ValidationException"),
        ({"Name": "a", "Tags": [{"Key": "aws:x", "Value": ""}]}, "ValidationException"),
    ],
)
def test_a_bus_that_cannot_be_is_refused(given: Any, code: str) -> None:
    assert Stand().refused("CreateEventBus", **given)[0] == code


def test_the_default_bus_stays_and_others_buses_are_not_ours() -> None:
    stand = Stand()
    assert stand.refused("DeleteEventBus", Name="default") == (
        "ValidationException",
        "Cannot delete event bus default.",
    )
    other = "arn:aws:events:us-east-1:999999999999:event-bus/default"
    assert "another account" in stand.refused("ListRules", EventBusName=other)[1]


def test_rules_and_buses_have_tags() -> None:
    stand = Stand()
    tag = {"Key": "team", "Value": "shop"}
    rule = stand.rule(Tags=[tag])
    bus = stand.events("CreateEventBus", Name="orders", Tags=[tag])["EventBusArn"]
    for arn in (rule, bus, stand.rule("other", EventBusName="orders", Tags=[tag])):
        assert stand.events("ListTagsForResource", ResourceARN=arn)["Tags"] == [tag]
        stand.events("TagResource", ResourceARN=arn, Tags=[{"Key": "more", "Value": ""}])
        stand.events("UntagResource", ResourceARN=arn, TagKeys=["team"])
        left = stand.events("ListTagsForResource", ResourceARN=arn)["Tags"]
        assert left == [{"Key": "more", "Value": ""}]
    for arn, code in (
        (f"{PREFIX}:rule/none", "ResourceNotFoundException"),
        (f"{PREFIX}:archive/none", "ValidationException"),
        ("arn:aws:s3:::bucket", "ValidationException"),
    ):
        assert stand.refused("ListTagsForResource", ResourceARN=arn)[0] == code


def test_a_pattern_is_tried_on_an_event() -> None:
    stand = Stand()
    event = {
        **dict.fromkeys(("id", "account", "time", "region", "detail-type"), "x"),
        "source": "shop",
        "resources": [],
    }

    def tried(pattern: str, text: str) -> bool:
        result: bool = stand.events("TestEventPattern", EventPattern=pattern, Event=text)["Result"]
        return result

    assert tried('{"source": ["shop"]}', json.dumps(event))
    assert not tried('{"source": ["other"]}', json.dumps(event))
    for pattern, text, code in (
        ("{}", json.dumps(event), "InvalidEventPatternException"),
        ('{"source": ["shop"]}', "{", "ValidationException"),
        ('{"source": ["shop"]}', "[]", "ValidationException"),
        ('{"source": ["shop"]}', '{"source": "shop"}', "ValidationException"),
    ):
        assert stand.refused("TestEventPattern", EventPattern=pattern, Event=text)[0] == code
