from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.s3.stand import Stand, refusal

from demitasse.services.s3.polynomials import CRC32, CRC32C, CRC64NVME, Crc

CHECK = b"123456789"


@pytest.mark.parametrize(
    ("crc", "expected"),
    [(CRC32, 0xCBF43926), (CRC32C, 0xE3069283), (CRC64NVME, 0xAE8B14860A799888)],
)
def test_the_check_values_of_their_definitions(crc: Crc, expected: int) -> None:
    assert crc.update(0, CHECK) == expected


@given(st.binary(max_size=500))
def test_ours_is_that_of_zlib(data: bytes) -> None:
    assert CRC32.update(0, data) == zlib.crc32(data)


@pytest.mark.parametrize("crc", [CRC32C, CRC64NVME])
@given(first=st.binary(max_size=300), second=st.binary(max_size=300))
def test_pieces_give_what_the_whole_gives(crc: Crc, first: bytes, second: bytes) -> None:
    whole = crc.update(0, first + second)
    assert crc.update(crc.update(0, first), second) == whole
    assert crc.combine(crc.update(0, first), crc.update(0, second), len(second)) == whole


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


RIGHT = {
    "ChecksumCRC32": encoded(zlib.crc32(CHECK).to_bytes(4, "big")),
    "ChecksumCRC32C": encoded(0xE3069283.to_bytes(4, "big")),
    "ChecksumCRC64NVME": encoded(0xAE8B14860A799888.to_bytes(8, "big")),
    "ChecksumSHA1": encoded(hashlib.sha1(CHECK).digest()),
    "ChecksumSHA256": encoded(hashlib.sha256(CHECK).digest()),
    "ChecksumSHA512": encoded(hashlib.sha512(CHECK).digest()),
    "ChecksumMD5": encoded(hashlib.md5(CHECK).digest()),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_checksum_is_verified_and_kept(stand: Stand, name: str) -> None:
    stand.bucket()
    assert stand.put(body=CHECK, **{name: RIGHT[name]})[name] == RIGHT[name]
    head = stand.s3.head_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (RIGHT[name], "FULL_OBJECT")
    wrong: dict[str, Any] = {"Bucket": "bucket", "Key": "other", "Body": b"x", name: RIGHT[name]}
    assert refusal(stand.s3.put_object, **wrong) == ("BadDigest", 400)
    malformed = {**wrong, name: "AAAA"}
    assert refusal(stand.s3.put_object, **malformed) == ("InvalidRequest", 400)
    assert stand.keys() == ["key"]


def test_content_md5_is_verified(stand: Stand) -> None:
    stand.bucket()
    stand.put(body=CHECK, ContentMD5=encoded(hashlib.md5(CHECK).digest()))
    wrong = {"Bucket": "bucket", "Key": "other", "Body": b"x"}
    other = encoded(hashlib.md5(CHECK).digest())
    assert refusal(stand.s3.put_object, **wrong, ContentMD5=other) == ("BadDigest", 400)
    assert refusal(stand.s3.put_object, **wrong, ContentMD5="x") == ("InvalidDigest", 400)
    assert stand.keys() == ["key"]


def test_a_copy_can_have_another_checksum(stand: Stand) -> None:
    stand.bucket()
    stand.put(body=CHECK)
    copied = stand.s3.copy_object(
        Bucket="bucket", Key="to", CopySource="bucket/key", ChecksumAlgorithm="SHA256"
    )
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == RIGHT["ChecksumSHA256"]
