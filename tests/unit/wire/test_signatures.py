"""Signatures that botocore makes are accepted; anything changed afterwards is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from hypothesis import example, given
from hypothesis import strategies as st
from tests.kit.asgi import ACCESS_KEY, CALLER, HOST, SECRET_KEY, Api, Credentials, SigV4At
from tests.unit.wire.stage import Stage

from demitasse.api import Caller
from demitasse.clock import ManualClock
from demitasse.wire import Credential, sigv4
from demitasse.wire.request import Request

NOW = ManualClock().now()
OTHER = Caller("999999999999", "arn:aws:iam::999999999999:root", "999999999999", "AKIAOTHER")


class SigV4QueryAt(botocore.auth.SigV4QueryAuth):
    """botocore's presigner at the test's own time."""

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        signature = self.signature(self.string_to_sign(request, canonical), request)
        self._inject_signature_to_request(request, signature)


def presigned(service: str, query: str, expires: int = 60, token: str | None = None) -> Any:
    request = AWSRequest("GET", f"http://{HOST}/?{query}", headers={"Host": HOST})
    keys = Keys(ACCESS_KEY, SECRET_KEY, token)
    SigV4QueryAt(keys, service, "us-east-1", expires=expires).add_auth(request)
    return request.prepare()


def read(prepared: Any) -> Request:
    path, _, query = prepared.url.partition(HOST)[2].partition("?")
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value
        for name, value in prepared.headers.items()
    }
    return Request(prepared.method, path, query, {"host": HOST, **headers}, prepared.body or b"")


@given(
    st.sampled_from(["GET", "POST"]),
    st.lists(
        st.sampled_from(["a", "b c", "..", ".", "", "%20", "%C3%A9", "~x", "a=b"]), max_size=4
    ),
    st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=8), max_size=4),
    st.dictionaries(
        st.sampled_from(["x-amz-extra", "content-type", "x-other"]),
        st.sampled_from(["a", " a   b ", "a,b", ""]),
    ),
    st.binary(max_size=20),
)
@example("GET", ["x"], {"a b": "c+d e", "é": ""}, {}, b"")
def test_what_botocore_signs_is_accepted(
    method: str, parts: list[str], query: dict[str, str], headers: dict[str, str], body: bytes
) -> None:
    url = f"http://{HOST}/" + "/".join(parts).lstrip("/")
    request = AWSRequest(method, url, params=query, headers=headers, data=body)
    SigV4At(Keys(ACCESS_KEY, SECRET_KEY), "iam", "eu-west-1", NOW).add_auth(request)
    received = read(request.prepare())
    stated = sigv4.read(received)
    assert (stated.region, stated.service, stated.access_key_id) == ("eu-west-1", "iam", ACCESS_KEY)
    assert sigv4.verify(received, stated, Credentials(), NOW).caller == CALLER


def test_the_caller_and_the_region_are_those_of_the_signature() -> None:
    stage = Stage()
    stage.credentials.known["AKIAOTHER"] = Credential("other", OTHER)
    Api(stage.app, "AKIAOTHER", "other", region="eu-west-3").call("ecs", "ListClusters")
    stage.api.call("ecs", "ListClusters")
    scopes = [(call.scope.account, call.scope.region) for call, _ in stage.calls]
    assert scopes == [("999999999999", "eu-west-3"), (CALLER.account, "us-east-1")]
    assert stage.calls[0][0].caller == OTHER


def refused(stage: Stage, prepared: Any) -> str:
    response = stage.api.send(prepared)
    assert 400 <= response.status < 500
    assert stage.calls == []
    if b"<Code>" in response.body:
        return response.body.partition(b"<Code>")[2].partition(b"<")[0].decode()
    return str(json.loads(response.body)["__type"])


def change_body(prepared: Any) -> None:
    prepared.body = prepared.body.replace(b"a", b"b")


def change_body_and_its_hash(prepared: Any) -> None:
    prepared.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    change_body(prepared)


def change_target(prepared: Any) -> None:
    prepared.headers["X-Amz-Target"] = "AmazonEC2ContainerServiceV20141113.CreateService"


def change_host(prepared: Any) -> None:
    prepared.headers["Host"] = "elsewhere.test"


def change_query(prepared: Any) -> None:
    prepared.url += "?a=b"


def change_method(prepared: Any) -> None:
    prepared.method = "PUT"


def change_region(prepared: Any) -> None:
    authorization = prepared.headers["Authorization"]
    prepared.headers["Authorization"] = authorization.replace("us-east-1", "eu-west-1")


def change_date(prepared: Any) -> None:
    del prepared.headers["X-Amz-Date"]
    prepared.headers["X-Amz-Date"] = "20260101T000001Z"


@pytest.mark.parametrize(
    "change",
    [
        change_body,
        change_body_and_its_hash,
        change_target,
        change_host,
        change_query,
        change_method,
        change_region,
        change_date,
    ],
)
def test_tampering_is_noticed(change: Any) -> None:
    stage = Stage()
    prepared = stage.api.request("ecs", "ListClusters", {"nextToken": "a"})
    change(prepared)
    assert refused(stage, prepared) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sts", "GetCallerIdentity", "SignatureDoesNotMatch", 403),
        ("ec2", "DescribeVpcs", "SignatureDoesNotMatch", 403),
        ("ecs", "ListClusters", "InvalidSignatureException", 400),
    ],
)
def test_a_wrong_secret(service: str, operation: str, code: str, status: int) -> None:
    stage = Stage()
    parsed = Api(stage.app, secret_key="wrong").parsed(service, operation, {})
    assert (parsed["Error"]["Code"], parsed["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert stage.calls == []


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sts", "GetCallerIdentity", "InvalidClientTokenId", 403),
        ("ec2", "DescribeVpcs", "AuthFailure", 401),
        ("ecs", "ListClusters", "UnrecognizedClientException", 400),
    ],
)
def test_an_unknown_key(service: str, operation: str, code: str, status: int) -> None:
    parsed = Api(Stage().app, "AKIANOBODY").parsed(service, operation, {})
    assert (parsed["Error"]["Code"], parsed["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_session_tokens() -> None:
    stage = Stage()
    temporary = Credential(SECRET_KEY, CALLER, "the token", NOW + timedelta(hours=1))
    stage.credentials.known["ASIATEMPORARY"] = temporary

    def api(token: str | None, key: str = "ASIATEMPORARY") -> Api:
        return Api(stage.app, key, SECRET_KEY, token, now=stage.clock.now)

    api("the token").call("sts", "GetCallerIdentity")
    assert api("another").refusal("sts", "GetCallerIdentity")[0] == "InvalidClientTokenId"
    assert api(None).refusal("sts", "GetCallerIdentity")[0] == "InvalidClientTokenId"
    assert api("any", ACCESS_KEY).refusal("sts", "GetCallerIdentity")[0] == "InvalidClientTokenId"
    stage.clock.advance(3600)
    assert api("the token").refusal("sts", "GetCallerIdentity")[0] == "ExpiredToken"
    assert api("the token").refusal("ecs", "ListClusters")[0] == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(899, True), (901, False), (-899, True), (-901, False)]
)
def test_a_quarter_of_an_hour_of_skew(seconds: int, accepted: bool) -> None:
    stage = Stage()
    api = Api(stage.app, now=lambda: NOW + timedelta(seconds=seconds))
    if accepted:
        api.call("ecs", "ListClusters")
    else:
        code, message = api.refusal("ecs", "ListClusters")
        assert code == "InvalidSignatureException"
        assert ("not yet current" if seconds > 0 else "expired") in message


def test_a_signature_is_for_one_service() -> None:
    stage = Stage()
    request = AWSRequest(
        "POST",
        f"http://{HOST}/",
        headers={"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"},
        data=b"{}",
    )
    assert refused(stage, stage.api.sign(request, "ecr")) == "InvalidSignatureException"


@pytest.mark.parametrize("name", ["X-Amz-Target", "X-Amz-Date", "X-Amz-Security-Token", "Host"])
def test_headers_that_decide_must_be_signed(name: str) -> None:
    class Careless(SigV4At):
        def headers_to_sign(self, request: Any) -> Any:
            signed = super().headers_to_sign(request)
            del signed[name]
            return signed

    stage = Stage()
    stage.credentials.known[ACCESS_KEY] = Credential(SECRET_KEY, CALLER, "token")
    headers = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}
    for signer, accepted in ((SigV4At, True), (Careless, False)):
        request = AWSRequest("POST", f"http://{HOST}/", headers=headers, data=b"{}")
        signer(Keys(ACCESS_KEY, SECRET_KEY, "token"), "ecs", "us-east-1", NOW).add_auth(request)
        response = stage.api.send(request.prepare())
        assert (response.status == 200) == accepted
    assert "must be a 'SignedHeader'" in json.loads(response.body)["message"]


def test_the_day_signed_is_the_day_of_the_key() -> None:
    class Yesterday(SigV4At):
        def credential_scope(self, request: Any) -> str:
            return str(super().credential_scope(request)).replace("20260101", "20251231")

        def scope(self, request: Any) -> str:
            return str(super().scope(request)).replace("20260101", "20251231")

        def signature(self, string_to_sign: str, request: Any) -> str:
            time, request.context["timestamp"] = request.context["timestamp"], "20251231T0"
            value = str(super().signature(string_to_sign, request))
            request.context["timestamp"] = time
            return value

    stage = Stage()
    headers = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}
    request = AWSRequest("POST", f"http://{HOST}/", headers=headers, data=b"{}")
    Yesterday(Keys(ACCESS_KEY, SECRET_KEY), "ecs", "us-east-1", NOW).add_auth(request)
    response = stage.api.send(request.prepare())
    assert "Date in Credential scope" in json.loads(response.body)["message"]


def test_presigned_requests() -> None:
    stage = Stage()
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    assert stage.api.send(presigned("sts", query)).status == 200
    assert stage.given == {}
    stage.clock.advance(61)
    late = stage.api.send(presigned("sts", query))
    assert (late.status, b"RequestExpired" in late.body) == (400, True)


def test_presigned_requests_are_tamper_proof() -> None:
    stage = Stage()
    prepared = presigned("sts", "Action=GetCallerIdentity&Version=2011-06-15", expires=60)
    prepared.url = prepared.url.replace("Expires=60", "Expires=61")
    assert refused(stage, prepared) == "SignatureDoesNotMatch"
    prepared = presigned("sts", "Action=AssumeRole&Version=2011-06-15&RoleArn=a", expires=60)
    prepared.url += "&RoleSessionName=x"
    assert refused(stage, prepared) == "SignatureDoesNotMatch"


def test_presigned_requests_with_a_session_token() -> None:
    stage = Stage()
    stage.credentials.known[ACCESS_KEY] = Credential(SECRET_KEY, CALLER, "to/ken=", None)
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    assert stage.api.send(presigned("sts", query, token="to/ken=")).status == 200
    assert stage.api.send(presigned("sts", query, token="other")).status == 403


@pytest.mark.parametrize("expires", ["0x10", "", "-1", "604801", "9" * 30])
def test_presigned_requests_have_a_sound_expiry(expires: str) -> None:
    stage = Stage()
    prepared = presigned("sts", "Action=GetCallerIdentity&Version=2011-06-15")
    prepared.url = prepared.url.replace("Expires=60", f"Expires={expires}")
    assert refused(stage, prepared) == "IncompleteSignature"


@pytest.mark.parametrize(
    ("authorization", "date", "code"),
    [
        ("AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/sts/aws4_request", "x", "Incomplete"),
        ("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=a", "", "Incomplete"),
        ("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=a", "x", "Signature"),
        ("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=x-amz-date, Signature=a", "", "Incomp"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=a", "x", "Signature"),
        ("AWS4-ECDSA-P256-SHA256 Credential={}, SignedHeaders=host, Signature=a", "x", "Incomp"),
    ],
)
def test_malformed_authorizations(authorization: str, date: str, code: str) -> None:
    stage = Stage()
    request = AWSRequest("POST", f"http://{HOST}/", data=b"")
    scope = f"{ACCESS_KEY}/20260101/us-east-1/sts/aws4_request"
    request.headers["Authorization"] = authorization.replace("{}", scope)
    if date:
        request.headers["X-Amz-Date"] = date
    assert code in refused(stage, request.prepare())


@pytest.mark.parametrize("region", ["moon", "us-east-1/x", "US-EAST-1", "us_east_1"])
def test_regions_look_like_regions(region: str) -> None:
    stage = Stage()
    api = Api(stage.app, region=region)
    assert api.refusal("sts", "GetCallerIdentity")[0] in (
        "SignatureDoesNotMatch",
        "IncompleteSignature",
    )
    assert stage.calls == []


def test_a_date_that_does_not_exist_is_malformed() -> None:
    stage = Stage()
    prepared = stage.api.request("sts", "GetCallerIdentity", {})
    stated = sigv4.read(read(prepared))
    bad = type(stated)(
        **{
            **{name: getattr(stated, name) for name in stated.__slots__},
            "time": "20260101T996199Z",
        }
    )
    with pytest.raises(sigv4.Refused) as error:
        sigv4.check_time(bad, datetime.fromisoformat("2026-01-01T00:00:00Z"))
    assert error.value.why is sigv4.Why.INCOMPLETE


def test_operations_that_the_model_leaves_unsigned() -> None:
    stage = Stage()
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/x"
    body += b"&RoleSessionName=me&WebIdentityToken=abcde"
    request = AWSRequest("POST", f"http://{HOST}/", data=body)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    assert stage.api.send(request.prepare()).status == 200
    call, given_input = stage.calls[0]
    assert (call.caller.account, call.scope.region) == ("", "us-east-1")
    assert given_input["RoleSessionName"] == "me"
