"""Pipelines, lists, tags and action types, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.services.codepipeline.stand import Stand
from tests.unit.services.codepipeline.structures import SCOPE, approval, asking, code, stage

ARN = SCOPE.arn("codepipeline", "release")


def test_a_pipeline_lives_and_ends() -> None:
    at = Stand()
    wanted = asking("Ask")
    made = at.call(
        "codepipeline", "CreatePipeline", pipeline=wanted, tags=[{"key": "a", "value": "b"}]
    )
    assert made["tags"] == [{"key": "a", "value": "b"}]
    assert at.refused("CreatePipeline", pipeline=wanted)[0] == "PipelineNameInUseException"
    shown = at.call("codepipeline", "GetPipeline", name="release")
    assert shown["metadata"]["pipelineArn"] == ARN
    at.do("UpdatePipeline", pipeline=asking("Ask", "Then"))
    first = at.call("codepipeline", "GetPipeline", name="release", version=1)["pipeline"]
    second = at.call("codepipeline", "GetPipeline", name="release", version=2)["pipeline"]
    assert (len(first["stages"]), len(second["stages"])) == (2, 3)
    assert at.refused("GetPipeline", name="release", version=3)[0] == (
        "PipelineVersionNotFoundException"
    )
    at.do("DeletePipeline", name="release")
    at.do("DeletePipeline", name="release")
    code_said, message = at.refused("GetPipeline", name="release")
    assert code_said == "PipelineNotFoundException"
    assert message == f"Account '{SCOPE.account}' does not have a pipeline with name 'release'"


def test_lists_come_in_pages() -> None:
    at = Stand()
    for number in range(5):
        at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask", name=f"p{number}"))
    assert paged(at, "ListPipelines", "pipelines", maxResults=2) == 5
    at.work()
    for _ in range(4):
        at.start("p1")
    count = paged(
        at, "ListPipelineExecutions", "pipelineExecutionSummaries", pipelineName="p1", maxResults=2
    )
    assert count == 5
    count = paged(
        at, "ListActionExecutions", "actionExecutionDetails", pipelineName="p1", maxResults=2
    )
    assert count == 6
    assert at.refused("ListPipelines", nextToken="?")[0] == "InvalidNextTokenException"


def paged(at: Stand, operation: str, result: str, **given: Any) -> int:
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = at.call("codepipeline", operation, **given, **token)
        assert len(page[result]) <= given["maxResults"]
        seen += [json.dumps(each, default=str) for each in page[result]]
        if "nextToken" not in page:
            assert len(set(seen)) == len(seen)
            return len(seen)
        token = {"nextToken": page["nextToken"]}


def test_tags() -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    at.call(
        "codepipeline",
        "TagResource",
        resourceArn=ARN,
        tags=[{"key": each, "value": "v"} for each in "abc"],
    )
    at.call("codepipeline", "UntagResource", resourceArn=ARN, tagKeys=["b", "z"])
    tags = at.call("codepipeline", "ListTagsForResource", resourceArn=ARN, maxResults=1)
    assert tags["tags"] == [{"key": "a", "value": "v"}]
    assert paged(at, "ListTagsForResource", "tags", resourceArn=ARN, maxResults=1) == 2
    missing = SCOPE.arn("codepipeline", "no")
    assert at.refused("ListTagsForResource", resourceArn=missing)[0] == "ResourceNotFoundException"
    foreign = ARN.replace("us-east-1", "eu-west-3")
    assert at.refused("ListTagsForResource", resourceArn=foreign)[0] == "InvalidArnException"
    reserved = [{"key": "aws:a", "value": ""}]
    assert at.refused("TagResource", resourceArn=ARN, tags=reserved)[0] == "InvalidTagsException"


def test_action_types_are_listed() -> None:
    at = Stand()
    listed = at.call("codepipeline", "ListActionTypes", actionOwnerFilter="AWS")["actionTypes"]
    assert {(each["id"]["category"], each["id"]["provider"]) for each in listed} == {
        ("Source", "CodeCommit"),
        ("Source", "ECR"),
        ("Source", "S3"),
        ("Build", "CodeBuild"),
        ("Test", "CodeBuild"),
        ("Approval", "Manual"),
        ("Deploy", "CodeDeployToECS"),
        ("Deploy", "ECS"),
        ("Deploy", "S3"),
    }
    none = at.call("codepipeline", "ListActionTypes", actionOwnerFilter="Custom")
    assert none["actionTypes"] == []


def test_what_cannot_be_made_is_listed_as_nothing() -> None:
    at = Stand()
    execution = at.create(stage("Source", code()), stage("Ask", approval()))

    def listed(operation: str, **given: Any) -> dict[str, Any]:
        return at.call("codepipeline", operation, **given)

    assert listed("ListWebhooks")["webhooks"] == []
    assert listed("ListRuleTypes")["ruleTypes"] == []
    which = {"pipelineName": "release", "filter": {"pipelineExecutionId": execution}}
    assert listed("ListRuleExecutions", **which)["ruleExecutionDetails"] == []
    action_id = at.history()[0]["actionExecutionId"]
    found = listed("ListDeployActionExecutionTargets", actionExecutionId=action_id)
    assert found["targets"] == []


@pytest.mark.parametrize(
    ("operation", "given", "code_wanted"),
    [
        (
            "ListDeployActionExecutionTargets",
            {"actionExecutionId": "no"},
            "ActionExecutionNotFoundException",
        ),
        ("ListRuleExecutions", {"pipelineName": "no"}, "PipelineNotFoundException"),
        ("GetPipelineState", {"name": "no"}, "PipelineNotFoundException"),
        ("StartPipelineExecution", {"name": "no"}, "PipelineNotFoundException"),
        ("ListActionExecutions", {"pipelineName": "no"}, "PipelineNotFoundException"),
        (
            "DisableStageTransition",
            {
                "pipelineName": "release",
                "stageName": "no",
                "transitionType": "Inbound",
                "reason": "r",
            },
            "StageNotFoundException",
        ),
        (
            "GetPipelineExecution",
            {
                "pipelineName": "release",
                "pipelineExecutionId": "00000000-0000-0000-0000-000000000000",
            },
            "PipelineExecutionNotFoundException",
        ),
        ("CreatePipeline", {"pipeline": asking("Ask", roleArn="role")}, "ValidationException"),
        (
            "PutApprovalResult",
            {
                "pipelineName": "release",
                "stageName": "Ask",
                "actionName": "no",
                "token": "00000000-0000-0000-0000-000000000000",
                "result": {"summary": "", "status": "Approved"},
            },
            "ActionNotFoundException",
        ),
        (
            "GetActionType",
            {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
            "ActionTypeNotFoundException",
        ),
    ],
)
def test_errors(operation: str, given: dict[str, Any], code_wanted: str) -> None:
    at = Stand()
    at.call("codepipeline", "CreatePipeline", pipeline=asking("Ask"))
    assert at.refused(operation, **given)[0] == code_wanted
