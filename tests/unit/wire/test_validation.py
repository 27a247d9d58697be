"""Inputs are refused in the words of the service called."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import botocore.loaders
import botocore.serialize
import pytest
from tests.kit.asgi import service_model
from tests.unit.wire.stage import Stage
from tests.unit.wire.test_round_trips import SERVICES, models

from demitasse.ids import CountingIds
from demitasse.wire.request import Request
from demitasse.wire.route import Router
from demitasse.wire.service import Service

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.mark.parametrize(
    ("service", "operation", "given", "code", "text"),
    [
        (
            "iam",
            "CreateRole",
            {"RoleName": "a b"},
            "ValidationError",
            (
                "2 validation errors detected: Value null at 'assumeRolePolicyDocument' failed to "
                "satisfy constraint: Member must not be null; Value 'a b' at 'roleName' failed to "
                "satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+"
            ),
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "a", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 5},
            "ValidationError",
            (
                "1 validation error detected: Value '5' at 'maxSessionDuration' failed to satisfy "
                "constraint: Member must have value greater than or equal to 3600"
            ),
        ),
        (
            "ecr",
            "CreateRepository",
            {"repositoryName": "A?"},
            "InvalidParameterException",
            (
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member must "
                "satisfy regular expression pattern: "
            ),
        ),
        (
            "ecr",
            "CreateRepository",
            {},
            "InvalidParameterException",
            (
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member must "
                "not be null'"
            ),
        ),
        (
            "ecs",
            "CreateService",
            {"launchType": "MOON"},
            "InvalidParameterException",
            (
                "Value 'MOON' at 'launchType' failed to satisfy constraint: Member must satisfy enum "
                "value set: [EC2, FARGATE, "
            ),
        ),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"message": ""}]},
            "InvalidParameterException",
            (
                "Value null at 'logEvents.1.timestamp' failed to satisfy constraint: Member must not "
                "be null"
            ),
        ),
        (
            "elbv2",
            "CreateTargetGroup",
            {"Name": "t", "Port": 70000},
            "ValidationError",
            (
                "Value '70000' at 'port' failed to satisfy constraint: Member must have value less "
                "than or equal to 65535"
            ),
        ),
        (
            "ec2",
            "CreateTags",
            {"Tags": [{"Key": "a"}]},
            "MissingParameter",
            "The request must contain the parameter Resources",
        ),
        (
            "ec2",
            "DescribeVpcs",
            {"MaxResults": 1001},
            "InvalidParameterValue",
            (
                "Value (1001) for parameter MaxResults is invalid. Member must have value less than "
                "or equal to 1000"
            ),
        ),
        (
            "rds",
            "CreateDBInstance",
            {"DBInstanceIdentifier": "a", "Engine": "mariadb"},
            "MissingParameter",
            "The request must contain the parameter DBInstanceClass.",
        ),
        ("sts", "AssumeRole", {"RoleArn": "short"}, "ValidationError", "2 validation errors"),
    ],
)
def test_constraints(
    service: str, operation: str, given: dict[str, Any], code: str, text: str
) -> None:
    stage = Stage()
    refused, message = stage.api.refusal(service, operation, **given)
    assert refused == code
    assert text in message
    assert stage.calls == []


@pytest.mark.parametrize(
    ("service", "operation", "form", "code", "text"),
    [
        ("ec2", "DescribeVpcs", {"MaxResults": "ten"}, "InvalidParameterValue", "type integer"),
        ("ec2", "DescribeVpcs", {"DryRun": "maybe"}, "InvalidParameterValue", "true or false"),
        ("ec2", "CreateTags", {"Tag.x.Key": "a"}, "InvalidParameterValue", "positions"),
        ("ec2", "CreateTags", {"Tag.1": "a"}, "InvalidParameterValue", "structure"),
        ("ec2", "CreateVpc", {"CidrBlock.1": "a"}, "InvalidParameterValue", "single value"),
        ("iam", "CreateRole", {"MaxSessionDuration": "9" * 19}, "MalformedInput", "range"),
        ("elbv2", "DescribeLoadBalancers", {"Names": "a"}, "MalformedInput", "a list"),
        ("rds", "CreateDBInstance", {"a" + ".b" * 40: "1"}, "MalformedInput", "nested"),
    ],
)
def test_forms_that_cannot_be_read(
    service: str, operation: str, form: dict[str, str], code: str, text: str
) -> None:
    stage = Stage()
    request = stage.api.request(service, operation, {})
    body = urlencode({**request_form(request), **form})
    refused = _resend(stage, service, body)
    assert (refused[0], text in refused[1], stage.calls) == (code, True, []), refused


def request_form(request: Any) -> dict[str, str]:
    body = request.body.decode() if isinstance(request.body, bytes) else request.body
    return dict(item.split("=") for item in body.split("&"))


def _resend(stage: Stage, service: str, body: str) -> tuple[str, str]:
    from botocore.awsrequest import AWSRequest
    from tests.kit.asgi import HOST

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"http://{HOST}/", headers=headers, data=body.encode())
    response = stage.api.send(stage.api.sign(request, service_model(service).signing_name))
    text = response.body.decode()
    code, message = (
        text.partition(f"<{tag}>")[2].partition("</")[0] for tag in ("Code", "Message")
    )
    return code, message


def test_unions_have_exactly_one_member() -> None:
    model = models()["ecs"]
    union = next(name for name, shape in model.shapes.items() if shape.union)
    from demitasse.wire.validate import Validators

    check = Validators(model).input(union)
    assert check
    members = list(model.shapes[union].members)
    cases: list[tuple[dict[str, Any], bool]] = [({}, True), ({members[0]: {}}, False)]
    for value, wrong in cases:
        found: list[Any] = []
        check(value, "it", found)
        assert any("exactly one" in problem.rule for problem in found) == wrong


def test_sensitive_values_are_not_repeated() -> None:
    service = Service("iam", models()["iam"], ["CreateLoginProfile"], CountingIds())
    form = [("UserName", "u"), ("Password", "é" * 129)]
    request = Request("POST", "/", "", {}, b"", form)
    with pytest.raises(Exception, match="at 'password'") as error:
        service.read("CreateLoginProfile", service.protocol, request)
    assert "éé" not in str(error.value)


def test_unknown_members_are_ignored_as_aws_does() -> None:
    stage = Stage()
    request = stage.api.request("ecs", "ListClusters", {})
    request.body = b'{"cafe": 1, "maxResults": 5, "nextToken": null}'
    from botocore.awsrequest import AWSRequest

    headers = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}
    again = AWSRequest("POST", request.url, headers=headers, data=request.body)
    assert stage.api.send(stage.api.sign(again, "ecs")).status == 200
    assert stage.given == {"maxResults": 5}


def test_idempotency_tokens_are_filled_in() -> None:
    stage = Stage()
    stage.api.call("ec2", "RunInstances", MinCount=1, MaxCount=1)
    assert len(stage.given["ClientToken"]) == 36
    stage.api.call("ec2", "RunInstances", MinCount=1, MaxCount=1, ClientToken="mine")
    assert stage.given["ClientToken"] == "mine"


MISTAKES = {"ModifySpotFleetRequest"}  # AWS's own example has a blank behind an enum's value


@pytest.mark.parametrize("service", SERVICES)
def test_the_examples_in_awss_documentation_are_valid(service: str) -> None:
    loader = botocore.loaders.Loader()
    model = models()[service]
    ours = Service(service, model, model.operations, CountingIds())
    serializer = botocore.serialize.create_serializer(model.metadata.protocol, False)
    for operation, listed in loader.load_service_model(service, "examples-1")["examples"].items():
        for example in [] if operation in MISTAKES else listed:
            theirs = service_model(service).operation_model(operation)
            body = serializer.serialize_to_request(example.get("input", {}), theirs)["body"]
            is_form = isinstance(body, dict)
            request = Request("POST", "/", "", {}, urlencode(body).encode() if is_form else body)
            request.form = Router._form(request) if is_form else []
            ours.read(operation, ours.protocol, request)
