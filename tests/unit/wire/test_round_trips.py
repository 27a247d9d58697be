"""Every operation of the services, against botocore's own serialisers and parsers."""

from __future__ import annotations

import functools
from random import Random
from typing import Any
from urllib.parse import urlencode

import botocore.parsers
import botocore.serialize
import pytest
from tests.kit.asgi import service_model
from tests.unit.wire.generate import Generator

from demitasse.wire.models import Models
from demitasse.wire.protocols import PROTOCOLS, WireProtocol
from demitasse.wire.request import Request
from demitasse.wire.route import Router
from demitasse.wire.shapes import OperationModel

SERVICES = ("sts", "iam", "ec2", "ecr", "ecs", "elbv2", "rds", "logs")
SPOKEN = [
    *((service, None) for service in SERVICES),
    *((service, "json") for service in ("application-autoscaling", "codecommit", "events")),
    *((service, "json") for service in ("cloudwatch", "codedeploy", "codepipeline", "codebuild")),
    ("cloudwatch", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "query"),
    ("codedeploy", "smithy-rpc-v2-cbor"),
    ("codepipeline", "smithy-rpc-v2-cbor"),
    ("codebuild", "smithy-rpc-v2-cbor"),
]
ROUNDS = 3
CLIENTS_ONLY = {"rds": {"SourceRegion"}}  # botocore makes a presigned URL of it and sends that


@functools.cache
def models() -> Models:
    return Models.complete({service for service, _ in SPOKEN})


@functools.cache
def protocol(service: str, name: str | None = None) -> WireProtocol:
    model = models()[service]
    return PROTOCOLS[name or model.metadata.protocol](model)


def operations(service: str) -> list[OperationModel]:
    return list(models()[service].operations.values())


def request_of(serialised: dict[str, Any]) -> Request:
    body = serialised["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    request = Request("POST", "/", "", {}, body)
    request.form = Router._form(request) if body.startswith(b"Action=") else []
    return request


@pytest.mark.parametrize(("service", "spoken"), SPOKEN)
def test_inputs_that_botocore_serialises_are_read_as_they_were(
    service: str, spoken: str | None
) -> None:
    ours = protocol(service, spoken)
    serializer = botocore.serialize.create_serializer(ours.name, include_validation=False)
    empty = ours.name not in ("query", "ec2")  # what is empty leaves no trace in a form
    for operation in operations(service):
        read = ours.reader(operation)
        theirs = service_model(service).operation_model(operation.name)
        for round_ in range(ROUNDS if theirs.input_shape else 0):
            generator = Generator(Random(f"{operation.name}{round_}"), empty=empty)
            given = generator.value(theirs.input_shape)
            serialised = serializer.serialize_to_request(given, theirs)
            given = {k: v for k, v in given.items() if k not in CLIENTS_ONLY.get(service, ())}
            assert read(request_of(serialised)) == given, operation.name


@pytest.mark.parametrize(("service", "spoken"), SPOKEN)
def test_outputs_are_what_botocore_parses(service: str, spoken: str | None) -> None:
    ours = protocol(service, spoken)
    parser = botocore.parsers.create_parser(ours.name)
    for operation in operations(service):
        theirs = service_model(service).operation_model(operation.name)
        if theirs.has_event_stream_output:
            continue
        write = ours.writer(operation)
        for round_ in range(ROUNDS):
            generator = Generator(Random(f"{operation.name}{round_}"), empty=True)
            output = generator.value(theirs.output_shape) if theirs.output_shape else {}
            answer = write(output, "request-id")
            headers = {name.decode(): value.decode() for name, value in answer.headers}
            response = {"status_code": 200, "headers": headers, "body": answer.body}
            parsed = parser.parse(response, theirs.output_shape)
            metadata = parsed.pop("ResponseMetadata")
            assert parsed == output, operation.name
            if ours.name in ("query", "ec2"):
                assert metadata["RequestId"] == "request-id"


def test_empty_lists_of_query_forms_are_lists() -> None:
    read = protocol("elbv2").reader(models()["elbv2"].operations["DescribeLoadBalancers"])
    assert read(request_of({"body": {"Action": "x", "Names": ""}})) == {"Names": []}


def test_lists_may_be_named_by_their_members_location_or_by_member() -> None:
    read = protocol("rds").reader(models()["rds"].operations["DescribeDBInstances"])
    for wrapper in ("Filter", "member"):
        form = {"Action": "x", f"Filters.{wrapper}.1.Name": "n"}
        assert read(request_of({"body": form})) == {"Filters": [{"Name": "n"}]}


def test_list_positions_are_in_order_of_number_and_may_have_gaps() -> None:
    read = protocol("elbv2").reader(models()["elbv2"].operations["DescribeLoadBalancers"])
    form = {"Action": "x", "Names.member.10": "c", "Names.member.2": "b", "Names.member.1": "a"}
    assert read(request_of({"body": form})) == {"Names": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("service", "operation", "form", "expected"),
    [
        ("rds", "CreateDBInstance", {"DBName": "", "AllocatedStorage": ""}, {}),
        ("ec2", "CreateVpc", {"CidrBlock": ""}, {}),
        ("iam", "UpdateRole", {"Description": "", "MaxSessionDuration": ""}, {"Description": ""}),
        ("ec2", "CreateTags", {"Tag.1.Value": ""}, {"Tags": [{"Value": ""}]}),
    ],
)
def test_empty_parameters_that_mean_unset(
    service: str, operation: str, form: dict[str, str], expected: dict[str, Any]
) -> None:
    read = protocol(service).reader(models()[service].operations[operation])
    assert read(request_of({"body": {"Action": "x", **form}})) == expected
