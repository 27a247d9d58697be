from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from tests.unit.services.s3.stand import Stand, refusal

MEGABYTE = 2**20
FIRST, LAST = b"a" * 5 * MEGABYTE, b"b" * 10
GIVEN = {"Bucket": "bucket", "Key": "key"}


@pytest.fixture(autouse=True)
def _bucket(stand: Stand) -> None:
    stand.bucket()


def begin(stand: Stand, **given: Any) -> dict[str, Any]:
    upload = stand.s3.create_multipart_upload(**GIVEN, **given)["UploadId"]
    return {**GIVEN, "UploadId": upload}


def send(stand: Stand, upload: dict[str, Any], *parts: bytes, **given: Any) -> list[dict[str, Any]]:
    sent = []
    for number, data in enumerate(parts, 1):
        done = stand.s3.upload_part(**upload, PartNumber=number, Body=data, **given)
        named = {"PartNumber": number, "ETag": done["ETag"]}
        sent.append(named | {key: done[key] for key in done if key.startswith("Checksum")})
    return sent


def complete(
    stand: Stand, upload: dict[str, Any], parts: list[dict[str, Any]], **given: Any
) -> Any:
    return stand.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **given)


def etag(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'


def test_parts_become_one_object(stand: Stand) -> None:
    upload = begin(stand, Metadata={"a": "b"}, ContentType="text/plain", Tagging="t=1")
    parts = send(stand, upload, FIRST, LAST)
    assert stand.keys() == []
    done = complete(stand, upload, parts)
    assert done["ETag"] == etag(FIRST, LAST)
    assert done["Location"] == "http://127.0.0.1:4566/bucket/key"
    got = stand.s3.get_object(**GIVEN)
    assert got["Body"].read() == FIRST + LAST
    assert (got["Metadata"], got["ContentType"], got["TagCount"]) == ({"a": "b"}, "text/plain", 1)
    edge = 5 * MEGABYTE
    assert stand.get(Range=f"bytes={edge - 2}-{edge + 1}") == b"aabb"
    second = stand.s3.get_object(**GIVEN, PartNumber=2)
    assert (second["PartsCount"], second["Body"].read()) == (2, LAST)
    wanted = {**GIVEN, "PartNumber": 3}
    assert refusal(stand.s3.get_object, **wanted) == ("InvalidPartNumber", 416)
    assert refusal(stand.s3.list_parts, **upload) == ("NoSuchUpload", 404)


def test_the_transfer_of_boto3(stand: Stand, tmp_path: Any) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(range(256)) * 50_000)
    config = TransferConfig(
        multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE, use_threads=False
    )
    stand.s3.upload_file(str(source), "bucket", "key", Config=config)
    assert stand.s3.head_object(**GIVEN)["ETag"].endswith('-3"')
    stand.s3.download_file("bucket", "key", str(target), Config=config)
    assert source.read_bytes() == target.read_bytes()
    stand.s3.copy({"Bucket": "bucket", "Key": "key"}, "bucket", "copy", Config=config)
    assert stand.get("copy") == source.read_bytes()


def test_a_part_sent_again_replaces_the_one_before(stand: Stand) -> None:
    upload = begin(stand)
    send(stand, upload, b"wrong")
    parts = send(stand, upload, b"right")
    (listed,) = stand.s3.list_parts(**upload)["Parts"]
    assert (listed["PartNumber"], listed["Size"], listed["ETag"]) == (1, 5, parts[0]["ETag"])
    complete(stand, upload, parts)
    assert stand.get() == b"right"


