from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from tests.unit.services.s3.stand import Stand, refusal

KEYS = ["a", "a/b/c.txt", "/lead", "a//b", "blank and+plus", "ü/日本語", "100%?&#", "..", "a/../b"]


@pytest.fixture(autouse=True)
def _bucket(stand: Stand) -> None:
    stand.bucket()


@pytest.mark.parametrize("key", KEYS)
def test_what_was_put_is_got(stand: Stand, key: str) -> None:
    put = stand.put(key, b"hello")
    assert put["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    got = stand.s3.get_object(Bucket="bucket", Key=key)
    assert got["Body"].read() == b"hello"
    assert got["ETag"] == put["ETag"]
    assert got["LastModified"] == stand.clock.now()
    assert got["ContentType"] == "binary/octet-stream"
    assert "VersionId" not in got
    assert stand.keys() == [key]
    stand.s3.delete_object(Bucket="bucket", Key=key)
    assert stand.keys() == []


def test_an_object_is_given_back_as_it_was_described(stand: Stand) -> None:
    described = {
        "CacheControl": "max-age=60",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "fr",
        "ContentType": "text/plain; charset=utf-8",
        "Metadata": {"made-by": "me", "empty": ""},
    }
    stand.put(**described)
    head = stand.s3.head_object(Bucket="bucket", Key="key")
    assert {name: head[name] for name in described} == described
    assert head["ContentLength"] == 5
    other = {"ResponseContentType": "text/html", "ResponseCacheControl": "no-cache"}
    got = stand.s3.get_object(Bucket="bucket", Key="key", **other)
    assert (got["ContentType"], got["CacheControl"]) == ("text/html", "no-cache")


def test_large_ones_pass_in_pieces(stand: Stand) -> None:
    data = bytes(range(256)) * 20_000
    stand.put(body=data)
    assert stand.get() == data
    assert stand.get(Range="bytes=1048570-1048590") == data[1048570:1048591]


@pytest.mark.parametrize(
    ("asked", "given", "content"),
    [
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=2-5", "bytes 2-5/10", b"2345"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=7-99", "bytes 7-9/10", b"789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=-99", "bytes 0-9/10", b"0123456789"),
        ("bytes=5-2", None, b"0123456789"),
        ("bytes=1-2,4-5", None, b"0123456789"),
        ("lines=1-2", None, b"0123456789"),
    ],
)
def test_ranges(stand: Stand, asked: str, given: str | None, content: bytes) -> None:
    stand.put(body=b"0123456789")
    got = stand.s3.get_object(Bucket="bucket", Key="key", Range=asked)
    assert got.get("ContentRange") == given
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if given else 200)
    assert got["Body"].read() == content


def test_ranges_of_nothing(stand: Stand) -> None:
    stand.put(body=b"0123456789")
    stand.put("empty", b"")
    for key, asked in (("key", "bytes=10-"), ("key", "bytes=-0"), ("empty", "bytes=0-1")):
        wanted = {"Bucket": "bucket", "Key": key, "Range": asked}
        assert refusal(stand.s3.get_object, **wanted) == ("InvalidRange", 416)
    assert stand.get("empty") == b""


def test_conditions_of_reading(stand: Stand) -> None:
    etag = stand.put()["ETag"]
    now = stand.clock.now()
    before, after = now - timedelta(hours=1), now + timedelta(hours=1)
    call, given = stand.s3.get_object, {"Bucket": "bucket", "Key": "key"}
    for fits in (
        {"IfMatch": etag},
        {"IfMatch": "*"},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": before},
        {"IfUnmodifiedSince": now},
        {"IfMatch": etag, "IfUnmodifiedSince": before},
        {"IfNoneMatch": '"other"', "IfModifiedSince": after},
    ):
        assert call(**given, **fits)["Body"].read() == b"hello"
    failed, same = ("PreconditionFailed", 412), ("304", 304)
    assert refusal(call, **given, IfMatch='"other"') == failed
    assert refusal(call, **given, IfUnmodifiedSince=before) == failed
    assert refusal(call, **given, IfNoneMatch=etag) == same
    assert refusal(call, **given, IfModifiedSince=now) == same
    assert refusal(stand.s3.head_object, **given, IfNoneMatch=etag) == same


