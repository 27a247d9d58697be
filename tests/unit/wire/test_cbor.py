"""Smithy RPC v2 in CBOR, and former query services that speak several protocols."""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.asgi import HOST, Api, Credentials

from demitasse.clock import ManualClock
from demitasse.errors import NotSupported, ServiceError
from demitasse.ids import CountingIds
from demitasse.wire import Application, Models, cbor
from demitasse.wire.problems import Malformed

OPERATIONS = {"cloudwatch": ["PutMetricAlarm", "DescribeAlarms"], "codedeploy": ["GetApplication"]}
CBOR = "smithy-rpc-v2-cbor"


def api_answering(answer: Any, protocol: str) -> Api:
    app = Application(
        models=Models.load(OPERATIONS),
        operations={name: dict.fromkeys(listed) for name, listed in OPERATIONS.items()},
        dispatch=answer,
        credentials=Credentials(),
        clock=ManualClock(),
        ids=CountingIds(),
    )
    return Api(app, protocol=protocol)


@pytest.mark.parametrize("protocol", ["query", "json", CBOR])
def test_cloudwatch_answers_in_the_protocol_in_which_it_is_asked(protocol: str) -> None:
    seen: list[dict[str, Any]] = []
    moment = datetime(2026, 11, 23, 5, 24, tzinfo=UTC)

    def answer(_call: Any, asked: dict[str, Any]) -> dict[str, Any]:
        seen.append(asked)
        return {"MetricAlarms": [{"Threshold": 1.5, "StateUpdatedTimestamp": moment}]}

    output = api_answering(answer, protocol).call(
        "cloudwatch", "DescribeAlarms", AlarmNames=["a", "b"], MaxRecords=5
    )
    assert seen == [{"AlarmNames": ["a", "b"], "MaxRecords": 5}]
    assert output["MetricAlarms"] == [{"Threshold": 1.5, "StateUpdatedTimestamp": moment}]


@pytest.mark.parametrize("protocol", ["query", "json", CBOR])
def test_errors_of_former_query_services_keep_their_codes(protocol: str) -> None:
    def answer(_call: Any, _asked: Any) -> dict[str, Any]:
        raise ServiceError("InvalidNextToken", "no such token")

    parsed = api_answering(answer, protocol).parsed("cloudwatch", "DescribeAlarms", {})
    assert parsed["Error"]["Code"] == "InvalidNextToken"
    assert parsed["Error"]["Message"] == "no such token"


def test_refusals_in_cbor() -> None:
    def answer(_call: Any, _asked: Any) -> dict[str, Any]:
        raise NotSupported("Steam")

    api = api_answering(answer, CBOR)
    assert api.refusal("codedeploy", "GetApplication", applicationName="a")[1].startswith("Steam")
    code, message = api.refusal("codedeploy", "GetApplication")
    assert code == "ValidationException"
    assert "'applicationName'" in message
    code, message = api.refusal("codedeploy", "ListApplications")
    assert (code, "codedeploy ListApplications" in message) == ("UnknownOperationException", True)
    assert Api(api.app, "AKIANOBODY", protocol=CBOR).refusal("codedeploy", "GetApplication")[0] == (
        "UnrecognizedClientException"
    )


@pytest.mark.parametrize("path", ["/", "/service/x/operation/y", "/service/CodeDeploy_20141006/"])
def test_paths_that_lead_nowhere(path: str) -> None:
    api = api_answering(None, CBOR)
    headers = {"smithy-protocol": "rpc-v2-cbor"}
    request = AWSRequest("POST", f"http://{HOST}{path}", headers=headers, data=b"\xa0")
    response = api.send(api.sign(request, "codedeploy"))
    assert response.status == 400
    assert cbor.decode(response.body)["__type"] == "UnknownOperationException"


values: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.integers(0, 10**12).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_encoded_decodes(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@given(st.binary(max_size=60) | values.map(cbor.encode).map(lambda body: body[:-1]))
def test_any_bytes_decode_or_are_malformed(body: bytes) -> None:
    with suppress(Malformed):
        cbor.decode(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("bf6161017fff", None),
        ("bf616101ff", {"a": 1}),
        ("9f01029f03ffff", [1, 2, [3]]),
        ("5f41614162ff", b"ab"),
        ("7f61616162ff", "ab"),
        ("f93e00", 1.5),
        ("fa3fc00000", 1.5),
        ("c11a6b0374f0", datetime.fromtimestamp(0x6B0374F0, UTC)),
        ("d9d9f701", 1),
        ("f7", None),
    ],
)
def test_forms_that_other_encoders_choose(body: str, value: Any) -> None:
    if value is None and body != "f7":
        with pytest.raises(Malformed):
            cbor.decode(bytes.fromhex(body))
    else:
        assert cbor.decode(bytes.fromhex(body)) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"\x01\x01",
        b"\x81" * 100 + b"\x01",
        b"\x9b" + struct.pack(">Q", 2**60),
        b"\xa1\x01\x01",
        b"\x1f",
        b"\xc1\x61a",
        b"\xc1\xf5",
        b"\xc1\xfb" + struct.pack(">d", 1e300),
        b"\x5f\x01\xff",
        b"\x61\xff",
    ],
)
def test_malformed_bodies(body: bytes) -> None:
    with pytest.raises(Malformed):
        cbor.decode(body)
