"""Merging branches, and what stands in the way."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from tests.unit.services.codecommit.stand import CodeCommit

DEMO = {"repositoryName": "demo"}
BOTH = {**DEMO, "sourceCommitSpecifier": "feature", "destinationCommitSpecifier": "dev"}
BASE = {"a": b"1\n2\n3\n4\n5\n", "b": b"b", "dir/c": b"c"}


def fork(
    codecommit: CodeCommit, source: dict[str, Any], destination: dict[str, Any]
) -> tuple[str, str, str]:
    """``dev`` and ``feature``, each with changes to ``BASE`` (``None``: deleted); the commits."""
    codecommit.repository()
    base = codecommit.push(BASE)
    codecommit.ask("CreateBranch", **DEMO, branchName="feature", commitId=base)

    def tip(branch: str, changes: dict[str, Any]) -> str:
        files = {path: each for path, each in {**BASE, **changes}.items() if each is not None}
        return codecommit.push(files, branch) if changes else base

    return base, tip("feature", source), tip("dev", destination)


def file(codecommit: CodeCommit, path: str, at: str = "dev") -> bytes:
    found: bytes = codecommit.ask("GetFile", **DEMO, filePath=path, commitSpecifier=at)[
        "fileContent"
    ]
    return found


def test_a_branch_moves_forward(codecommit: CodeCommit) -> None:
    base, source, _ = fork(codecommit, {"a": b"new"}, {})
    options = codecommit.ask("GetMergeOptions", **BOTH)
    assert options == {
        "mergeOptions": ["FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE"],
        "sourceCommitId": source,
        "destinationCommitId": base,
        "baseCommitId": base,
    }
    codecommit.events.clear()
    made = codecommit.ask("MergeBranchesByFastForward", **BOTH)
    assert made["commitId"] == source == codecommit.item().observed.branches["dev"]
    (event,) = codecommit.events
    assert (event["event"], event["referenceName"]) == ("referenceUpdated", "dev")
    assert (event["commitId"], event["oldCommitId"]) == (source, base)
    assert (event["mergeOption"], event["baseCommitId"]) == ("FAST_FORWARD_MERGE", base)
    again = codecommit.ask("MergeBranchesByFastForward", **BOTH)
    assert again["commitId"] == source
    assert len(codecommit.events) == 1


def test_a_merge_has_what_both_have_changed(codecommit: CodeCommit) -> None:
    changed = {"b": None, "dir/d": b"d", "a": b"one\n2\n3\n4\n5\n"}
    _, source, destination = fork(codecommit, changed, {"dir/c": b"C", "a": b"1\n2\n3\n4\n5\n6\n"})
    assert codecommit.ask("GetMergeOptions", **BOTH)["mergeOptions"] == []
    assert codecommit.refused("MergeBranchesByThreeWay", **BOTH) == "ManualMergeRequired"
    assert codecommit.refused("MergeBranchesByFastForward", **BOTH) == "ManualMergeRequired"
    by_lines = {**BOTH, "conflictDetailLevel": "LINE_LEVEL"}
    assert len(codecommit.ask("GetMergeOptions", **by_lines)["mergeOptions"]) == 2
    made = codecommit.ask(
        "MergeBranchesByThreeWay",
        **by_lines,
        authorName="Mary",
        email="m@example.com",
        commitMessage="Merge",
    )
    commit = codecommit.ask("GetCommit", **DEMO, commitId=made["commitId"])["commit"]
    assert commit["parents"] == [destination, source]
    assert (commit["message"], commit["author"]["name"]) == ("Merge", "Mary")
    assert commit["treeId"] == made["treeId"]
    assert file(codecommit, "a") == b"one\n2\n3\n4\n5\n6\n"
    assert (file(codecommit, "dir/c"), file(codecommit, "dir/d")) == (b"C", b"d")
    assert codecommit.refused("GetFile", **DEMO, filePath="b") == "FileDoesNotExist"


def test_a_squash_has_one_parent(codecommit: CodeCommit) -> None:
    _, _, destination = fork(codecommit, {"a": b"new"}, {"b": b"B"})
    made = codecommit.ask("MergeBranchesBySquash", **BOTH, targetBranch="dev")
    commit = codecommit.ask("GetCommit", **DEMO, commitId=made["commitId"])["commit"]
    assert commit["parents"] == [destination]
    assert (file(codecommit, "a"), file(codecommit, "b")) == (b"new", b"B")


def test_conflicts_are_told(codecommit: CodeCommit) -> None:
    ours, theirs = b"1\nzwei\n3\n4\n5\n", b"1\ntwo\n3\n4\nfive\n"
    base, source, destination = fork(codecommit, {"a": theirs, "b": None}, {"a": ours, "b": b"B"})
    asked = {**BOTH, "mergeOption": "THREE_WAY_MERGE", "conflictDetailLevel": "LINE_LEVEL"}
    found = codecommit.ask("GetMergeConflicts", **asked)
    assert (found["mergeable"], found["baseCommitId"]) == (False, base)
    first, second = found["conflictMetadataList"]
    assert first == {
        "filePath": "a",
        "fileSizes": {"source": len(theirs), "destination": len(ours), "base": 10},
        "fileModes": dict.fromkeys(("source", "destination", "base"), "NORMAL"),
        "objectTypes": dict.fromkeys(("source", "destination", "base"), "FILE"),
        "numberOfConflicts": 1,
        "isBinaryFile": dict.fromkeys(("source", "destination", "base"), False),
        "contentConflict": True,
        "fileModeConflict": False,
        "objectTypeConflict": False,
        "mergeOperations": {"source": "M", "destination": "M"},
    }
    assert second["filePath"] == "b"
    assert second["mergeOperations"] == {"source": "D", "destination": "M"}
    one = codecommit.ask("GetMergeConflicts", **asked, maxConflictFiles=1)
    rest = codecommit.ask("GetMergeConflicts", **asked, nextToken=one["nextToken"])
    assert one["conflictMetadataList"] + rest["conflictMetadataList"] == [first, second]
    told = codecommit.ask("DescribeMergeConflicts", **asked, filePath="a")
    assert told["conflictMetadata"] == first
    hunk, other = told["mergeHunks"]
    content = {
        side: (hunk[side]["startLine"], hunk[side]["endLine"], hunk[side]["hunkContent"])
        for side in ("base", "source", "destination")
    }
    assert hunk["isConflict"]
    assert content == {
        "base": (1, 2, base64.b64encode(b"2\n").decode()),
        "source": (1, 2, base64.b64encode(b"two\n").decode()),
        "destination": (1, 2, base64.b64encode(b"zwei\n").decode()),
    }
    assert not other["isConflict"]
    batch = codecommit.ask("BatchDescribeMergeConflicts", **asked)
    assert batch["conflicts"][0] == {"conflictMetadata": first, "mergeHunks": [hunk, other]}
    assert len(batch["conflicts"]) == 2
    some = codecommit.ask("BatchDescribeMergeConflicts", **asked, filePaths=["b", "none"])
    assert [each["conflictMetadata"]["filePath"] for each in some["conflicts"]] == ["b"]
    assert some["errors"][0]["exceptionName"] == "FileDoesNotExistException"
    calm = codecommit.ask("DescribeMergeConflicts", **asked, filePath="dir/c")
    assert calm["conflictMetadata"]["numberOfConflicts"] == 0
    assert {found["sourceCommitId"], found["destinationCommitId"]} == {source, destination}


@pytest.mark.parametrize(
    ("strategy", "level", "content"),
    [
        ("ACCEPT_SOURCE", "FILE_LEVEL", b"1\ntwo\n3\n4\nfive\n"),
        ("ACCEPT_DESTINATION", "FILE_LEVEL", b"1\nzwei\n3\n4\n5\n"),
        ("ACCEPT_SOURCE", "LINE_LEVEL", b"1\ntwo\n3\n4\nfive\n"),
        ("ACCEPT_DESTINATION", "LINE_LEVEL", b"1\nzwei\n3\n4\nfive\n"),
    ],
)
def test_a_side_can_be_preferred(
    codecommit: CodeCommit, strategy: str, level: str, content: bytes
) -> None:
    fork(codecommit, {"a": b"1\ntwo\n3\n4\nfive\n"}, {"a": b"1\nzwei\n3\n4\n5\n"})
    how = {"conflictResolutionStrategy": strategy, "conflictDetailLevel": level}
    codecommit.ask("MergeBranchesBySquash", **BOTH, **how)
    assert file(codecommit, "a") == content


def test_lines_are_merged_when_that_is_wanted(codecommit: CodeCommit) -> None:
    fork(codecommit, {"a": b"1\n2\n3\n4\nfive\n"}, {"a": b"one\n2\n3\n4\n5\n"})
    codecommit.ask("MergeBranchesBySquash", **BOTH, conflictResolutionStrategy="AUTOMERGE")
    assert file(codecommit, "a") == b"one\n2\n3\n4\nfive\n"


def test_a_person_resolves_conflicts(codecommit: CodeCommit) -> None:
    theirs = {"a": b"theirs", "b": b"theirs", "dir/c": None}
    fork(codecommit, theirs, {"a": b"ours", "b": b"ours", "dir/c": b"ours"})

    def squash(*replaced: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {**BOTH, "conflictResolution": {"replaceContents": list(replaced), **more}}

    new = {"filePath": "a", "replacementType": "USE_NEW_CONTENT", "content": b"new"}
    kept = {"filePath": "b", "replacementType": "KEEP_SOURCE", "fileMode": "EXECUTABLE"}
    gone = {"deleteFiles": [{"filePath": "dir/c"}]}

    def refused(given: dict[str, Any]) -> str:
        return codecommit.refused("MergeBranchesBySquash", **given)

    assert refused(squash(new, kept)) == "ManualMergeRequired"
    assert refused(squash(new, kept, kept, **gone)) == "MultipleConflictResolutionEntries"
    nowhere = {**kept, "filePath": "none"}
    assert refused(squash(new, kept, nowhere, **gone)) == "InvalidConflictResolution"
    empty = {"filePath": "a", "replacementType": "USE_NEW_CONTENT"}
    assert refused(squash(empty, kept, **gone)) == "ReplacementContentRequired"
    assert refused(squash(*[kept] * 101)) == "MaximumConflictResolutionEntriesExceeded"
    made = codecommit.ask("MergeBranchesBySquash", **squash(new, kept, **gone))
    found = codecommit.ask("GetFolder", **DEMO, folderPath="/", commitSpecifier=made["commitId"])
    shown = {each["relativePath"]: each["fileMode"] for each in found["files"]}
    assert shown == {"a": "NORMAL", "b": "EXECUTABLE"}
    assert found["subFolders"] == []
    assert (file(codecommit, "a"), file(codecommit, "b")) == (b"new", b"theirs")


@pytest.mark.parametrize(
    ("source", "destination"),
    [({"x": b"file"}, {"x/y": b"in a folder"}), ({"b/y": b"in", "b": None}, {"b": b"file"})],
)
def test_a_file_and_a_folder_conflict(
    codecommit: CodeCommit, source: dict[str, Any], destination: dict[str, Any]
) -> None:
    fork(codecommit, source, destination)
    asked = {**BOTH, "mergeOption": "SQUASH_MERGE", "conflictResolutionStrategy": "ACCEPT_SOURCE"}
    (found,) = codecommit.ask("GetMergeConflicts", **asked)["conflictMetadataList"]
    assert found["objectTypeConflict"]
    assert "DIRECTORY" in found["objectTypes"].values()
    del asked["mergeOption"]
    assert codecommit.refused("MergeBranchesBySquash", **asked) == "ManualMergeRequired"


def test_a_folder_becomes_a_file_and_a_file_a_folder(codecommit: CodeCommit) -> None:
    fork(codecommit, {"dir/c": None, "dir": b"file", "a": None, "a/b": b"in"}, {"b": b"B"})
    codecommit.ask("MergeBranchesBySquash", **BOTH, keepEmptyFolders=True)
    assert (file(codecommit, "dir"), file(codecommit, "a/b")) == (b"file", b"in")


def test_what_is_deleted_by_one_and_kept_by_the_other_conflicts(codecommit: CodeCommit) -> None:
    base, _, _ = fork(codecommit, {"b": None}, {})
    codecommit.ask(
        "CreateCommit",
        **DEMO,
        branchName="dev",
        parentCommitId=base,
        setFileModes=[{"filePath": "b", "fileMode": "EXECUTABLE"}],
    )
    assert codecommit.refused("MergeBranchesBySquash", **BOTH) == "ManualMergeRequired"


def test_a_preferred_side_is_preferred_in_conflicts_alone(codecommit: CodeCommit) -> None:
    base, _, _ = fork(codecommit, {"a": b"new"}, {})
    codecommit.ask(
        "CreateCommit",
        **DEMO,
        branchName="dev",
        parentCommitId=base,
        setFileModes=[{"filePath": "a", "fileMode": "EXECUTABLE"}],
    )
    how = {"conflictResolutionStrategy": "ACCEPT_DESTINATION"}
    codecommit.ask("MergeBranchesBySquash", **BOTH, **how)
    found = codecommit.ask("GetFile", **DEMO, filePath="a")
    assert (found["fileContent"], found["fileMode"]) == (b"new", "EXECUTABLE")


def test_binary_files_are_not_merged_by_lines(codecommit: CodeCommit) -> None:
    fork(codecommit, {"a": b"\0theirs"}, {"a": b"\0ours"})
    asked = {**BOTH, "mergeOption": "SQUASH_MERGE", "conflictDetailLevel": "LINE_LEVEL"}
    found = codecommit.ask("DescribeMergeConflicts", **asked, filePath="a")
    assert found["mergeHunks"] == []
    metadata = found["conflictMetadata"]
    assert metadata["isBinaryFile"] == {"source": True, "destination": True, "base": False}
    assert (metadata["contentConflict"], metadata["numberOfConflicts"]) == (True, 1)


def test_a_merge_can_be_tried_out(codecommit: CodeCommit) -> None:
    _, source, destination = fork(codecommit, {"a": b"new"}, {"b": b"B"})
    codecommit.events.clear()
    made = codecommit.ask("CreateUnreferencedMergeCommit", **BOTH, mergeOption="THREE_WAY_MERGE")
    (event,) = codecommit.events
    assert event["event"] == "unreferencedMergeCommitCreated"
    assert (event["commitId"], event["conflictDetailsLevel"]) == (made["commitId"], "FILE_LEVEL")
    commit = codecommit.ask("GetCommit", **DEMO, commitId=made["commitId"])["commit"]
    assert commit["parents"] == [destination, source]
    assert codecommit.item().observed.branches == {"dev": destination, "feature": source}
    assert file(codecommit, "a", made["commitId"]) == b"new"
    asked = {**BOTH, "mergeOption": "FAST_FORWARD_MERGE"}
    assert codecommit.refused("CreateUnreferencedMergeCommit", **asked) == "InvalidMergeOption"
    assert codecommit.refused("DescribeMergeConflicts", **asked, filePath="a") == (
        "InvalidMergeOption"
    )


def test_what_cannot_be_merged(codecommit: CodeCommit) -> None:
    base, source, _ = fork(codecommit, {"a": b"new"}, {"b": b"B"})

    def refused(operation: str = "MergeBranchesBySquash", **given: Any) -> str:
        return codecommit.refused(operation, **{**BOTH, **given})

    assert refused(repositoryName="other") == "RepositoryDoesNotExist"
    assert refused(sourceCommitSpecifier="nope") == "CommitDoesNotExist"
    assert refused(destinationCommitSpecifier="nope") == "BranchDoesNotExist"
    assert refused(targetBranch="feature") == "ConcurrentReferenceUpdate"
    assert refused(destinationCommitSpecifier=base, targetBranch="dev") == (
        "ConcurrentReferenceUpdate"
    )
    assert refused(conflictDetailLevel="WORD") == "InvalidConflictDetailLevel"
    assert refused("GetMergeConflicts") == "MergeOptionRequired"
    assert refused("GetMergeConflicts", mergeOption="SQUASH_MERGE", maxConflictFiles=0) == (
        "InvalidMaxConflictFiles"
    )
    codecommit.git.push(codecommit.item().desired.repository_id, "alien", {"x": b"1"})
    assert refused("GetMergeOptions", sourceCommitSpecifier="alien") == "TipsDivergenceExceeded"
    assert codecommit.item().observed.branches["feature"] == source
