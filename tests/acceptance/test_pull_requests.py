"""Pull requests from outside: opened, pushed to, in conflict, merged, and pulled by git."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from tests.acceptance.repositories import Repositories

if TYPE_CHECKING:
    from tests.acceptance.conftest import Installation

pytestmark = pytest.mark.docker  # the platform needs it, though git does not


@pytest.fixture
def repositories(platform: Installation, tmp_path: Path) -> Iterator[Repositories]:
    made = Repositories(platform, tmp_path)
    yield made
    made.remove()


def test_a_pull_request_is_merged_by_lines(repositories: Repositories) -> None:
    copy = repositories.started()
    lines = [b"%d\n" % number for number in range(1, 11)]
    copy.commit(a=b"".join(lines))
    copy.git("push", "-q", "origin", "dev")
    copy.git("checkout", "-q", "-b", "feature")
    copy.commit(a=b"".join([b"one\n", *lines[1:]]))
    copy.git("push", "-q", "origin", "feature")
    api, name = repositories.api, copy.url.rpartition("/")[2]
    target = {"repositoryName": name, "sourceReference": "feature"}
    opened = api.create_pull_request(title="One", targets=[target])["pullRequest"]
    asked = {"pullRequestId": opened["pullRequestId"], "repositoryName": name}
    source = copy.commit(b=b"new\n")
    copy.git("push", "-q", "origin", "feature")
    copy.git("checkout", "-q", "dev")
    destination = copy.commit(a=b"".join([*lines[:-1], b"ten"]))
    copy.git("push", "-q", "origin", "dev")
    found = api.get_merge_conflicts(
        repositoryName=name,
        sourceCommitSpecifier="feature",
        destinationCommitSpecifier="dev",
        mergeOption="THREE_WAY_MERGE",
    )
    assert not found["mergeable"]
    assert [each["filePath"] for each in found["conflictMetadataList"]] == ["a"]
    with pytest.raises(ClientError, match="ManualMergeRequiredException"):
        api.merge_pull_request_by_three_way(**asked)
    merged = api.merge_pull_request_by_three_way(
        **asked,
        sourceCommitId=source,
        conflictDetailLevel="LINE_LEVEL",
        authorName="Mary",
        commitMessage="Merge one",
    )["pullRequest"]
    assert merged["pullRequestStatus"] == "CLOSED"
    metadata = merged["pullRequestTargets"][0]["mergeMetadata"]
    copy.git("pull", "-q", "origin", "dev")
    head = copy.git("log", "-1", "--format=%H %P %an %s")
    assert head == f"{metadata['mergeCommitId']} {destination} {source} Mary Merge one"
    assert (copy.folder / "a").read_bytes() == b"".join([b"one\n", *lines[1:-1], b"ten"])
    assert (copy.folder / "b").read_bytes() == b"new\n"
    assert copy.git("fsck", "--strict") == ""
    events = api.get_paginator("describe_pull_request_events").paginate(
        pullRequestId=opened["pullRequestId"]
    )
    kinds = [each["pullRequestEventType"] for page in events for each in page["pullRequestEvents"]]
    assert kinds == [
        "PULL_REQUEST_CREATED",
        "PULL_REQUEST_SOURCE_REFERENCE_UPDATED",
        "PULL_REQUEST_MERGE_STATE_CHANGED",
    ]
