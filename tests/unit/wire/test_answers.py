"""Outputs and errors as botocore understands them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.unit.wire.stage import Stage

from demitasse.errors import (
    EngineUnavailable,
    NotFoundInEngine,
    NotSupported,
    ServiceError,
    StoreError,
)
from demitasse.wire import timestamps

MOMENT = datetime(2026, 11, 23, 5, 24, 0, 250_000, tzinfo=UTC)


def raising(error: Exception) -> Stage:
    stage = Stage()

    def answer(_call: Any, _given: Any) -> dict[str, Any]:
        raise error

    stage.answer = answer
    return stage


CALLS = {
    "sts": "GetCallerIdentity",
    "iam": "GetRole",
    "ec2": "DescribeVpcs",
    "ecr": "PutImage",
    "ecs": "ListClusters",
    "elbv2": "DescribeLoadBalancers",
    "rds": "DescribeDBInstances",
    "logs": "CreateLogGroup",
}
INPUTS: dict[str, dict[str, Any]] = {
    "iam": {"RoleName": "r"},
    "ecr": {"repositoryName": "repo", "imageManifest": "{}"},
    "logs": {"logGroupName": "g"},
}


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("iam", "NoSuchEntity", 404),
        ("iam", "EntityAlreadyExists", 409),
        ("elbv2", "LoadBalancerNotFound", 400),
        ("rds", "DBInstanceNotFound", 404),
        ("ecs", "ClusterNotFoundException", 400),
        ("ecs", "ServerException", 500),
        ("ecr", "RepositoryNotFoundException", 400),
        ("logs", "ResourceAlreadyExistsException", 400),
        ("ec2", "InvalidVpcID.NotFound", 400),
        ("ec2", "NotInAnyModel", 400),
    ],
)
def test_the_status_of_an_error_is_the_models(service: str, code: str, status: int) -> None:
    stage = raising(ServiceError(code, "Wörds & <tags>"))
    parsed = stage.api.parsed(service, CALLS[service], INPUTS.get(service, {}))
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (code, "Wörds & <tags>")
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == status
    assert parsed["ResponseMetadata"]["RequestId"]


def test_a_status_that_is_given_wins() -> None:
    stage = raising(ServiceError("NoSuchEntity", "no", status=418))
    parsed = stage.api.parsed("iam", "GetRole", {"RoleName": "r"})
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 418


def test_members_of_an_errors_shape() -> None:
    error = ServiceError("ResourceNotFoundException", "no", resourceIds=["a"])
    parsed = raising(error).api.parsed("ecs", "ListClusters", {})
    assert parsed["Error"]["Code"] == "ResourceNotFoundException"
    error = ServiceError("ClusterContainsTasksException", "no", nonsense=1)
    parsed = raising(error).api.parsed("ecs", "ListClusters", {})
    assert parsed["Error"]["Code"] == "ClusterContainsTasksException"


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sts", "ValidationError"),
        ("iam", "ValidationError"),
        ("ec2", "UnsupportedOperation"),
        ("ecr", "InvalidParameterException"),
        ("ecs", "InvalidParameterException"),
        ("elbv2", "OperationNotPermitted"),
        ("rds", "InvalidParameterCombination"),
        ("logs", "InvalidParameterException"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: str, code: str) -> None:
    stage = raising(NotSupported("Steam"))
    parsed = stage.api.parsed(service, CALLS[service], INPUTS.get(service, {}))
    assert parsed["Error"]["Code"] == code
    assert parsed["Error"]["Message"] == "Steam is not supported by Demitasse."
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 400
    stage = raising(NotSupported("Steam", code="Own"))
    parsed = stage.api.parsed(service, CALLS[service], INPUTS.get(service, {}))
    assert parsed["Error"]["Code"] == "Own"


@pytest.mark.parametrize(
    "error", [EngineUnavailable("Docker is off."), StoreError("full"), NotFoundInEngine("gone")]
)
@pytest.mark.parametrize("service", CALLS)
def test_the_real_worlds_failures_are_told_and_not_retried(service: str, error: Exception) -> None:
    stage = raising(error)
    parsed = stage.api.parsed(service, CALLS[service], INPUTS.get(service, {}))
    assert parsed["Error"]["Code"].startswith("ServiceUnavailable")
    assert parsed["Error"]["Message"] == str(error)
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_errors_of_queries_name_the_sender() -> None:
    parsed = raising(ServiceError("NoSuchEntity", "no")).api.parsed(
        "iam", "GetRole", {"RoleName": "r"}
    )
    assert parsed["Error"]["Type"] == "Sender"


def test_none_is_left_out_and_empty_lists_are_not() -> None:
    stage = Stage()
    stage.answer = lambda _call, _given: {"clusterArns": [], "nextToken": None}
    output = stage.api.call("ecs", "ListClusters")
    assert output["clusterArns"] == []
    assert "nextToken" not in output
    stage.answer = lambda _call, _given: {"Vpcs": [], "NextToken": None}
    output = stage.api.call("ec2", "DescribeVpcs")
    assert output["Vpcs"] == []
    assert "NextToken" not in output


def test_characters_that_xml_cannot_carry_are_replaced() -> None:
    stage = Stage()
    stage.answer = lambda call, _given: {"Account": "a\x00b\ud800\r\n<c>", "Arn": call.caller.arn}
    assert stage.api.call("sts", "GetCallerIdentity")["Account"] == "a\ufffdb\ufffd\r\n<c>"


def test_the_request_id_is_in_header_and_body() -> None:
    stage = Stage()
    for service in ("sts", "ec2", "ecs"):
        prepared = stage.api.request(service, CALLS[service], {})
        response = stage.api.send(prepared)
        request_id = response.headers["x-amzn-requestid"]
        assert stage.calls[-1][0].request_id == request_id
        assert service == "ecs" or request_id.encode() in response.body


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T05:24:00.250Z", MOMENT),
        ("2026-11-23T06:24:00.25+01:00", MOMENT),
        ("2026-11-23T05:24:00.250", MOMENT),
        ("20261123T052400.250Z", MOMENT),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 05:24:00 GMT", MOMENT.replace(microsecond=0)),
        ("1795411440.25", MOMENT),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("100000000", datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        ("1795411440", MOMENT.replace(microsecond=0)),
        (1795411440.25, MOMENT),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_timestamps_are_read_in_every_form(text: str | float, moment: datetime) -> None:
    assert timestamps.parse(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-13-01", "NaN", "1e99", "Mon, 99 Nov 2026", "0001-01-01T00:00:00+10:00", "²"],
)
def test_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        timestamps.parse(text)


def test_timestamps_are_written_in_utc() -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert timestamps.iso8601(local) == "2026-11-23T05:24:00.250Z"
    assert timestamps.iso8601(local.replace(microsecond=0)) == "2026-11-23T05:24:00Z"
    assert timestamps.rfc822(local) == "Mon, 23 Nov 2026 05:24:00 GMT"
    assert timestamps.epoch(local) == 1795411440.25
    with pytest.raises(ValueError, match="timezone"):
        timestamps.epoch(MOMENT.replace(tzinfo=None))
