from __future__ import annotations

from typing import Any

from tests.unit.services.s3.stand import ACCOUNT, Stand, refusal

from demitasse.api import Scope
from demitasse.services.events.records import EVENTS, RULES, Rule, rule_key


def test_every_write_is_kept_and_newer_ones_hide_it(stand: Stand) -> None:
    stand.bucket(versions=True)
    first, second = stand.put(body=b"one")["VersionId"], stand.put(body=b"two")["VersionId"]
    assert stand.get() == b"two"
    assert stand.get(VersionId=first) == b"one"
    listed = stand.s3.list_object_versions(Bucket="bucket")["Versions"]
    assert [(each["VersionId"], each["IsLatest"]) for each in listed] == [
        (second, True),
        (first, False),
    ]
    stand.s3.delete_object(Bucket="bucket", Key="key", VersionId=second)
    assert stand.get() == b"one"
    assert stand.keys() == ["key"]


def test_deleting_leaves_a_marker(stand: Stand) -> None:
    stand.bucket(versions=True)
    version = stand.put()["VersionId"]
    given = {"Bucket": "bucket", "Key": "key"}
    deleted = stand.s3.delete_object(**given)
    assert deleted["DeleteMarker"] is True
    assert refusal(stand.s3.get_object, **given) == ("NoSuchKey", 404)
    marker = {**given, "VersionId": deleted["VersionId"]}
    assert refusal(stand.s3.get_object, **marker) == ("MethodNotAllowed", 405)
    assert stand.keys() == []
    assert stand.get(VersionId=version) == b"hello"
    stand.s3.delete_object(**marker)
    assert stand.get() == b"hello"
    done = stand.s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "key"}]})
    assert done["Deleted"][0]["DeleteMarker"] is True


def test_without_versions_and_after_them(stand: Stand) -> None:
    stand.bucket()
    assert "VersionId" not in stand.put(body=b"before")
    stand.s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    kept = stand.put(body=b"kept")["VersionId"]
    assert stand.get(VersionId="null") == b"before"
    stand.s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Suspended"})
    assert stand.s3.get_bucket_versioning(Bucket="bucket")["Status"] == "Suspended"
    stand.put(body=b"after")
    assert stand.get(VersionId="null") == stand.get() == b"after"
    assert stand.get(VersionId=kept) == b"kept"
    stand.s3.delete_object(Bucket="bucket", Key="key")
    listed = stand.s3.list_object_versions(Bucket="bucket")
    assert [each["VersionId"] for each in listed["DeleteMarkers"]] == ["null"]
    assert [each["VersionId"] for each in listed["Versions"]] == [kept]


def test_a_listing_goes_on_although_what_it_showed_was_deleted(stand: Stand) -> None:
    stand.bucket(versions=True)
    for number in range(9):
        stand.put("key" if number % 3 else "other", str(number).encode())
    shown, marker = [], {}
    while True:
        page = stand.s3.list_object_versions(Bucket="bucket", MaxKeys=2, **marker)
        for each in page.get("Versions", []):
            shown.append(each["VersionId"])
            stand.s3.delete_object(Bucket="bucket", Key=each["Key"], VersionId=each["VersionId"])
        if not page["IsTruncated"]:
            break
        marker = {
            "KeyMarker": page["NextKeyMarker"],
            "VersionIdMarker": page["NextVersionIdMarker"],
        }
    assert len(shown) == len(set(shown)) == 9
    stand.s3.delete_bucket(Bucket="bucket")


def test_copying_an_old_version_restores_it(stand: Stand) -> None:
    stand.bucket(versions=True)
    first = stand.put(body=b"one")["VersionId"]
    stand.put(body=b"two")
    source = {"Bucket": "bucket", "Key": "key", "VersionId": first}
    copied = stand.s3.copy_object(Bucket="bucket", Key="key", CopySource=source)
    assert copied["CopySourceVersionId"] == first
    assert copied["VersionId"] not in ("null", first)
    assert stand.get() == b"one"


def told(stand: Stand) -> list[Any]:
    with stand.store.transaction() as tx:
        return [each.desired for each in tx.everywhere(EVENTS)]


def test_eventbridge_is_told_if_so_asked(stand: Stand) -> None:
    stand.bucket(versions=True)
    scope = Scope(ACCOUNT, "us-east-1")
    rule = Rule("default", "all", ACCOUNT, pattern='{"source": ["aws.s3"]}')
    with stand.store.transaction() as tx:
        tx.create(RULES, scope, rule_key("default", "all"), rule)
    stand.put()
    assert told(stand) == []
    stand.s3.put_bucket_notification_configuration(
        Bucket="bucket", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    found = stand.s3.get_bucket_notification_configuration(Bucket="bucket")
    assert found["EventBridgeConfiguration"] == {}
    version = stand.put("a/b", b"hello")["VersionId"]
    stand.s3.delete_object(Bucket="bucket", Key="a/b")
    created, deleted = told(stand)
    assert (created.source, created.detail_type) == ("aws.s3", "Object Created")
    assert created.resources == ("arn:aws:s3:::bucket",)
    assert created.detail["bucket"] == {"name": "bucket"}
    about = created.detail["object"]
    assert {name: about[name] for name in ("key", "size", "etag", "version-id")} == {
        "key": "a/b",
        "size": 5,
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "version-id": version,
    }
    assert created.detail["reason"] == "PutObject"
    assert deleted.detail_type == "Object Deleted"
    assert deleted.detail["deletion-type"] == "Delete Marker Created"
    stand.s3.put_bucket_notification_configuration(Bucket="bucket", NotificationConfiguration={})
    stand.put()
    assert len(told(stand)) == 2


def test_null_is_shown_by_reading_where_versions_are_or_were_kept(stand: Stand) -> None:
    stand.bucket()
    s3, where = stand.s3, {"Bucket": "bucket", "Key": "key"}

    def read() -> set[str | None]:
        attributes = s3.get_object_attributes(**where, ObjectAttributes=["ETag"])
        answers = [s3.head_object(**where), s3.get_object(**where), attributes]
        answers.append(s3.get_object_tagging(**where))
        copied = s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/key")
        return {each.get("VersionId") for each in answers} | {copied.get("CopySourceVersionId")}

    assert "VersionId" not in stand.put()
    assert read() == {None}
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": status})
        assert read() == {"null"}
    assert "VersionId" not in stand.put()
    assert read() == {"null"}
    deleted = s3.delete_object(**where)
    assert (deleted["DeleteMarker"], deleted["VersionId"]) == (True, "null")
