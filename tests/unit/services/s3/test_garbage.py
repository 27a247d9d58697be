"""Whatever is asked, signed as it must be, S3 answers: never with a 500."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.kit.asgi import ACCESS_KEY, HOST, SECRET_KEY, Response, service_model
from tests.unit.services.s3.stand import Stand

from demitasse.services.s3.http.routes import OPERATIONS

PLACES = sorted({place for place, _ in OPERATIONS.values()})
ALL = ["acl", "annotation", "policy", "select", "torrent", "uploads", "versions", "whatever"]
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
NAMES = [
    *("versionId", "partNumber", "list-type", "prefix", "delimiter", "marker", "max-keys"),
    *("start-after", "continuation-token", "key-marker", "version-id-marker", "max-uploads"),
    *("upload-id-marker", "max-parts", "part-number-marker", "encoding-type", "response-expires"),
]
HEADERS = [
    *("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    *("content-md5", "x-amz-checksum-crc32", "x-amz-checksum-sha256", "x-amz-trailer"),
    *("x-amz-copy-source", "x-amz-copy-source-range", "x-amz-tagging", "x-amz-acl"),
    *("x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-object-attributes"),
    *("x-amz-metadata-directive", "x-amz-storage-class", "x-amz-meta-a", "x-amz-max-parts"),
    *("x-amz-part-number-marker", "x-amz-mp-object-size", "x-amz-expected-bucket-owner"),
]
ROOTS = [
    *("Tagging", "Delete", "CompleteMultipartUpload", "VersioningConfiguration"),
    *("CreateBucketConfiguration", "NotificationConfiguration"),
]
INSIDE = st.recursive(
    st.sampled_from(["", "x", "&amp;", "Enabled", "-1", "1", "\u00e9"]),
    lambda inner: st.builds(
        lambda name, content: f"<{name}>{content}</{name}>",
        st.sampled_from(
            [
                *("TagSet", "Tag", "Key", "Value", "Object", "VersionId", "Quiet", "Status"),
                *("Part", "PartNumber", "ETag", "LocationConstraint", "ChecksumCRC32", "Tags"),
            ]
        ),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=6,
)
DOCUMENTS = st.builds(
    lambda root, inside: f"<{root}>{inside}</{root}>".encode(), st.sampled_from(ROOTS), INSIDE
)
BODIES = st.one_of(st.just(b""), st.binary(max_size=30), DOCUMENTS)


@functools.cache
def stand() -> Stand:
    """One for all: whatever garbage did to it must not matter to what follows."""
    made = Stand()
    made.bucket("bucket", versions=True)
    made.put("key")
    made.s3.delete_object(Bucket="bucket", Key="gone")
    return made


def ask(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Response:
    request = AWSRequest(
        method, f"http://{HOST}{path}{f'?{query}' if query else ''}", headers=headers, data=body
    )
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(request)
    sent = {name: str(value) for name, value in request.headers.items()}
    return stand().send(method, f"{path}?{query}", sent, body)


def check(answer: Response, method: str) -> None:
    assert 200 <= answer.status < 500, answer.body
    if answer.status >= 400 and method != "HEAD":
        assert b"<Code>" in answer.body
        assert b"SignatureDoesNotMatch" not in answer.body


LEVELS = {
    "service": st.just("/"),
    "directory": st.just("/"),
    "bucket": st.sampled_from(["/bucket", "/bucket/", "/none"]),
    "object": st.one_of(
        st.sampled_from(["/bucket/key", "/bucket/gone", "/none/key"]),
        TEXT.map(lambda name: f"/bucket/{quote(name)}"),
    ),
}


VALUES = st.one_of(st.just(""), st.just("2"), TEXT)


def parameters(what: str) -> list[str]:
    """The parameters that make a request this operation."""
    return [name for name in what.split("+") if name not in ("", "copy")]


@st.composite
def addresses(draw: Any) -> tuple[str, str, dict[str, str]]:
    """A method, a path, and the parameter that makes it a sub-resource: mostly ones there are."""
    method, level, what = f"{draw(st.sampled_from(PLACES))} ".split(" ")[:3]
    if draw(st.integers(0, 9)) == 0:
        method, what = draw(st.sampled_from(METHODS)), draw(st.sampled_from(ALL))
    return method, draw(LEVELS[level]), {name: draw(VALUES) for name in parameters(what)}


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    address=addresses(),
    query=st.dictionaries(
        st.sampled_from(NAMES), st.one_of(TEXT, st.sampled_from(["1", "2", "null"])), max_size=3
    ),
    headers=st.dictionaries(st.sampled_from(HEADERS), HEADER, max_size=2),
    body=BODIES,
)
@example(
    address=("PUT", "/bucket/key", {"tagging": ""}), query={}, headers={}, body=b"<!DOCTYPE x>"
)
@example(address=("GET", "/bucket", {}), query={"max-keys": "9" * 40}, headers={}, body=b"")
@example(address=("PUT", "/bucket/k%00", {}), query={}, headers={}, body=b"")
@example(address=("PUT", "/bucket/k%FF", {}), query={}, headers={}, body=b"")
@example(
    address=("PUT", "/bucket/x", {}), query={}, headers={"x-amz-copy-source": "a/%FF"}, body=b""
)
def test_signed_garbage(
    address: tuple[str, str, dict[str, str]],
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    method, path, named = address
    check(ask(method, path, urlencode(named | query, quote_via=quote), headers, body), method)


@pytest.mark.parametrize("place", PLACES)
def test_every_operation_answers_although_nothing_is_right(place: str) -> None:
    method, level, what = f"{place} ".split(" ")[:3]
    path = {"bucket": "/nowhere", "object": "/nowhere/key"}.get(level, "/")
    headers = {"x-amz-copy-source": "x"} if "copy" in what else {}
    check(ask(method, path, urlencode(dict.fromkeys(parameters(what), "")), headers, b""), method)


def test_a_parameter_that_nobody_knows_writes_nothing() -> None:
    for parameter in ("annotation", "legal-hold", "whatever=1"):
        answer = ask("PUT", "/bucket/unwritten", parameter, {}, b"x")
        assert (answer.status, b"NotImplemented" in answer.body) == (400, True)
    assert ask("GET", "/bucket/unwritten", "", {}, b"").status == 404


def test_what_is_refused_has_the_name_that_aws_has_for_it() -> None:
    """Each operation of botocore's model is carried out, or refused by its name."""
    model = service_model("s3")
    unnamed = set()
    for name in model.operation_names:
        if name in OPERATIONS:
            continue
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        if name == "GetObjectAnnotation":  # a list, but for this
            query += "&annotationName=a"
        path = path.replace("{Bucket}", "bucket").replace("{Key+}", "any")
        answer = ask(http["method"], path, query, {}, b"")
        if f"The operation s3 {name} is".encode() not in answer.body:
            unnamed.add(name)
    assert unnamed == UNNAMED


UNNAMED = {
    # older names, and lists of what is refused singly
    *("GetBucketLifecycle", "GetBucketNotification", "PutBucketLifecycle", "PutBucketNotification"),
    *("ListBucketAnalyticsConfigurations", "ListBucketIntelligentTieringConfigurations"),
    *("ListBucketInventoryConfigurations", "ListBucketMetricsConfigurations"),
    "WriteGetObjectResponse",
    # refused by the name of their parameter
    *("CreateBucketMetadataConfiguration", "CreateBucketMetadataTableConfiguration"),
    *("DeleteBucketMetadataConfiguration", "DeleteBucketMetadataTableConfiguration"),
    *("GetBucketMetadataConfiguration", "GetBucketMetadataTableConfiguration"),
    *("UpdateBucketMetadataAnnotationTableConfiguration",),
    *("UpdateBucketMetadataInventoryTableConfiguration",),
    *("UpdateBucketMetadataJournalTableConfiguration",),
}
