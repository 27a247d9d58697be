"""Bodies in chunks, signed and not, with trailers and without: as SDKs in other languages send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.kit.asgi import ACCESS_KEY, HOST, SECRET_KEY, Response
from tests.unit.services.s3.stand import Stand

from demitasse.wire.s3_signature import ChunkSignatures
from demitasse.wire.sigv4 import Signature, signing_key

EMPTY = hashlib.sha256(b"").hexdigest()
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CRC = base64.b64encode(zlib.crc32(b"hello world").to_bytes(4, "big")).decode()


class Fixed(S3SigV4Auth):
    """botocore's signer, with a payload of the test's choosing."""

    def __init__(self, payload_hash: str) -> None:
        super().__init__(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1")
        self.hash = payload_hash

    def payload(self, _request: Any) -> str:
        return self.hash


def signed(
    method: str, path: str, payload: str, headers: dict[str, str] | None = None
) -> dict[str, str]:
    request = AWSRequest(method, f"http://{HOST}{path}", headers=headers or {})
    Fixed(payload).add_auth(request)
    return {**dict(request.headers.items()), "X-Amz-Content-SHA256": payload}


class Signer:
    """Signs chunks as the S3 API reference says."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.time = headers["X-Amz-Date"]
        self.scope = f"{self.time[:8]}/us-east-1/s3/aws4_request"
        self.key = signing_key(SECRET_KEY, self.time[:8], "us-east-1", "s3")
        self.last = headers["Authorization"].rpartition("Signature=")[2]

    def sign(self, algorithm: str, text: str) -> str:
        whole = f"{algorithm}\n{self.time}\n{self.scope}\n{self.last}\n{text}"
        self.last = hmac.new(self.key, whole.encode(), "sha256").hexdigest()
        return self.last

    def chunk(self, data: bytes) -> bytes:
        digest = hashlib.sha256(data).hexdigest()
        value = self.sign("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY}\n{digest}")
        head = f"{len(data):x};chunk-signature={value}\r\n".encode()
        return head + data + (b"\r\n" if data else b"")

    def trailer(self, lines: str) -> bytes:
        value = self.sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(lines.encode()).hexdigest())
        text = lines.replace("\n", "\r\n")
        return f"{text}x-amz-trailer-signature:{value}\r\n\r\n".encode()


def put(
    stand: Stand,
    payload: str,
    make: Any,
    *,
    size: int = 11,
    headers: dict[str, str] | None = None,
    pieces: int = 7,
) -> Response:
    """Send a body of the ``make`` of a signer, in small pieces."""
    all_headers = {"x-amz-decoded-content-length": str(size), "content-encoding": "aws-chunked"}
    all_headers = signed("PUT", "/bucket/key", payload, {**all_headers, **(headers or {})})
    body = make(Signer(all_headers))
    parts = [body[at : at + pieces] for at in range(0, len(body), pieces)]
    return stand.send("PUT", "/bucket/key", all_headers, parts)


def code(response: Response) -> str:
    return response.body.decode().partition("<Code>")[2].partition("</Code>")[0]


@pytest.fixture(autouse=True)
def _bucket(stand: Stand) -> None:
    stand.bucket()


@pytest.mark.parametrize("pieces", [1, 3, 64, 10_000])
def test_signed_chunks(stand: Stand, pieces: int) -> None:
    def body(signer: Signer) -> bytes:
        return signer.chunk(b"hello ") + signer.chunk(b"world") + signer.chunk(b"") + b"\r\n"

    answer = put(stand, SIGNED, body, pieces=pieces)
    assert answer.status == 200, answer.body
    got = stand.s3.get_object(Bucket="bucket", Key="key")
    assert got["Body"].read() == b"hello world"
    assert "ContentEncoding" not in got


def test_signed_chunks_with_a_signed_trailer(stand: Stand) -> None:
    def body(signer: Signer) -> bytes:
        whole = signer.chunk(b"hello world") + signer.chunk(b"")
        return whole + signer.trailer(f"x-amz-checksum-crc32:{CRC}\n")

    headers = {"x-amz-trailer": "x-amz-checksum-crc32"}
    answer = put(stand, f"{SIGNED}-TRAILER", body, headers=headers)
    assert (answer.status, answer.headers["x-amz-checksum-crc32"]) == (200, CRC)
    assert stand.get() == b"hello world"


def test_unsigned_chunks_with_a_trailer(stand: Stand) -> None:
    def body(_signer: Signer) -> bytes:
        return b"b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % CRC.encode()

    headers = {"x-amz-trailer": "x-amz-checksum-crc32", "content-encoding": "gzip,aws-chunked"}
    answer = put(stand, UNSIGNED_TRAILER, body, headers=headers)
    assert answer.status == 200, answer.body
    assert stand.s3.head_object(Bucket="bucket", Key="key")["ContentEncoding"] == "gzip"


