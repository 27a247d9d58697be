"""Application revisions: read from S3, registered, and listed."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from tests.unit.services.codedeploy.stand import SCOPE, Stand

from demitasse.services.codedeploy.records.revisions import PLACES, REVISIONS


@pytest.fixture
def stand() -> Stand:
    return Stand()


# Revisions in S3


@pytest.mark.parametrize(
    ("data", "key", "code"),
    [
        (None, "appspec.yaml", ""),
        (b"version: 1", "appspec.yaml", "INVALID_REVISION"),
        (b"\xff", "appspec.yaml", "INVALID_REVISION"),
        (None, "other", "REVISION_MISSING"),
    ],
)
def test_revisions_in_s3(stand: Stand, data: bytes | None, key: str, code: str) -> None:
    content = stand.revision()["appSpecContent"]["content"].encode()
    etag = hashlib.md5(content if data is None else data, usedforsecurity=False).hexdigest()
    location = {"bucket": "b", "key": key, "bundleType": "YAML", "eTag": etag}
    deployment = stand.begin(revision={"revisionType": "S3", "s3Location": location})
    stand.objects.add_bucket(SCOPE, "b")
    kept = stand.objects.put(SCOPE, "b", "appspec.yaml", content if data is None else data)
    asyncio.run(kept)
    stand.work()
    info = stand.info(deployment)
    assert info["revision"]["s3Location"] == location
    assert info.get("errorInformation", {}).get("code", "") == code
    assert info["status"] == ("Failed" if code else "InProgress")


@pytest.mark.parametrize(
    ("version", "etag", "code"),
    [
        ("1", "", ""),
        ("2", "", "INVALID_REVISION"),
        ("1", "first", ""),
        ("1", '"first"', ""),
        ("1", "0123", "REVISION_MISSING"),
        ("", "first", "REVISION_MISSING"),
        ("9", "", "REVISION_MISSING"),
    ],
)
def test_versions_and_etags_of_revisions(stand: Stand, version: str, etag: str, code: str) -> None:
    content = stand.revision()["appSpecContent"]["content"].encode()
    stand.objects.add_bucket(SCOPE, "b")
    for data in (content, b"another"):
        asyncio.run(stand.objects.put(SCOPE, "b", "appspec.json", data))
    first = hashlib.md5(content, usedforsecurity=False).hexdigest()
    location = {"bucket": "b", "key": "appspec.json", "bundleType": "JSON"}
    if version:
        location["version"] = version
    if etag:
        location["eTag"] = etag.replace("first", first)
    deployment = stand.begin(revision={"revisionType": "S3", "s3Location": location})
    stand.work()
    info = stand.info(deployment)
    assert info["revision"]["s3Location"] == location
    assert info.get("errorInformation", {}).get("code", "") == code


# Registered revisions


def test_revisions_are_registered_and_used(stand: Stand) -> None:
    location = {
        "revisionType": "S3",
        "s3Location": {"bucket": "b", "key": "releases/1.yaml", "bundleType": "YAML"},
    }
    given = {"applicationName": "app", "revision": location}
    code, _ = stand.refused("GetApplicationRevision", **given)
    assert code == "RevisionDoesNotExistException"
    for _ in range(2):
        stand.deploy("RegisterApplicationRevision", **given, description="the first")
    stand.clock.advance(60)
    begun = stand.begin()
    got = stand.deploy("GetApplicationRevision", **given)
    assert got["revision"] == location
    assert got["revisionInfo"]["description"] == "the first"
    assert got["revisionInfo"]["deploymentGroups"] == []

    def listed(**more: Any) -> list[str]:
        found = stand.deploy("ListApplicationRevisions", applicationName="app", **more)
        return [each["revisionType"] for each in found["revisions"]]

    assert listed() == ["S3", "AppSpecContent"]
    assert listed(sortBy="lastUsedTime", sortOrder="descending") == ["AppSpecContent", "S3"]
    assert listed(sortBy="firstUsedTime") == ["S3", "AppSpecContent"]
    assert listed(s3Bucket="b", s3KeyPrefix="releases/") == ["S3"]
    assert listed(s3Bucket="b", s3KeyPrefix="other/") == []
    assert listed(s3Bucket="c") == []
    code, _ = stand.refused(
        "ListApplicationRevisions", applicationName="app", s3KeyPrefix="releases/"
    )
    assert code == "BucketNameFilterRequiredException"
    # Deployed is what a group's last good deployment brought.
    assert listed(deployed="include") == []
    stand.succeed(begun)
    assert listed(deployed="include") == ["AppSpecContent"]
    assert listed(deployed="exclude") == ["S3"]
    batch = stand.deploy(
        "BatchGetApplicationRevisions",
        applicationName="app",
        revisions=[stand.revision(), stand.revision("other")],
    )
    (found,) = batch["revisions"]
    assert found["genericRevisionInfo"]["deploymentGroups"] == ["group"]
    assert found["genericRevisionInfo"]["firstUsedTime"] == stand.clock.now()
    assert batch["errorMessage"]
    stand.clock.advance(60)
    stand.deploy("RegisterApplicationRevision", applicationName="app", revision=stand.revision("x"))
    stand.clock.advance(60)
    stand.begin(revision={**location}, deploymentGroupName="group")
    assert listed(sortBy="lastUsedTime") == ["AppSpecContent", "AppSpecContent", "S3"]
    stand.deploy("DeleteApplication", applicationName="app")
    with stand.store.transaction() as tx:
        assert tx.count(REVISIONS, SCOPE) == tx.count(PLACES, SCOPE) == 0


def test_pages_of_revisions(stand: Stand) -> None:
    """Each is there once, in both directions, and a page costs no more than a page."""
    for number in range(250):
        stand.clock.advance(1)
        stand.deploy(
            "RegisterApplicationRevision",
            applicationName="app",
            revision=stand.revision(str(number)),
        )

    def listed(order: str) -> list[str]:
        found: list[str] = []
        given = {"applicationName": "app", "sortBy": "registerTime", "sortOrder": order}
        while True:
            page = stand.deploy("ListApplicationRevisions", **given)
            assert len(page["revisions"]) <= 100
            found += [each["appSpecContent"]["content"] for each in page["revisions"]]
            if "nextToken" not in page:
                return found
            given["nextToken"] = page["nextToken"]

    assert listed("ascending") == [str(number) for number in range(250)]
    assert listed("descending") == [str(number) for number in reversed(range(250))]
