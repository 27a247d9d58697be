from __future__ import annotations

import pytest
from botocore.handlers import validate_bucket_name
from tests.unit.services.s3.stand import Stand, refusal

EUROPE = {"LocationConstraint": "eu-west-3"}


def test_a_bucket_is_made_found_listed_and_deleted(stand: Stand) -> None:
    assert stand.s3.create_bucket(Bucket="my-bucket")["Location"] == "/my-bucket"
    assert stand.s3.head_bucket(Bucket="my-bucket")["BucketRegion"] == "us-east-1"
    listed = stand.s3.list_buckets()
    assert [each["Name"] for each in listed["Buckets"]] == ["my-bucket"]
    assert listed["Buckets"][0]["CreationDate"] == stand.clock.now()
    assert len(listed["Owner"]["ID"]) == 64
    stand.s3.delete_bucket(Bucket="my-bucket")
    assert stand.s3.list_buckets()["Buckets"] == []
    assert refusal(stand.s3.head_bucket, Bucket="my-bucket") == ("404", 404)
    assert refusal(stand.s3.delete_bucket, Bucket="my-bucket") == ("NoSuchBucket", 404)


def test_where_a_bucket_is(stand: Stand) -> None:
    europe = stand.client(region="eu-west-3")
    stand.s3.create_bucket(Bucket="here")
    stand.s3.create_bucket(Bucket="there", CreateBucketConfiguration=EUROPE)
    europe.create_bucket(Bucket="there-too", CreateBucketConfiguration=EUROPE)
    assert stand.s3.get_bucket_location(Bucket="here")["LocationConstraint"] is None
    assert stand.s3.get_bucket_location(Bucket="there")["LocationConstraint"] == "eu-west-3"
    assert europe.head_bucket(Bucket="there-too")["BucketRegion"] == "eu-west-3"
    listed = stand.s3.list_buckets(BucketRegion="eu-west-3")["Buckets"]
    assert [each["Name"] for each in listed] == ["there", "there-too"]
    assert refusal(europe.create_bucket, Bucket="nowhere") == (
        "IllegalLocationConstraintException",
        400,
    )
    wrong = {"LocationConstraint": "us-east-1"}
    assert refusal(stand.s3.create_bucket, Bucket="bad", CreateBucketConfiguration=wrong) == (
        "InvalidLocationConstraint",
        400,
    )


def test_names_are_one_for_all_accounts(stand: Stand) -> None:
    stand.s3.create_bucket(Bucket="taken")
    assert refusal(stand.other.create_bucket, Bucket="taken") == ("BucketAlreadyExists", 409)
    stand.s3.create_bucket(Bucket="taken")  # in us-east-1 that is no error
    europe = stand.client(region="eu-west-3")
    europe.create_bucket(Bucket="mine", CreateBucketConfiguration=EUROPE)
    again = {"Bucket": "mine", "CreateBucketConfiguration": EUROPE}
    assert refusal(europe.create_bucket, **again) == ("BucketAlreadyOwnedByYou", 409)


def test_another_accounts_bucket_is_closed(stand: Stand) -> None:
    stand.bucket()
    stand.put()
    assert refusal(stand.other.get_object, Bucket="bucket", Key="key") == ("AccessDenied", 403)
    assert refusal(stand.other.head_bucket, Bucket="bucket") == ("403", 403)
    assert refusal(stand.other.list_objects_v2, Bucket="bucket") == ("AccessDenied", 403)
    assert refusal(stand.other.delete_bucket, Bucket="bucket") == ("AccessDenied", 403)
    assert stand.other.list_buckets()["Buckets"] == []
    expected = {"Bucket": "bucket", "Key": "key", "ExpectedBucketOwner": "210987654321"}
    assert refusal(stand.s3.get_object, **expected) == ("AccessDenied", 403)


@pytest.mark.parametrize(
    "name",
    ["ab", "Upper", "a_b", "-begin", "end-", "a..b", "192.168.5.4", "a" * 64, "xn--a", "x-s3alias"],
)
def test_names_that_are_none(stand: Stand, name: str) -> None:
    client = stand.client(max_pool_connections=11)  # one of its own
    client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    assert refusal(client.create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_a_bucket_that_holds_something_stays(stand: Stand) -> None:
    stand.bucket(versions=True)
    stand.put()
    assert refusal(stand.s3.delete_bucket, Bucket="bucket") == ("BucketNotEmpty", 409)
    stand.s3.delete_object(Bucket="bucket", Key="key")
    assert refusal(stand.s3.delete_bucket, Bucket="bucket") == ("BucketNotEmpty", 409)
    listed = stand.s3.list_object_versions(Bucket="bucket")
    for each in listed["Versions"] + listed["DeleteMarkers"]:
        stand.s3.delete_object(Bucket="bucket", Key="key", VersionId=each["VersionId"])
    upload = stand.s3.create_multipart_upload(Bucket="bucket", Key="key")["UploadId"]
    stand.s3.delete_bucket(Bucket="bucket")
    stand.bucket()
    parts = {"Bucket": "bucket", "Key": "key", "UploadId": upload}
    assert refusal(stand.s3.list_parts, **parts) == ("NoSuchUpload", 404)


def test_buckets_are_listed_in_pages(stand: Stand) -> None:
    for number in range(7):
        stand.s3.create_bucket(Bucket=f"{'ab'[number % 2]}-bucket-{number}")
    pages = stand.s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 3})
    sizes = [len(page["Buckets"]) for page in pages]
    assert sizes == [3, 3, 1]
    listed = stand.s3.list_buckets(Prefix="b-")
    assert [each["Name"][-1] for each in listed["Buckets"]] == ["1", "3", "5"]


