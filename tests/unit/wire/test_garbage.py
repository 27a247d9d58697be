"""Whatever arrives is answered in AWS's form: never a 500, never a traceback."""

from __future__ import annotations

import gzip
import json
import logging
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.asgi import HOST, Response, exchange
from tests.unit.wire.stage import OPERATIONS, Stage, models

STAGE = Stage()
FORM = "application/x-www-form-urlencoded"


def understood(response: Response) -> str:
    """The code of an error answer of any protocol."""
    assert 400 <= response.status < 500, response
    assert response.headers["x-amzn-requestid"]
    assert int(response.headers["content-length"]) == len(response.body)
    assert b"Traceback" not in response.body
    if "json" in response.headers["content-type"]:
        body = json.loads(response.body)
        assert body.get("message") or body.get("Message")
        return str(body["__type"])
    root = ET.fromstring(response.body)
    codes = [node.text for node in root.iter() if node.tag.rpartition("}")[2] == "Code"]
    assert codes[0]
    return codes[0]


header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
headers = st.dictionaries(
    st.sampled_from(
        [
            "authorization",
            "x-amz-date",
            "x-amz-target",
            "content-type",
            "host",
            "content-encoding",
            "x-amz-security-token",
            "content-length",
            "x-amz-content-sha256",
            "expect",
        ]
    ),
    header_text
    | st.sampled_from(
        [
            (
                "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ecs/aws4_request, "
                "SignedHeaders=host, Signature=b"
            ),
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=b",
            "20260101T000000Z",
            "20261399T996199Z",
            "AmazonEC2ContainerServiceV20141113.ListClusters",
            "application/x-amz-json-1.1",
            FORM,
            "gzip",
        ]
    ),
)


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=20).map("/".__add__),
    st.binary(max_size=60)
    | st.sampled_from([b"Action=ListRoles&Version=1", b"X-Amz-Signature=a", b"%ff=%fe&Action=%ff"]),
    headers,
    st.binary(max_size=200),
)
def test_unsigned_garbage(
    method: str, path: str, query: bytes, given_headers: dict[str, str], body: bytes
) -> None:
    response = exchange(STAGE.app, method, path, query=query, headers=given_headers, body=body)
    understood(response)


def signed(service: str, body: bytes, headers_: dict[str, str]) -> Response:
    request = AWSRequest("POST", f"http://{HOST}/", headers=headers_, data=body)
    signing_name = models()[service].signing_name
    return STAGE.api.send(STAGE.api.sign(request, signing_name))


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
OURS = [(service, name) for service, names in OPERATIONS.items() for name in names]
JSON_OURS = [each for each in OURS if each[0] in ("ecs", "ecr", "logs")]
QUERY_OURS = [each for each in OURS if each not in JSON_OURS and "Web" not in each[1]]


def check(response: Response) -> None:
    if response.status != 200:
        understood(response)


@st.composite
def shaped(draw: Any, service: str, name: str) -> Any:
    """JSON with the operation's own member names and anything as values."""
    model = models()[service]
    operation = model.operations[name]
    assert operation.input
    members = sorted(model.shapes[operation.input.shape].members)
    return draw(st.dictionaries(st.sampled_from(members), json_values, max_size=4))


@given(st.data(), st.sampled_from(JSON_OURS))
def test_signed_json_of_any_shape(data: Any, operation: tuple[str, str]) -> None:
    service, name = operation
    raw = json.dumps(data.draw(shaped(service, name) | json_values)).encode()
    body = data.draw(st.just(raw) | st.binary(max_size=50))
    target = f"{models()[service].metadata.target_prefix}.{name}"
    check(
        signed(
            service, body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        )
    )


parameter_names = st.lists(
    st.sampled_from(["1", "2", "member", "Filter", "Tag", "Key", "Value", "entry", "", "x", "-1"])
    | st.text(max_size=3),
    min_size=1,
    max_size=5,
)


@given(st.data(), st.sampled_from(QUERY_OURS))
def test_signed_forms_of_any_shape(data: Any, operation: tuple[str, str]) -> None:
    service, name = operation
    model = models()[service]
    shape = model.operations[name].input
    first = [*(model.shapes[shape.shape].members if shape else ()), "x"]
    pairs = data.draw(
        st.lists(
            st.tuples(
                st.tuples(st.sampled_from(first), parameter_names).map(
                    lambda parts: ".".join([parts[0], *parts[1]])
                )
                | st.sampled_from(first),
                st.text(max_size=10) | st.sampled_from(["", "true", "1", "1e9", "NaN", "2026"]),
            ),
            max_size=6,
        )
    )
    form = [("Action", name), ("Version", model.metadata.api_version), *pairs]
    body = "&".join(f"{key}={value}" for key, value in form).encode("utf-8", "surrogatepass")
    check(signed(service, body, {"Content-Type": FORM}))


