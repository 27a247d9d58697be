from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.kit.asgi import ACCESS_KEY, HOST, SECRET_KEY, Response
from tests.unit.services.s3.stand import TEMPORARY_KEY, TOKEN, Stand, refusal

GIVEN = {"Bucket": "bucket", "Key": "a/ü b+c?.txt"}
V4 = {"signature_version": "s3v4"}


@pytest.fixture(autouse=True)
def _object(stand: Stand) -> None:
    stand.bucket()
    stand.s3.put_object(**GIVEN, Body=b"hello")


def code(response: Response) -> str:
    return response.body.decode().partition("<Code>")[2].partition("</Code>")[0]


def presigned(client: Any, call: str = "get_object", seconds: int = 60, **given: Any) -> str:
    url: str = client.generate_presigned_url(call, Params={**GIVEN, **given}, ExpiresIn=seconds)
    return url.partition(HOST)[2]


@pytest.mark.parametrize("options", [{}, V4], ids=["version 2", "version 4"])
class TestPresigned:
    def test_it_needs_no_other_credential(self, stand: Stand, options: dict[str, str]) -> None:
        url = presigned(stand.client(**options))
        answer = stand.send("GET", url)
        assert (answer.status, answer.body) == (200, b"hello")

    def test_writing(self, stand: Stand, options: dict[str, str]) -> None:
        url = presigned(stand.client(**options), "put_object", ContentType="text/plain")
        answer = stand.send("PUT", url, {"Content-Type": "text/plain"}, b"new")
        assert answer.status == 200, answer.body
        assert stand.s3.get_object(**GIVEN)["Body"].read() == b"new"
        assert stand.send("PUT", url, {"Content-Type": "text/html"}, b"new").status == 403

    def test_headers_go_with_it(self, stand: Stand, options: dict[str, str]) -> None:
        """Version 2 puts them into the query; with Version 4 the sender must send them."""
        url = presigned(stand.client(**options), "put_object", Metadata={"a": "b"})
        headers = {"x-amz-meta-a": "b"} if options else {}
        assert stand.send("PUT", url, headers, b"new").status == 200
        assert stand.s3.head_object(**GIVEN)["Metadata"] == {"a": "b"}

    def test_no_parameter_begins_a_header(self, stand: Stand, options: dict[str, str]) -> None:
        asked = {"ResponseContentType": "text/plain\r\nSet-Cookie: a=b"}
        answer = stand.send("GET", presigned(stand.client(**options), **asked))
        assert answer.headers["content-type"] == "text/plain  Set-Cookie: a=b"

    def test_sub_resources_are_signed(self, stand: Stand, options: dict[str, str]) -> None:
        asked = {"ResponseContentType": "text/x-mine; a=b"}
        url = presigned(stand.client(**options), **asked)
        assert stand.send("GET", url).headers["content-type"] == "text/x-mine; a=b"
        assert code(stand.send("GET", url.replace("x-mine", "x-other"))) == "SignatureDoesNotMatch"

    def test_it_ends(self, stand: Stand, options: dict[str, str]) -> None:
        url = presigned(stand.client(**options))
        stand.signed_at.advance(62)
        answer = stand.send("GET", url)
        assert (answer.status, code(answer)) == (403, "AccessDenied")
        assert b"Request has expired" in answer.body

    def test_what_is_changed_is_refused(self, stand: Stand, options: dict[str, str]) -> None:
        url = presigned(stand.client(**options))
        assert code(stand.send("PUT", url, body=b"x")) == "SignatureDoesNotMatch"
        assert code(stand.send("GET", url.replace("a/", "b/"))) == "SignatureDoesNotMatch"
        other = re.sub(r"AKIA[A-Z]+", "AKIANOBODYSACCESSKEY", url)
        assert code(stand.send("GET", other)) == "InvalidAccessKeyId"

    def test_temporary_credentials(self, stand: Stand, options: dict[str, str]) -> None:
        url = presigned(stand.client(TEMPORARY_KEY, TOKEN, **options))
        assert stand.send("GET", url).status == 200
        assert stand.send("GET", url.replace("sts", "other")).status in (400, 403)


