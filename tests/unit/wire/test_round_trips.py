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
ROUNDS = 3
CLIENTS_ONLY = {"rds": {"SourceRegion"}}  # botocore makes a presigned URL of it and sends that


@functools.cache
def models() -> Models:
    return Models.complete(SERVICES)


@functools.cache
def protocol(service: str) -> WireProtocol:
    model = models()[service]
    return PROTOCOLS[model.metadata.protocol](model)


def operations(service: str) -> list[OperationModel]:
    return list(models()[service].operations.values())


def request_of(serialised: dict[str, Any]) -> Request:
    body = serialised["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    request = Request("POST", "/", "", {}, body)
    request.form = Router._form(request) if b"Action=" in body else []
    return request


@pytest.mark.parametrize("service", SERVICES)
def test_inputs_that_botocore_serialises_are_read_as_they_were(service: str) -> None:
    name = models()[service].metadata.protocol
    serializer = botocore.serialize.create_serializer(name, include_validation=False)
    for operation in operations(service):
        read = protocol(service).reader(operation)
        theirs = service_model(service).operation_model(operation.name)
        for round_ in range(ROUNDS if theirs.input_shape else 0):
            generator = Generator(Random(f"{operation.name}{round_}"), empty=name == "json")
            given = generator.value(theirs.input_shape)
            serialised = serializer.serialize_to_request(given, theirs)
            given = {k: v for k, v in given.items() if k not in CLIENTS_ONLY.get(service, ())}
            assert read(request_of(serialised)) == given, operation.name


@pytest.mark.parametrize("service", SERVICES)
def test_outputs_are_what_botocore_parses(service: str) -> None:
    parser = botocore.parsers.create_parser(models()[service].metadata.protocol)
    for operation in operations(service):
        theirs = service_model(service).operation_model(operation.name)
        if theirs.has_event_stream_output:
            continue
        write = protocol(service).writer(operation)
        for round_ in range(ROUNDS):
            generator = Generator(Random(f"{operation.name}{round_}"), empty=True)
            output = generator.value(theirs.output_shape) if theirs.output_shape else {}
            answer = write(output, "request-id")
            response = {"status_code": 200, "headers": {}, "body": answer.body}
            parsed = parser.parse(response, theirs.output_shape)
            metadata = parsed.pop("ResponseMetadata")
            assert parsed == output, operation.name
            if service not in ("ecr", "ecs", "logs"):
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