def test_tags(stand: Stand) -> None:
    stand.bucket()
    assert refusal(stand.s3.get_bucket_tagging, Bucket="bucket") == ("NoSuchTagSet", 404)
    tags = [{"Key": "team", "Value": "coffee & <cake>"}]
    stand.s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": tags})
    assert stand.s3.get_bucket_tagging(Bucket="bucket")["TagSet"] == tags
    stand.s3.delete_bucket_tagging(Bucket="bucket")
    assert refusal(stand.s3.get_bucket_tagging, Bucket="bucket") == ("NoSuchTagSet", 404)
    twice = {"TagSet": tags * 2}
    assert refusal(stand.s3.put_bucket_tagging, Bucket="bucket", Tagging=twice)[0] == "InvalidTag"


def test_what_infrastructure_as_code_reads(stand: Stand) -> None:
    stand.bucket()
    s3, given = stand.s3, {"Bucket": "bucket"}
    assert "Status" not in s3.get_bucket_accelerate_configuration(**given)
    assert s3.get_bucket_acl(**given)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert "LoggingEnabled" not in s3.get_bucket_logging(**given)
    assert s3.get_bucket_request_payment(**given)["Payer"] == "BucketOwner"
    assert "Status" not in s3.get_bucket_versioning(**given)
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(**given)
    for call, code in {
        s3.get_bucket_policy: "NoSuchBucketPolicy",
        s3.get_bucket_cors: "NoSuchCORSConfiguration",
        s3.get_bucket_website: "NoSuchWebsiteConfiguration",
        s3.get_bucket_lifecycle_configuration: "NoSuchLifecycleConfiguration",
        s3.get_bucket_replication: "ReplicationConfigurationNotFoundError",
        s3.get_bucket_encryption: "ServerSideEncryptionConfigurationNotFoundError",
        s3.get_object_lock_configuration: "ObjectLockConfigurationNotFoundError",
        s3.get_bucket_tagging: "NoSuchTagSet",
    }.items():
        assert refusal(call, **given) == (code, 404)
    s3.delete_bucket_policy(**given)
    s3.delete_bucket_lifecycle(**given)


def test_what_cannot_be_set_is_refused_by_name(stand: Stand) -> None:
    stand.bucket()
    s3, given = stand.s3, {"Bucket": "bucket"}
    error = ("NotImplemented", 400)
    assert refusal(s3.put_bucket_policy, Policy="{}", **given) == error
    website = {"IndexDocument": {"Suffix": "index.html"}}
    assert refusal(s3.put_bucket_website, WebsiteConfiguration=website, **given) == error
    ownership = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    assert refusal(s3.put_bucket_ownership_controls, OwnershipControls=ownership, **given) == error
    rules = {"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:x", "Events": ["s3:*"]}]}
    call = s3.put_bucket_notification_configuration
    assert refusal(call, NotificationConfiguration=rules, **given) == error
    status = {"Status": "Enabled", "MFADelete": "Enabled"}
    call = s3.put_bucket_versioning
    assert refusal(call, VersioningConfiguration=status, **given) == error
    acl = {"Bucket": "public", "ACL": "public-read"}
    assert refusal(s3.create_bucket, **acl) == ("AccessControlListNotSupported", 400)
    assert refusal(s3.create_bucket, Bucket="locked", ObjectLockEnabledForBucket=True) == error


def test_there_are_no_directory_buckets(stand: Stand) -> None:
    stand.bucket()
    assert stand.s3.list_directory_buckets(MaxDirectoryBuckets=5)["Buckets"] == []
    # What botocore asks before anything of such a bucket: CreateSession.
    assert refusal(stand.s3.create_bucket, Bucket="demo--use1-az4--x-s3") == ("NotImplemented", 400)


def test_a_bucket_is_its_owners_alone(stand: Stand) -> None:
    stand.bucket()
    stand.put()
    s3, given = stand.s3, {"Bucket": "bucket"}
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert s3.get_bucket_ownership_controls(**given)["OwnershipControls"] == enforced
    s3.put_bucket_ownership_controls(**given, OwnershipControls=enforced)
    for call, more in ((s3.put_bucket_acl, {}), (s3.put_object_acl, {"Key": "key"})):
        assert refusal(call, **given, **more, ACL="public-read") == (
            "AccessControlListNotSupported",
            400,
        )


def test_public_access_is_blocked(stand: Stand) -> None:
    stand.bucket()
    s3, given = stand.s3, {"Bucket": "bucket"}
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

    def blocked() -> dict[str, bool]:
        shown: dict[str, bool] = s3.get_public_access_block(**given)[
            "PublicAccessBlockConfiguration"
        ]
        return shown

    assert blocked() == dict.fromkeys(names, True)
    wanted = {"BlockPublicAcls": True, "RestrictPublicBuckets": False}
    s3.put_public_access_block(**given, PublicAccessBlockConfiguration=wanted)
    assert blocked() == dict.fromkeys(names, False) | {"BlockPublicAcls": True}
    s3.delete_public_access_block(**given)
    assert refusal(s3.get_public_access_block, **given) == (
        "NoSuchPublicAccessBlockConfiguration",
        404,
    )