def test_conditions_of_writing(stand: Stand) -> None:
    etag = stand.put(IfNoneMatch="*")["ETag"]
    call, given = stand.s3.put_object, {"Bucket": "bucket", "Key": "key", "Body": b"x"}
    assert refusal(call, **given, IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refusal(call, **given, IfMatch='"other"') == ("PreconditionFailed", 412)
    nothing = {**given, "Key": "none"}
    assert refusal(call, **nothing, IfMatch=etag) == ("NoSuchKey", 404)
    assert stand.get() == b"hello"
    call(**given, IfMatch=etag)
    assert stand.get() == b"x"
    delete = stand.s3.delete_object
    assert refusal(delete, Bucket="bucket", Key="key", IfMatch=etag)[0] == "PreconditionFailed"
    delete(Bucket="bucket", Key="key", IfMatch="*")
    assert stand.keys() == []


def test_what_is_not_there(stand: Stand) -> None:
    given = {"Bucket": "bucket", "Key": "none"}
    assert refusal(stand.s3.get_object, **given) == ("NoSuchKey", 404)
    assert refusal(stand.s3.head_object, **given) == ("404", 404)
    assert refusal(stand.s3.get_object_tagging, **given) == ("NoSuchKey", 404)
    version = {**given, "VersionId": "v1"}
    assert refusal(stand.s3.get_object, **version) == ("NoSuchVersion", 404)
    bucket = {"Bucket": "no-such-bucket", "Key": "none"}
    assert refusal(stand.s3.get_object, **bucket) == ("NoSuchBucket", 404)
    assert refusal(stand.s3.put_object, **bucket) == ("NoSuchBucket", 404)
    stand.s3.delete_object(**given)  # no error, as on AWS


def test_several_deleted_at_once(stand: Stand) -> None:
    for key in ("a", "b <&>", "c"):
        stand.put(key)
    objects = [{"Key": "a"}, {"Key": "b <&>"}, {"Key": "none"}]
    done = stand.s3.delete_objects(Bucket="bucket", Delete={"Objects": objects})
    assert [each["Key"] for each in done["Deleted"]] == ["a", "b <&>", "none"]
    assert stand.keys() == ["c"]
    quiet = {"Objects": [{"Key": "c"}], "Quiet": True}
    assert "Deleted" not in stand.s3.delete_objects(Bucket="bucket", Delete=quiet)
    stand.put("c")
    other = {"Objects": [{"Key": "c", "ETag": "other"}]}
    (error,) = stand.s3.delete_objects(Bucket="bucket", Delete=other)["Errors"]
    assert (error["Key"], error["Code"]) == ("c", "PreconditionFailed")
    many = {"Objects": [{"Key": str(number)} for number in range(1001)]}
    assert refusal(stand.s3.delete_objects, Bucket="bucket", Delete=many)[0] == "MalformedXML"


def test_tags(stand: Stand) -> None:
    stand.put(Tagging="team=coffee&empty=")
    given = {"Bucket": "bucket", "Key": "key"}
    assert stand.s3.get_object(**given)["TagCount"] == 2
    assert stand.s3.get_object_tagging(**given)["TagSet"] == [
        {"Key": "team", "Value": "coffee"},
        {"Key": "empty", "Value": ""},
    ]
    tags = [{"Key": "a", "Value": "b"}]
    stand.s3.put_object_tagging(**given, Tagging={"TagSet": tags})
    assert stand.s3.get_object_tagging(**given)["TagSet"] == tags
    stand.s3.delete_object_tagging(**given)
    assert stand.s3.get_object_tagging(**given)["TagSet"] == []
    many = [{"Key": str(number), "Value": ""} for number in range(11)]
    call = stand.s3.put_object_tagging
    assert refusal(call, **given, Tagging={"TagSet": many}) == ("BadRequest", 400)
    system = [{"Key": "aws:x", "Value": ""}]
    assert refusal(call, **given, Tagging={"TagSet": system}) == ("InvalidTag", 400)


def test_a_copy_is_a_further_object(stand: Stand) -> None:
    stand.put("from ü", b"hello", Metadata={"a": "b"}, Tagging="t=1", ContentType="text/plain")
    source = {"Bucket": "bucket", "Key": "from ü"}
    copied = stand.s3.copy_object(Bucket="bucket", Key="to", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    stand.s3.delete_object(**source)
    got = stand.s3.get_object(Bucket="bucket", Key="to")
    assert (got["Body"].read(), got["Metadata"], got["TagCount"]) == (b"hello", {"a": "b"}, 1)
    assert got["ContentType"] == "text/plain"
    replaced = {
        "Metadata": {"c": "d"},
        "MetadataDirective": "REPLACE",
        "TaggingDirective": "REPLACE",
    }
    stand.s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/to", **replaced)
    got = stand.s3.get_object(Bucket="bucket", Key="to")
    assert (got["Metadata"], got.get("TagCount")) == ({"c": "d"}, None)


def test_copies_that_are_refused(stand: Stand) -> None:
    etag = stand.put("from")["ETag"]
    stand.other.create_bucket(Bucket="others")
    stand.other.put_object(Bucket="others", Key="secret", Body=b"x")
    call, given = stand.s3.copy_object, {"Bucket": "bucket", "Key": "to"}
    assert refusal(call, **given, CopySource="others/secret") == ("AccessDenied", 403)
    assert refusal(call, **given, CopySource="bucket/none") == ("NoSuchKey", 404)
    assert refusal(call, **given, CopySource="no-such-bucket/x") == ("NoSuchBucket", 404)
    itself = {"Bucket": "bucket", "Key": "from", "CopySource": "bucket/from"}
    assert refusal(call, **itself) == ("InvalidRequest", 400)
    failed = ("PreconditionFailed", 412)
    assert refusal(call, **given, CopySource="bucket/from", CopySourceIfNoneMatch=etag) == failed
    assert refusal(call, **given, CopySource="bucket/from", CopySourceIfMatch='"x"') == failed
    assert stand.keys() == ["from"]


def test_attributes(stand: Stand) -> None:
    stand.put()
    names = ["ETag", "ObjectSize", "StorageClass", "Checksum", "ObjectParts"]
    found = stand.s3.get_object_attributes(Bucket="bucket", Key="key", ObjectAttributes=names)
    assert (found["ObjectSize"], found["StorageClass"]) == (5, "STANDARD")
    assert found["ETag"] == hashlib.md5(b"hello").hexdigest()
    assert found["Checksum"] == {"ChecksumCRC32": "NhCmhg==", "ChecksumType": "FULL_OBJECT"}
    assert "ObjectParts" not in found


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"StorageClass": "GLACIER"}, "NotImplemented"),
        ({"ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, "NotImplemented"),
        ({"WebsiteRedirectLocation": "/x"}, "NotImplemented"),
        ({"ObjectLockLegalHoldStatus": "ON"}, "NotImplemented"),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"GrantRead": "id=x"}, "NotImplemented"),
        ({"Metadata": {"a": "b" * 2048}}, "MetadataTooLarge"),
        ({"Tagging": "a=1&a=2"}, "InvalidTag"),
        ({"Key": "k" * 1025}, "KeyTooLongError"),
    ],
)
def test_what_is_refused_by_name(stand: Stand, given: dict[str, object], code: str) -> None:
    wanted = {"Bucket": "bucket", "Key": "key", "Body": b"", **given}
    assert refusal(stand.s3.put_object, **wanted) == (code, 400)
    assert stand.keys() == []