@pytest.mark.parametrize(
    ("headers_", "body", "code"),
    [
        ({}, b"", "MissingAuthenticationToken"),
        ({"x-amz-target": "x"}, b"{}", "MissingAuthenticationTokenException"),
        ({"content-type": "application/json"}, b"{}", "MissingAuthenticationTokenException"),
        ({"authorization": "Basic eDp5"}, b"", "IncompleteSignature"),
        ({"authorization": "AWS4-HMAC-SHA256 x"}, b"", "IncompleteSignature"),
        ({"content-type": FORM}, b"Action=%FF", "MalformedInput"),
        ({"content-encoding": "br"}, b"x", "MalformedInput"),
        ({"content-encoding": "gzip"}, b"x", "MalformedInput"),
        ({"content-encoding": "gzip"}, gzip.compress(b"x" * 99, mtime=0)[:-9], "MalformedInput"),
    ],
)
def test_codes_of_garbage(headers_: dict[str, str], body: bytes, code: str) -> None:
    assert understood(exchange(STAGE.app, "POST", headers=headers_, body=body)) == code


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"maxResults": "ten"}', "STRING_VALUE can not be converted to an Integer"),
        (b'{"maxResults": 1e400}', "not JSON"),
        (b'{"maxResults": 99999999999}', "out of range"),
        (b'{"nextToken": {}}', "START_OBJECT can not be converted to a String"),
        (b'{"a":' * 5000, "not JSON"),
        (b'"\\ud800"', "not JSON"),
    ],
)
def test_json_that_cannot_be_read(body: bytes, text: str) -> None:
    target = "AmazonEC2ContainerServiceV20141113.ListClusters"
    response = signed("ecs", body, {"X-Amz-Target": target})
    assert understood(response) == "SerializationException"
    assert text in json.loads(response.body)["message"]


def test_bodies_have_a_limit() -> None:
    stage = Stage(body_limit=100)
    announced = exchange(stage.app, "POST", headers={"content-length": "101"}, body=b"x" * 101)
    assert (announced.status, understood(announced)) == (413, "RequestEntityTooLarge")
    assert announced.headers["connection"] == "close"
    chunked = exchange(stage.app, "POST", body=[b"x" * 60, b"x" * 60])
    assert chunked.status == 413
    packed = gzip.compress(b"x" * 10_000)
    assert len(packed) < 100
    bomb = exchange(stage.app, "POST", headers={"content-encoding": "gzip"}, body=packed)
    assert bomb.status == 413
    assert stage.calls == []


def test_a_gzipped_body_is_unpacked_after_its_signature_was_checked() -> None:
    stage = Stage()
    headers_ = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    body = gzip.compress(b"Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1", mtime=0)
    request = AWSRequest("POST", f"http://{HOST}/", headers=headers_, data=body)
    response = stage.api.send(stage.api.sign(request, "ec2"))
    assert response.status == 200
    assert stage.given == {"VpcIds": ["vpc-1"]}


def test_a_client_that_goes_away_gets_nothing() -> None:
    assert exchange(STAGE.app, "POST", body=[]).status == 0


def test_head_has_no_body() -> None:
    response = exchange(STAGE.app, "HEAD")
    assert response.body == b""
    assert int(response.headers["content-length"]) > 0


def test_a_bug_is_logged_and_answered_without_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()

    def broken(_call: Any, _given: Any) -> dict[str, Any]:
        raise RuntimeError("a secret of the house")

    stage.answer = broken
    with caplog.at_level(logging.ERROR):
        parsed = stage.api.parsed("ecs", "ListClusters", {})
    assert parsed["Error"]["Code"] == "InternalFailure"
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "secret" not in parsed["Error"]["Message"]
    assert "a secret of the house" in caplog.text
    assert parsed["ResponseMetadata"]["RequestId"] in caplog.text


@pytest.mark.parametrize(
    "output", [{"unknown": 1}, {"clusterArns": "text"}, {"clusterArns": [1]}, {"nextToken": 5}]
)
def test_an_output_beside_the_model_is_a_bug(
    output: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    stage.answer = lambda _call, _given: output
    assert stage.api.refusal("ecs", "ListClusters")[0] == "InternalFailure"
    assert "ListClustersResponse" in caplog.text