def tampered(signer: Signer) -> bytes:
    return signer.chunk(b"hello world").replace(b"world", b"WORLD") + signer.chunk(b"")


def unsigned_trailer(signer: Signer) -> bytes:
    whole = signer.chunk(b"hello world") + signer.chunk(b"")
    return whole + f"x-amz-checksum-crc32:{CRC}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("payload", "make", "expected"),
    [
        (SIGNED, tampered, "SignatureDoesNotMatch"),
        (SIGNED, lambda _: b"b\r\nhello world\r\n0\r\n\r\n", "SignatureDoesNotMatch"),
        (SIGNED, lambda signer: signer.chunk(b"hello world"), "InvalidRequest"),
        (SIGNED, lambda signer: signer.chunk(b"hello") + signer.chunk(b""), "IncompleteBody"),
        (
            SIGNED,
            lambda signer: signer.chunk(b"hello world!") + signer.chunk(b""),
            "IncompleteBody",
        ),
        (f"{SIGNED}-TRAILER", unsigned_trailer, "SignatureDoesNotMatch"),
        (UNSIGNED_TRAILER, lambda _: b"b\r\nhello world\r\n0\r\n\r\n", "MalformedTrailerError"),
        (
            UNSIGNED_TRAILER,
            lambda _: b"b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            "BadDigest",
        ),
        (UNSIGNED_TRAILER, lambda _: b"hello world", "InvalidRequest"),
        (UNSIGNED_TRAILER, lambda _: b"fffffffffffffff\r\nhello", "InvalidRequest"),
        (UNSIGNED_TRAILER, lambda _: b"b\r\nhello world!!0\r\n\r\n", "InvalidRequest"),
        (UNSIGNED_TRAILER, lambda _: b"a" * 40_000, "InvalidRequest"),
        (
            UNSIGNED_TRAILER,
            lambda _: b"b\r\nhello worldx\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % CRC.encode(),
            "InvalidRequest",
        ),
    ],
)
def test_bodies_that_are_refused(stand: Stand, payload: str, make: Any, expected: str) -> None:
    headers = {"x-amz-trailer": "x-amz-checksum-crc32"} if "TRAILER" in payload else {}
    answer = put(stand, payload, make, headers=headers, pieces=5000)
    assert (code(answer), answer.status // 100) == (expected, 4)
    assert stand.keys() == []


def test_a_body_that_is_not_the_one_signed(stand: Stand) -> None:
    digest = hashlib.sha256(b"hello").hexdigest()
    answer = stand.send("PUT", "/bucket/key", signed("PUT", "/bucket/key", digest), b"other")
    assert code(answer) == "XAmzContentSHA256Mismatch"
    unsigned = signed("PUT", "/bucket/key", "UNSIGNED-PAYLOAD")
    assert stand.send("PUT", "/bucket/key", unsigned, b"other").status == 200
    assert stand.get() == b"other"


def test_a_refusal_before_the_body_ends_the_connection(stand: Stand) -> None:
    headers = signed("PUT", "/none/key", "UNSIGNED-PAYLOAD")
    answer = stand.send("PUT", "/none/key", headers, [b"a", b"b"])
    assert code(answer) == "NoSuchBucket"
    assert "connection" not in answer.headers  # so little was read and forgotten
    for further in ({"Expect": "100-continue"}, {"Content-Length": "99999999"}):
        answer = stand.send("PUT", "/none/key", {**headers, **further}, [b"a", b"b"])
        assert (code(answer), answer.headers["connection"]) == ("NoSuchBucket", "close")


def test_a_client_that_goes_away_leaves_nothing(stand: Stand) -> None:
    headers = {**signed("PUT", "/bucket/key", "UNSIGNED-PAYLOAD"), "Content-Length": "100"}
    answer = stand.send("PUT", "/bucket/key", headers, [b"only this"])
    assert answer.status in (0, 400)
    assert stand.keys() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(6 * 2**30)}, 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": ""}, 411),
    ],
)
def test_sizes(stand: Stand, headers: dict[str, str], status: int) -> None:
    all_headers = {**signed("PUT", "/bucket/key", "UNSIGNED-PAYLOAD"), **headers}
    assert stand.send("PUT", "/bucket/key", all_headers, b"x").status == status


EXAMPLE = Signature(
    "AKIAIOSFODNN7EXAMPLE",
    "20130524",
    "us-east-1",
    "s3",
    (),
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "20130524T000000Z",
    None,
    None,
)


def test_the_example_of_the_api_reference() -> None:
    chunks = ChunkSignatures(EXAMPLE, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    for data, signature in (
        (b"a" * 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (b"a" * 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ):
        assert chunks.accepts(signature, hashlib.sha256(data).hexdigest())