def test_a_full_disk_is_said_and_leaves_nothing(stand: Stand) -> None:
    stand.blobs.room = 3
    assert refusal(stand.s3.put_object, Bucket="bucket", Key="key", Body=b"hello") == (
        "ServiceUnavailable",
        400,
    )
    stand.blobs.room = None
    assert stand.keys() == []
    stand.put()
    assert stand.get() == b"hello"


def test_no_object_has_annotations(stand: Stand) -> None:
    stand.bucket(versions=True)
    version = stand.put()["VersionId"]
    listed = stand.s3.list_object_annotations(
        Bucket="bucket", Key="key", MaxAnnotationResults=7, AnnotationPrefix="a"
    )
    listed.pop("ResponseMetadata")
    assert listed == {
        "Bucket": "bucket",
        "Key": "key",
        "ObjectVersionId": version,
        "AnnotationPrefix": "a",
        "MaxAnnotationResults": 7,
        "AnnotationCount": 0,
    }
    named = {"Bucket": "bucket", "Key": "key", "AnnotationName": "a"}
    assert refusal(stand.s3.get_object_annotation, **named) == ("NotImplemented", 400)
    assert refusal(stand.s3.put_object_annotation, **named, AnnotationPayload=b"x") == (
        "NotImplemented",
        400,
    )
    assert refusal(stand.s3.list_object_annotations, Bucket="bucket", Key="other") == (
        "NoSuchKey",
        404,
    )