def test_only_the_parts_that_are_named_count(stand: Stand) -> None:
    upload = begin(stand)
    parts = send(stand, upload, FIRST, LAST, b"left out")
    complete(stand, upload, parts[:2])
    assert stand.get() == FIRST + LAST


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda parts: parts[::-1], "InvalidPartOrder"),
        (lambda parts: [parts[0], parts[0]], "InvalidPartOrder"),
        (lambda parts: [*parts, {"PartNumber": 9, "ETag": '"x"'}], "InvalidPart"),
        (lambda parts: [{**parts[0], "ETag": '"x"'}, parts[1]], "InvalidPart"),
        (lambda parts: [{**parts[0], "ChecksumCRC32": "AAAAAA=="}], "InvalidPart"),
        (lambda _parts: [], "MalformedXML"),
    ],
)
def test_parts_that_make_no_object(stand: Stand, wrong: Any, code: str) -> None:
    upload = begin(stand)
    parts = send(stand, upload, FIRST, LAST)
    given = {**upload, "MultipartUpload": {"Parts": wrong(parts)}}
    assert refusal(stand.s3.complete_multipart_upload, **given) == (code, 400)
    assert stand.keys() == []
    complete(stand, upload, parts)  # nothing was lost


def test_parts_but_the_last_have_five_megabytes(stand: Stand) -> None:
    upload = begin(stand)
    given = {**upload, "MultipartUpload": {"Parts": send(stand, upload, LAST, LAST)}}
    assert refusal(stand.s3.complete_multipart_upload, **given) == ("EntityTooSmall", 400)


def test_an_upload_that_is_given_up(stand: Stand) -> None:
    upload = begin(stand)
    send(stand, upload, LAST)
    stand.s3.abort_multipart_upload(**upload)
    gone = ("NoSuchUpload", 404)
    assert refusal(stand.s3.abort_multipart_upload, **upload) == gone
    assert refusal(stand.s3.upload_part, **upload, PartNumber=1, Body=b"") == gone
    assert stand.s3.list_multipart_uploads(Bucket="bucket").get("Uploads", []) == []


@pytest.mark.parametrize("number", [0, 10_001])
def test_numbers_of_parts(stand: Stand, number: int) -> None:
    given = {**begin(stand), "PartNumber": number, "Body": b""}
    assert refusal(stand.s3.upload_part, **given) == ("InvalidArgument", 400)


def test_parts_and_uploads_are_listed_in_pages(stand: Stand) -> None:
    upload = begin(stand)
    send(stand, upload, *[LAST] * 5)
    pages = stand.s3.get_paginator("list_parts").paginate(
        **upload, PaginationConfig={"PageSize": 2}
    )
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [
        [1, 2],
        [3, 4],
        [5],
    ]
    again = [begin(stand)["UploadId"] for _ in range(3)]
    other = stand.s3.create_multipart_upload(Bucket="bucket", Key="folder/x")["UploadId"]
    pages = stand.s3.get_paginator("list_multipart_uploads").paginate(
        Bucket="bucket", PaginationConfig={"PageSize": 2}
    )
    found = [each["UploadId"] for page in pages for each in page["Uploads"]]
    assert found == [other, upload["UploadId"], *again]
    rolled = stand.s3.list_multipart_uploads(Bucket="bucket", Delimiter="/", Prefix="f")
    assert rolled["CommonPrefixes"] == [{"Prefix": "folder/"}]


def test_parts_copied_from_objects(stand: Stand) -> None:
    stand.put("from", FIRST + LAST)
    upload = begin(stand)
    given = {**upload, "CopySource": "bucket/from"}
    copied = [
        stand.s3.upload_part_copy(**given, PartNumber=number, CopySourceRange=f"bytes={wanted}")[
            "CopyPartResult"
        ]["ETag"]
        for number, wanted in enumerate(["0-5242879", "5242880-5242889"], 1)
    ]
    parts = [{"PartNumber": number, "ETag": each} for number, each in enumerate(copied, 1)]
    assert complete(stand, upload, parts)["ETag"] == etag(FIRST, LAST)
    assert stand.get() == FIRST + LAST
    upload = begin(stand)
    given = {**upload, "CopySource": "bucket/from", "PartNumber": 1}
    outside = {**given, "CopySourceRange": "bytes=0-99999999"}
    assert refusal(stand.s3.upload_part_copy, **outside) == ("InvalidArgument", 400)
    stand.s3.copy_object(Bucket="bucket", Key="one", CopySource="bucket/key")
    whole = hashlib.md5(FIRST + LAST).hexdigest()
    assert stand.s3.head_object(Bucket="bucket", Key="one")["ETag"] == f'"{whole}"'