@pytest.mark.parametrize("key", ["a/ü b+c?.txt", "bucket/key"])
def test_the_bucket_may_stand_in_the_hosts_name(stand: Stand, key: str) -> None:
    """So most SDKs write it when the endpoint is ``http://localhost``, and so they sign it."""
    host = "bucket.localhost:4566"

    def send(method: str, path: str, body: bytes = b"") -> Response:
        request = AWSRequest(method, f"http://{host}/{quote(path)}", data=body)
        S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(request)
        return stand.send(method, f"/{quote(path)}", {**request.headers, "Host": host}, body)

    assert send("PUT", key, b"new").status == 200
    assert stand.get(key) == b"new"
    assert b"<Name>bucket</Name>" in send("GET", "").body


def test_a_checksum_in_a_presigned_url_does_not_count(stand: Stand) -> None:
    """The JavaScript SDK presigns with the checksum of an empty body."""

    def with_checksum(request: Any, **_: Any) -> None:
        request.url += "?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"

    client = stand.client(**V4)
    client.meta.events.register("before-sign.s3.PutObject", with_checksum)
    try:
        url = presigned(client, "put_object")
    finally:  # the tests share their clients
        client.meta.events.unregister("before-sign.s3.PutObject", with_checksum)
    assert "x-amz-checksum-crc32=AAAAAA" in url
    assert stand.send("PUT", url, body=b"new").status == 200
    assert stand.s3.get_object(**GIVEN)["Body"].read() == b"new"


def test_whose_signature_is_wrong(stand: Stand) -> None:
    client = stand.client(access_key="AKIANOBODYSACCESSKEY")
    assert refusal(client.list_buckets) == ("InvalidAccessKeyId", 403)
    client = stand.client(TEMPORARY_KEY, "no such token")
    assert refusal(client.list_buckets) == ("InvalidToken", 400)
    stand.signed_at.advance(timedelta(minutes=20).total_seconds())
    assert refusal(stand.s3.list_buckets) == ("RequestTimeTooSkewed", 403)


def test_headers_that_mean_something_are_signed(stand: Stand) -> None:
    url = presigned(stand.client(**V4), "put_object")
    answer = stand.send("PUT", url, {"x-amz-meta-a": "b"}, b"x")
    assert (answer.status, code(answer)) == (403, "AccessDenied")
    assert b"x-amz-meta-a" in answer.body


@pytest.mark.parametrize("path", ["/bucket", "/bucket/key", "/none/key?tagging", "/a%zz%ff"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "POST", "OPTIONS"])
def test_nobody_may_do_nothing(stand: Stand, method: str, path: str) -> None:
    answer = stand.send(method, path)
    assert answer.status == 403
    assert method == "HEAD" or code(answer) == "AccessDenied"
    assert answer.headers["x-amz-request-id"]


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"X-Amz-Target": "Nothing.Nothing"}, "/bucket/key"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "/bucket/key"),
        ({}, "/bucket?Action=GetCallerIdentity"),
        ({}, "/"),
        ({"Authorization": "Basic abc"}, "/bucket/key"),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/ecs/aws4_request"}, "/x/y"),
    ],
)
def test_what_is_meant_for_others_is_answered_by_them(
    stand: Stand, headers: dict[str, str], path: str
) -> None:
    answer = stand.send("POST", path, headers)
    assert 400 <= answer.status < 500
    assert "x-amz-id-2" not in answer.headers
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("AWS key:signature", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request", None),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host, Signature=x",
            None,
        ),
    ],
)
def test_authorizations_that_are_none(
    stand: Stand, authorization: str, expected: str | None
) -> None:
    answer = stand.send("GET", "/bucket/key", {"Authorization": authorization})
    assert 400 <= answer.status < 500
    assert code(answer) == (expected or code(answer)) != ""
