"""Any sequence of operations, beside a model of what S3 is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.services.s3.stand import Stand, refusal

KEYS = ["a", "a/", "a/b", "a/b/c", "a\u0001", "b", "é", "\U0001f375"]
OPERATIONS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.binary(max_size=3)),
    st.tuples(st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(st.just("forget"), st.integers(0, 30)),
    st.tuples(st.just("copy"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.tuples(st.just("versioning"), st.sampled_from(["Enabled", "Suspended"])),
)


@dataclass
class Entry:
    """A version; ``content`` is ``None`` for a delete marker."""

    key: str
    version: str
    content: bytes | None


@dataclass
class Model:
    """S3, as its user guide tells it. ``entries`` are in the order of writing."""

    versioning: str = ""
    entries: list[Entry] = field(default_factory=list)

    def write(self, key: str, version: str | None, content: bytes | None) -> None:
        if self.versioning != "Enabled":
            assert version in (None, "null")
            self.entries = [
                each for each in self.entries if (each.key, each.version) != (key, "null")
            ]
        self.entries.append(Entry(key, version or "null", content))

    def newest(self, key: str) -> Entry | None:
        return next((each for each in reversed(self.entries) if each.key == key), None)

    def current(self) -> dict[str, bytes]:
        found = {each.key: each.content for each in self.entries}
        return {key: found[key] for key in sorted(found) if found[key] is not None}  # type: ignore[misc]

    def shown(self) -> list[tuple[str, str, bool, bool]]:
        """Key, id, whether it is the newest, whether it is a marker: as listed."""
        listed = []
        for key in sorted({each.key for each in self.entries}):
            for each in reversed([each for each in self.entries if each.key == key]):
                newest = each is self.newest(key)
                listed.append((key, each.version, newest, each.content is None))
        return listed


def carry_out(stand: Stand, model: Model, operation: tuple[Any, ...]) -> None:
    s3 = stand.s3
    match operation:
        case "put", key, content:
            done = s3.put_object(Bucket="bucket", Key=key, Body=content)
            model.write(key, done.get("VersionId"), content)
        case "delete", key:
            done = s3.delete_object(Bucket="bucket", Key=key)
            if model.versioning:
                model.write(key, done["VersionId"], None)
            else:
                model.entries = [each for each in model.entries if each.key != key]
        case "forget", place:
            if model.entries:
                gone = model.entries.pop(place % len(model.entries))
                s3.delete_object(Bucket="bucket", Key=gone.key, VersionId=gone.version)
        case "copy", source, key:
            found = model.newest(source)
            place = {"Bucket": "bucket", "Key": source}
            wanted = {"Bucket": "bucket", "Key": key, "CopySource": place}
            if found is None or found.content is None:
                assert refusal(s3.copy_object, **wanted) == ("NoSuchKey", 404)
            elif source == key:
                assert refusal(s3.copy_object, **wanted) == ("InvalidRequest", 400)
            else:
                done = s3.copy_object(**wanted)
                model.write(key, done.get("VersionId"), found.content)
        case "versioning", status:
            s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": status})
            model.versioning = status


def check(stand: Stand, model: Model, size: int) -> None:
    pages = stand.s3.get_paginator("list_object_versions").paginate(
        Bucket="bucket", PaginationConfig={"PageSize": size}
    )
    listed = []
    for page in pages:
        both = [(each, False) for each in page.get("Versions", [])]
        both += [(each, True) for each in page.get("DeleteMarkers", [])]
        listed += [(each["Key"], each["VersionId"], each["IsLatest"], gone) for each, gone in both]
    assert sorted(listed) == sorted(model.shown())
    current = model.current()
    assert stand.keys() == list(current)
    for key, content in current.items():
        assert stand.get(key) == content
    rolled = stand.s3.list_objects_v2(Bucket="bucket", Delimiter="/", MaxKeys=1000)
    tops = {key.split("/")[0] + ("/" if "/" in key else "") for key in current}
    found = {each["Key"] for each in rolled.get("Contents", [])}
    found |= {each["Prefix"] for each in rolled.get("CommonPrefixes", [])}
    assert found == tops


@settings(max_examples=80, deadline=None)
@given(st.lists(OPERATIONS, max_size=16), st.integers(1, 4))
def test_it_does_what_the_model_does(operations: list[tuple[Any, ...]], size: int) -> None:
    stand, model = Stand(), Model()
    stand.bucket()
    for operation in operations:
        carry_out(stand, model, operation)
    check(stand, model, size)
