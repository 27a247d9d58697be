from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.s3.stand import Stand, refusal

KEYS = ["a", "a/1", "a/2", "a/b/3", "b", "b+ c/4", "c/5", "c/6", "ü"]


@pytest.fixture(autouse=True)
def _keys(stand: Stand) -> None:
    stand.bucket()
    for key in KEYS:
        stand.put(key)


def listed(page: dict[str, Any]) -> list[str]:
    keys = [each["Key"] for each in page.get("Contents", [])]
    return sorted(keys + [each["Prefix"] for each in page.get("CommonPrefixes", [])])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, KEYS),
        ({"Prefix": "a/"}, ["a/1", "a/2", "a/b/3"]),
        ({"Prefix": "a/", "Delimiter": "/"}, ["a/1", "a/2", "a/b/"]),
        ({"Delimiter": "/"}, ["a", "a/", "b", "b+ c/", "c/", "ü"]),
        ({"Delimiter": "/", "Prefix": "c"}, ["c/"]),
        ({"Delimiter": "b"}, ["a", "a/1", "a/2", "a/b", "b", "c/5", "c/6", "ü"]),
        ({"StartAfter": "a/2"}, ["a/b/3", "b", "b+ c/4", "c/5", "c/6", "ü"]),
        ({"StartAfter": "a/1", "Delimiter": "/"}, ["a/", "b", "b+ c/", "c/", "ü"]),
        ({"StartAfter": "a/", "Delimiter": "/"}, ["b", "b+ c/", "c/", "ü"]),
        ({"StartAfter": "zzz", "Prefix": "a"}, []),
        ({"Prefix": "none"}, []),
        ({"MaxKeys": 0}, []),
    ],
)
def test_the_second_version(stand: Stand, given: dict[str, Any], found: list[str]) -> None:
    page = stand.s3.list_objects_v2(Bucket="bucket", **given)
    assert listed(page) == found
    assert page["KeyCount"] == len(found)
    assert page["IsTruncated"] is False


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("call", ["list_objects", "list_objects_v2", "list_object_versions"])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_hold_everything_once(stand: Stand, call: str, size: int, delimiter: str) -> None:
    given = {"Bucket": "bucket", "Delimiter": delimiter}
    pages = stand.s3.get_paginator(call).paginate(**given, PaginationConfig={"PageSize": size})
    found: list[str] = []
    for page in pages:
        entries = page.get("Contents", page.get("Versions", []))
        part = [each["Key"] for each in entries]
        part += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
        assert len(part) <= size
        found += sorted(part)
    assert found == (["a", "a/", "b", "b+ c/", "c/", "ü"] if delimiter else KEYS)


def test_the_first_version(stand: Stand) -> None:
    page = stand.s3.list_objects(Bucket="bucket", MaxKeys=2, Delimiter="/")
    assert listed(page) == ["a", "a/"]
    assert (page["IsTruncated"], page["NextMarker"]) == (True, "a/")
    page = stand.s3.list_objects(Bucket="bucket", MaxKeys=2)
    assert "NextMarker" not in page
    assert page["Contents"][0]["Owner"]["ID"]
    page = stand.s3.list_objects(Bucket="bucket", Marker="a/1", MaxKeys=1)
    assert (listed(page), page["Marker"]) == (["a/2"], "a/1")


def test_what_is_said_of_each(stand: Stand) -> None:
    (found,) = stand.s3.list_objects_v2(Bucket="bucket", Prefix="b+", FetchOwner=True)["Contents"]
    assert found["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert (found["Size"], found["StorageClass"]) == (5, "STANDARD")
    assert found["ChecksumAlgorithm"] == ["CRC32"]
    assert found["Owner"]["ID"]
    (found,) = stand.s3.list_objects_v2(Bucket="bucket", Prefix="b+")["Contents"]
    assert "Owner" not in found


@pytest.mark.parametrize(
    "given",
    [{"ContinuationToken": "x"}, {"MaxKeys": -1}, {"EncodingType": "gzip"}],
)
def test_what_cannot_be_asked(stand: Stand, given: dict[str, Any]) -> None:
    wanted = {"Bucket": "bucket", **given}
    assert refusal(stand.s3.list_objects_v2, **wanted) == ("InvalidArgument", 400)


def test_a_page_costs_what_it_shows(stand: Stand) -> None:
    """Rolled-up keys are stepped over: their number does not matter."""
    for number in range(300):
        stand.put(f"deep/{number:03}", b"")
    statements = []
    stand.store._db.set_trace_callback(statements.append)
    assert listed(stand.s3.list_objects_v2(Bucket="bucket", Delimiter="/")) == [
        *("a", "a/", "b", "b+ c/", "c/", "deep/", "ü")
    ]
    assert len([each for each in statements if each.startswith("SELECT")]) < 12
