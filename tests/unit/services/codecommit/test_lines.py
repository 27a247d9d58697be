"""What differs between two files, line by line."""

from __future__ import annotations

from typing import Any

from tests.unit.services.codecommit.stand import CodeCommit

NOWHERE = "0" * 40


def blob(codecommit: CodeCommit, content: bytes) -> str:
    """A file that is there, by its id."""
    codecommit.push({"file": content})
    found: str = codecommit.ask("GetFile", repositoryName="demo", filePath="file")["blobId"]
    return found


def compared(codecommit: CodeCommit, after: str, **given: Any) -> dict[str, Any]:
    return codecommit.ask("GetBlobDifferences", repositoryName="demo", afterBlobId=after, **given)


def test_lines_are_numbered_on_the_side_where_they_are(codecommit: CodeCommit) -> None:
    codecommit.repository()
    before = blob(codecommit, b"one\ntwo\nthree\n")
    after = blob(codecommit, b"one\n2\nthree\n")
    found = compared(codecommit, after, beforeBlobId=before, contextLines=1)
    assert found == {
        "hunks": [
            {
                "beforeStartLine": 1,
                "beforeLineCount": 3,
                "afterStartLine": 1,
                "afterLineCount": 3,
                "changes": [
                    {
                        "type": "CONTEXT",
                        "beforeLineNumber": 1,
                        "afterLineNumber": 1,
                        "content": "one",
                    },
                    {"type": "DELETE", "beforeLineNumber": 2, "content": "two"},
                    {"type": "ADD", "afterLineNumber": 2, "content": "2"},
                    {
                        "type": "CONTEXT",
                        "beforeLineNumber": 3,
                        "afterLineNumber": 3,
                        "content": "three",
                    },
                ],
            }
        ],
        "isBinary": False,
        "beforeBlobSize": 14,
        "afterBlobSize": 12,
    }
    assert compared(codecommit, after, beforeBlobId=after)["hunks"] == []


def test_a_new_file_is_all_added(codecommit: CodeCommit) -> None:
    codecommit.repository()
    new = compared(codecommit, blob(codecommit, b"a\nb"))
    assert new["beforeBlobSize"] == 0
    (hunk,) = new["hunks"]
    assert [hunk["beforeStartLine"], hunk["beforeLineCount"]] == [0, 0]
    assert [hunk["afterStartLine"], hunk["afterLineCount"]] == [1, 2]
    assert [each["type"] for each in hunk["changes"]] == ["ADD", "ADD"]


def test_binary_files_have_no_lines(codecommit: CodeCommit) -> None:
    codecommit.repository()
    text, binary = blob(codecommit, b"text\n"), blob(codecommit, b"a\0b")
    found = compared(codecommit, binary, beforeBlobId=text)
    assert found == {"hunks": [], "isBinary": True, "beforeBlobSize": 5, "afterBlobSize": 3}


def test_white_space_can_be_ignored(codecommit: CodeCommit) -> None:
    codecommit.repository()
    tight, wide = blob(codecommit, b"a = 1\n"), blob(codecommit, b"  a =  1\n")
    both = {"beforeBlobId": tight, "after": wide}
    assert len(compared(codecommit, **both)["hunks"]) == 1
    assert compared(codecommit, **both, ignoreWhitespace=True)["hunks"] == []


def test_hunks_come_in_pages(codecommit: CodeCommit) -> None:
    codecommit.repository()
    lines = [b"%d\n" % number for number in range(50)]
    before = blob(codecommit, b"".join(lines))
    lines[::10] = [b"changed\n"] * 5
    after = blob(codecommit, b"".join(lines))
    starts: list[int] = []
    token: dict[str, str] = {}
    while True:
        page = compared(
            codecommit, after, beforeBlobId=before, contextLines=0, MaxResults=2, **token
        )
        assert len(page["hunks"]) <= 2
        starts += [hunk["afterStartLine"] for hunk in page["hunks"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert starts == [1, 11, 21, 31, 41]


def test_what_cannot_be_compared(codecommit: CodeCommit) -> None:
    codecommit.repository()
    here = blob(codecommit, b"here\n")

    def refused(**given: Any) -> str:
        asked = {"repositoryName": "demo", "afterBlobId": here, **given}
        return codecommit.refused("GetBlobDifferences", **asked)

    assert refused(repositoryName="other") == "RepositoryDoesNotExist"
    assert refused(afterBlobId="dev") == "InvalidBlobId"
    assert refused(beforeBlobId=NOWHERE) == "BlobIdDoesNotExist"
    assert refused(contextLines=21) == "Validation"
    assert refused(MaxResults=0) == "InvalidMaxResults"
    assert refused(NextToken="x") == "InvalidContinuationToken"
