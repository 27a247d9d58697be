"""Commits, files and folders through the API."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.codecommit.stand import CodeCommit

NOWHERE = "0" * 40


def put(codecommit: CodeCommit, path: str, content: bytes, **given: Any) -> dict[str, Any]:
    given = {"branchName": "dev", **given}
    return codecommit.ask(
        "PutFile", repositoryName="demo", filePath=path, fileContent=content, **given
    )


def test_the_first_file_makes_the_branch(codecommit: CodeCommit) -> None:
    codecommit.repository()
    made = put(codecommit, "README.md", b"# Hello", name="Mary", email="m@example.com")
    assert codecommit.item().observed.branches == {"dev": made["commitId"]}
    file = codecommit.ask("GetFile", repositoryName="demo", filePath="/README.md")
    assert file == {
        "commitId": made["commitId"],
        "blobId": made["blobId"],
        "filePath": "README.md",
        "fileMode": "NORMAL",
        "fileSize": 7,
        "fileContent": b"# Hello",
    }
    commit = codecommit.ask("GetCommit", repositoryName="demo", commitId=made["commitId"])
    seconds = int(codecommit.clock.now().timestamp())
    person = {"name": "Mary", "email": "m@example.com", "date": f"{seconds} +0000"}
    assert commit["commit"] == {
        "commitId": made["commitId"],
        "treeId": made["treeId"],
        "parents": [],
        "message": "",
        "author": person,
        "committer": person,
        "additionalData": "",
    }
    blob = codecommit.ask("GetBlob", repositoryName="demo", blobId=made["blobId"])
    assert blob == {"content": b"# Hello"}


def test_a_commit_is_made_on_the_tip_only(codecommit: CodeCommit) -> None:
    codecommit.repository()
    first = put(codecommit, "a", b"1")["commitId"]
    second = put(codecommit, "a", b"2", parentCommitId=first)["commitId"]

    def refused(**given: Any) -> str:
        return codecommit.refused(
            "PutFile",
            repositoryName="demo",
            **{"branchName": "dev", "filePath": "a", "fileContent": b"3", **given},
        )

    assert refused() == "ParentCommitIdRequired"
    assert refused(parentCommitId=first) == "ParentCommitIdOutdated"
    assert refused(parentCommitId=NOWHERE) == "ParentCommitDoesNotExist"
    assert refused(parentCommitId="dev") == "InvalidParentCommitId"
    assert refused(parentCommitId=second, branchName="main") == "BranchDoesNotExist"
    assert refused(parentCommitId=second, branchName="a..b") == "InvalidBranchName"
    assert refused(parentCommitId=second, fileContent=b"2") == "SameFileContent"
    assert refused(parentCommitId=second, fileContent=b"") == "FileContentRequired"
    assert refused(parentCommitId=second, filePath="../a") == "InvalidPath"
    assert refused(parentCommitId=second, filePath="a/b") == "DirectoryNameConflictsWithFileName"
    assert refused(parentCommitId=second, email="a>b") == "InvalidEmail"
    assert codecommit.item().observed.branches == {"dev": second}


def test_a_refused_first_file_needs_no_parent(codecommit: CodeCommit) -> None:
    codecommit.repository()
    assert (
        codecommit.refused(
            "PutFile",
            repositoryName="demo",
            branchName="dev",
            filePath="a",
            fileContent=b"1",
            parentCommitId=NOWHERE,
        )
        == "ParentCommitDoesNotExist"
    )


def commit(codecommit: CodeCommit, parent: str, **given: Any) -> dict[str, Any]:
    return codecommit.ask(
        "CreateCommit", repositoryName="demo", branchName="dev", parentCommitId=parent, **given
    )


def test_one_commit_changes_many_files(codecommit: CodeCommit) -> None:
    codecommit.repository()
    base = codecommit.push({"a": b"1", "x/b": b"2", "x/c": b"3", "run.sh": b"#!"})
    made = commit(
        codecommit,
        base,
        authorName="Mary",
        commitMessage="All at once",
        putFiles=[
            {"filePath": "new/file", "fileContent": b"", "fileMode": "NORMAL"},
            {"filePath": "a", "fileContent": b"one"},
            {"filePath": "moved", "sourceFile": {"filePath": "x/b", "isMove": True}},
        ],
        deleteFiles=[{"filePath": "x/c"}],
        setFileModes=[{"filePath": "run.sh", "fileMode": "EXECUTABLE"}],
    )
    paths = {
        kind: [(each["absolutePath"], each["fileMode"]) for each in made[kind]]
        for kind in ("filesAdded", "filesUpdated", "filesDeleted")
    }
    assert paths == {
        "filesAdded": [("moved", "NORMAL"), ("new/file", "NORMAL")],
        "filesUpdated": [("a", "NORMAL"), ("run.sh", "EXECUTABLE")],
        "filesDeleted": [("x/b", "NORMAL"), ("x/c", "NORMAL")],
    }
    folder = codecommit.ask("GetFolder", repositoryName="demo", folderPath="/")
    assert [each["absolutePath"] for each in folder["files"]] == ["a", "moved", "run.sh"]
    assert [each["relativePath"] for each in folder["subFolders"]] == ["new"]
    assert folder["symbolicLinks"] == folder["subModules"] == []
    inner = codecommit.ask("GetFolder", repositoryName="demo", folderPath="new/")
    assert [(each["absolutePath"], each["relativePath"]) for each in inner["files"]] == [
        ("new/file", "file")
    ]


def test_empty_folders_are_kept_when_asked(codecommit: CodeCommit) -> None:
    codecommit.repository()
    base = codecommit.push({"a": b"1", "x/b": b"2"})
    commit(codecommit, base, deleteFiles=[{"filePath": "x/b"}], keepEmptyFolders=True)
    folder = codecommit.ask("GetFolder", repositoryName="demo", folderPath="x")
    assert [each["relativePath"] for each in folder["files"]] == [".gitkeep"]


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("FileEntryRequired", {}),
        ("MaximumFileEntriesExceeded", {"deleteFiles": [{"filePath": "a"}] * 101}),
        ("FileDoesNotExist", {"deleteFiles": [{"filePath": "b"}]}),
        ("FileDoesNotExist", {"setFileModes": [{"filePath": "b", "fileMode": "NORMAL"}]}),
        ("SamePathRequest", {"deleteFiles": [{"filePath": "a"}, {"filePath": "/a"}]}),
        ("NoChange", {"putFiles": [{"filePath": "a", "fileContent": b"1"}]}),
        ("SourceFileOrContentRequired", {"putFiles": [{"filePath": "b"}]}),
        (
            "FileContentAndSourceFileSpecified",
            {"putFiles": [{"filePath": "b", "fileContent": b"", "sourceFile": {"filePath": "a"}}]},
        ),
        (
            "RestrictedSourceFile",
            {"putFiles": [{"filePath": "b", "sourceFile": {"filePath": "x/.gitkeep"}}]},
        ),
        ("FileNameConflictsWithDirectoryName", {"deleteFiles": [{"filePath": "x"}]}),
        (
            "PutFileEntryConflict",
            {
                "putFiles": [
                    {"filePath": "n", "fileContent": b"1"},
                    {"filePath": "n/m", "fileContent": b"1"},
                ]
            },
        ),
        (
            "FileContentSizeLimitExceeded",
            {
                "putFiles": [
                    {"filePath": "n", "fileContent": b"1" * 4 * 2**20},
                    {"filePath": "m", "fileContent": b"1" * 4 * 2**20},
                ]
            },
        ),
        (
            "NameLengthExceeded",
            {"authorName": "n" * 257, "putFiles": [{"filePath": "n", "fileContent": b"1"}]},
        ),
    ],
)
def test_a_commit_that_makes_no_sense_is_refused(
    codecommit: CodeCommit, code: str, given: dict[str, Any]
) -> None:
    codecommit.repository()
    base = codecommit.push({"a": b"1", "x/b": b"2"})
    asked = {"repositoryName": "demo", "branchName": "dev", "parentCommitId": base, **given}
    assert codecommit.refused("CreateCommit", **asked) == code
    assert codecommit.item().observed.branches == {"dev": base}


def test_files_are_deleted(codecommit: CodeCommit) -> None:
    codecommit.repository()
    base = codecommit.push({"a": b"1", "b": b"2"})
    gone = codecommit.ask(
        "DeleteFile", repositoryName="demo", branchName="dev", filePath="a", parentCommitId=base
    )
    assert gone["filePath"] == "a"
    assert codecommit.refused("GetFile", repositoryName="demo", filePath="a") == "FileDoesNotExist"
    old = codecommit.ask(
        "GetFile", repositoryName="demo", filePath="a", commitSpecifier=gone["commitId"] and base
    )
    assert (old["fileContent"], old["blobId"]) == (b"1", gone["blobId"])


def test_what_is_not_there_is_said_so(codecommit: CodeCommit) -> None:
    codecommit.repository()
    refused = codecommit.refused
    assert refused("GetFile", repositoryName="demo", filePath="a") == "CommitDoesNotExist"
    base = codecommit.push({"a": b"1", "x/b": b"2"})
    assert refused("GetFile", repositoryName="no", filePath="a") == "RepositoryDoesNotExist"
    for name in ("main", "dev~1", NOWHERE):
        assert (
            refused("GetFile", repositoryName="demo", filePath="a", commitSpecifier=name)
            == "CommitDoesNotExist"
        )
    assert refused("GetFile", repositoryName="demo", filePath="x") == "FileDoesNotExist"
    assert refused("GetFolder", repositoryName="demo", folderPath="a") == "FolderDoesNotExist"
    assert refused("GetBlob", repositoryName="demo", blobId="12") == "InvalidBlobId"
    assert refused("GetBlob", repositoryName="demo", blobId=base) == "BlobIdDoesNotExist"
    assert refused("GetCommit", repositoryName="demo", commitId=NOWHERE) == "CommitIdDoesNotExist"
    assert refused("GetCommit", repositoryName="demo", commitId="dev") == "InvalidCommitId"


def test_several_commits_at_once(codecommit: CodeCommit) -> None:
    codecommit.repository()
    first, second = (codecommit.push({"a": data}) for data in (b"1", b"2"))
    answer = codecommit.ask(
        "BatchGetCommits", repositoryName="demo", commitIds=[second, NOWHERE, first, "x"]
    )
    assert [each["commitId"] for each in answer["commits"]] == [second, first]
    assert answer["commits"][0]["parents"] == [first]
    assert [(each["commitId"], each["errorCode"]) for each in answer["errors"]] == [
        (NOWHERE, "CommitIdDoesNotExistException"),
        ("x", "InvalidCommitIdException"),
    ]
    refused = codecommit.refused
    assert refused("BatchGetCommits", repositoryName="demo", commitIds=[]) == (
        "CommitIdsListRequired"
    )
    many = [f"{number:040}" for number in range(101)]
    assert refused("BatchGetCommits", repositoryName="demo", commitIds=many) == (
        "CommitIdsLimitExceeded"
    )


def test_differences_in_pages_and_below_a_path(codecommit: CodeCommit) -> None:
    codecommit.repository()
    before = codecommit.push({"a": b"1", "x/b": b"2", "x/c": b"3"})
    after = codecommit.push({"a": b"one", "x/c": b"3", "y/d": b"4"})

    def differ(**given: Any) -> dict[str, Any]:
        return codecommit.ask(
            "GetDifferences", repositoryName="demo", afterCommitSpecifier="dev", **given
        )

    def kinds(answer: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            (each["changeType"], (each.get("afterBlob") or each["beforeBlob"])["path"])
            for each in answer["differences"]
        ]

    whole = differ(beforeCommitSpecifier=before)
    assert kinds(whole) == [("M", "a"), ("D", "x/b"), ("A", "y/d")]
    assert whole["differences"][0]["beforeBlob"]["mode"] == "100644"
    assert kinds(differ()) == [("A", "a"), ("A", "x/c"), ("A", "y/d")]
    assert kinds(differ(beforeCommitSpecifier=before, beforePath="x")) == [("D", "x/b")]
    assert kinds(differ(beforeCommitSpecifier=before, afterPath="y/d")) == [("A", "y/d")]
    assert differ(beforeCommitSpecifier=after)["differences"] == []
    page = differ(beforeCommitSpecifier=before, MaxResults=2)
    assert kinds(page) == kinds(whole)[:2]
    last = differ(beforeCommitSpecifier=before, MaxResults=2, NextToken=page["NextToken"])
    assert kinds(last) == kinds(whole)[2:]
    assert "NextToken" not in last
    asked = {"repositoryName": "demo", "afterCommitSpecifier": "dev"}
    refused = codecommit.refused
    assert refused("GetDifferences", **asked, afterPath="zz") == "PathDoesNotExist"
    assert refused("GetDifferences", **asked, NextToken="zz") == "InvalidContinuationToken"
    assert refused("GetDifferences", **asked, MaxResults=0) == "InvalidMaxResults"


def test_where_two_branches_parted(codecommit: CodeCommit) -> None:
    codecommit.repository()
    base = codecommit.push({"a": b"1", "b": b"1"})
    codecommit.ask("CreateBranch", repositoryName="demo", branchName="other", commitId=base)
    dev = codecommit.push({"a": b"2", "b": b"1"})

    def options(**given: Any) -> dict[str, Any]:
        return codecommit.ask(
            "GetMergeOptions",
            repositoryName="demo",
            sourceCommitSpecifier="dev",
            destinationCommitSpecifier="other",
            **given,
        )

    assert options() == {
        "mergeOptions": ["FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE"],
        "sourceCommitId": dev,
        "destinationCommitId": base,
        "baseCommitId": base,
    }
    codecommit.push({"a": b"1", "b": b"2"}, "other")
    assert options()["mergeOptions"] == ["SQUASH_MERGE", "THREE_WAY_MERGE"]
    codecommit.push({"a": b"3", "b": b"2"}, "other")
    assert options()["mergeOptions"] == []


def test_the_history_of_a_file(codecommit: CodeCommit) -> None:
    codecommit.repository()
    first = codecommit.push({"a": b"1", "b": b"1"})
    codecommit.push({"a": b"1", "b": b"2"})
    third = codecommit.push({"a": b"3", "b": b"2"})
    answer = codecommit.ask("ListFileCommitHistory", repositoryName="demo", filePath="a")
    assert [
        (each["commit"]["commitId"], each["revisionChildren"]) for each in answer["revisionDag"]
    ] == [(third, []), (first, [third])]
    page = codecommit.ask(
        "ListFileCommitHistory", repositoryName="demo", filePath="a", maxResults=1
    )
    assert len(page["revisionDag"]) == 1
    rest = codecommit.ask(
        "ListFileCommitHistory", repositoryName="demo", filePath="a", nextToken=page["nextToken"]
    )
    assert [each["commit"]["commitId"] for each in rest["revisionDag"]] == [first]


def test_names_that_are_no_utf_8_are_shown_all_the_same(codecommit: CodeCommit) -> None:
    codecommit.repository()
    codecommit.push({"caf\udce9": b"1", "x/caf\udce9": b"2"})
    folder = codecommit.ask("GetFolder", repositoryName="demo", folderPath="")
    assert [each["absolutePath"] for each in folder["files"]] == ["caf\ufffd"]
    found = codecommit.ask("GetDifferences", repositoryName="demo", afterCommitSpecifier="dev")
    paths = [each["afterBlob"]["path"] for each in found["differences"]]
    assert paths == ["caf\ufffd", "x/caf\ufffd"]