def test_checksums_of_checksums(stand: Stand) -> None:
    upload = begin(stand, ChecksumAlgorithm="SHA256")
    done = complete(stand, upload, send(stand, upload, FIRST, LAST, ChecksumAlgorithm="SHA256"))
    digests = hashlib.sha256(FIRST).digest() + hashlib.sha256(LAST).digest()
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2"
    assert (done["ChecksumSHA256"], done["ChecksumType"]) == (expected, "COMPOSITE")
    names = ["ObjectParts", "Checksum"]
    found = stand.s3.get_object_attributes(**GIVEN, ObjectAttributes=names)
    assert found["ObjectParts"]["TotalPartsCount"] == 2
    first = base64.b64encode(hashlib.sha256(FIRST).digest()).decode()
    assert found["ObjectParts"]["Parts"][0]["ChecksumSHA256"] == first


def test_a_checksum_of_the_whole_object(stand: Stand) -> None:
    upload = begin(stand, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = send(stand, upload, FIRST, LAST)
    given = {**upload, "MultipartUpload": {"Parts": parts}, "ChecksumType": "FULL_OBJECT"}
    call = stand.s3.complete_multipart_upload
    assert refusal(call, **given, ChecksumCRC32="AAAAAA==") == ("BadDigest", 400)
    stand.put("whole", FIRST + LAST)
    known = stand.s3.head_object(Bucket="bucket", Key="whole", ChecksumMode="ENABLED")
    done = call(**given, ChecksumCRC32=known["ChecksumCRC32"])
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (known["ChecksumCRC32"], "FULL_OBJECT")
    wrong = {**GIVEN, "ChecksumAlgorithm": "SHA1", "ChecksumType": "FULL_OBJECT"}
    assert refusal(stand.s3.create_multipart_upload, **wrong) == ("InvalidRequest", 400)


def test_conditions_of_completing(stand: Stand) -> None:
    upload = begin(stand)
    parts = send(stand, upload, LAST)
    stand.put()
    given = {**upload, "MultipartUpload": {"Parts": parts}, "IfNoneMatch": "*"}
    assert refusal(stand.s3.complete_multipart_upload, **given) == ("PreconditionFailed", 412)
    assert stand.get() == b"hello"


def test_who_completes_again_is_told_the_same(stand: Stand) -> None:
    stand.bucket(versions=True)
    where = {"Bucket": "bucket", "Key": "key"}
    where["UploadId"] = stand.s3.create_multipart_upload(**where)["UploadId"]
    etag = stand.s3.upload_part(**where, PartNumber=1, Body=b"hello")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    first = stand.s3.complete_multipart_upload(**where, MultipartUpload=parts)
    stand.s3.copy_object(Bucket="bucket", Key="other", CopySource="bucket/key")
    again = stand.s3.complete_multipart_upload(**where, MultipartUpload=parts, IfNoneMatch="*")
    for answer in (first, again):
        del answer["ResponseMetadata"]
    assert again == first
    assert len(stand.s3.list_object_versions(Bucket="bucket", Prefix="key")["Versions"]) == 1
    gone = ("NoSuchUpload", 404)
    other = {"Parts": [{"PartNumber": 1, "ETag": '"' + "0" * 32 + '"'}]}
    complete = stand.s3.complete_multipart_upload
    assert refusal(complete, **where, MultipartUpload=other) == gone
    assert refusal(complete, **{**where, "Key": "other"}, MultipartUpload=parts) == gone
    stand.s3.delete_object(Bucket="bucket", Key="key", VersionId=first["VersionId"])
    assert refusal(complete, **where, MultipartUpload=parts) == gone
