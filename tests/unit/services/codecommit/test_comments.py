"""Comments: on comparisons of commits, on pull requests, on lines of files."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kit.asgi import CALLER
from tests.unit.services.codecommit.stand import CodeCommit

DEMO = {"repositoryName": "demo"}
NOWHERE = "0" * 40


@pytest.fixture
def commits(codecommit: CodeCommit) -> dict[str, str]:
    """Two commits of the repository, and a pull request between them."""
    codecommit.repository()
    before = codecommit.push({"a": b"1\n2\n", "b": b"1\n"})
    codecommit.ask("CreateBranch", **DEMO, branchName="feature", commitId=before)
    after = codecommit.push({"a": b"1\ntwo\n", "b": b"1\n"}, "feature")
    target = {**DEMO, "sourceReference": "feature"}
    codecommit.ask("CreatePullRequest", title="A change", targets=[target])
    codecommit.events.clear()
    return {"beforeCommitId": before, "afterCommitId": after}


def post(codecommit: CodeCommit, commits: dict[str, str], **given: Any) -> dict[str, Any]:
    asked = {**DEMO, **commits, "content": "Why?", **given}
    on = "PullRequest" if "pullRequestId" in given else "ComparedCommit"
    return codecommit.ask(f"PostCommentFor{on}", **asked)


def test_a_line_is_commented(codecommit: CodeCommit, commits: dict[str, str]) -> None:
    location = {"filePath": "a", "filePosition": 2, "relativeFileVersion": "AFTER"}
    posted = post(codecommit, commits, location=location, clientRequestToken="token")
    comment = posted.pop("comment")
    blobs = [
        codecommit.ask("GetFile", **DEMO, filePath="a", commitSpecifier=each)["blobId"]
        for each in commits.values()
    ]
    where = {
        **DEMO,
        **commits,
        "location": location,
        "beforeBlobId": blobs[0],
        "afterBlobId": blobs[1],
    }
    assert posted == where
    now = codecommit.clock.now()
    assert comment.pop("commentId")
    assert comment == {
        "content": "Why?",
        "creationDate": now,
        "lastModifiedDate": now,
        "authorArn": CALLER.arn,
        "deleted": False,
        "clientRequestToken": "token",
        "callerReactions": [],
        "reactionCounts": {},
    }
    (event,) = codecommit.events
    assert event["event"] == "commentOnCommitCreated"
    assert event["afterCommitId"] == commits["afterCommitId"]
    again = post(codecommit, commits, location=location, clientRequestToken="token")
    assert again["comment"]["creationDate"] == now
    found = codecommit.ask("GetCommentsForComparedCommit", **DEMO, **commits)
    (thread,) = found["commentsForComparedCommitData"]
    assert [each["content"] for each in thread.pop("comments")] == ["Why?"]
    assert thread == where


def test_a_pull_request_is_talked_about(codecommit: CodeCommit, commits: dict[str, str]) -> None:
    first = post(codecommit, commits, pullRequestId="1")["comment"]["commentId"]
    reply = codecommit.ask("PostCommentReply", inReplyTo=first, content="Because.")["comment"]
    assert reply["inReplyTo"] == first
    post(codecommit, commits, pullRequestId="1", location={"filePath": "b"}, content="And b?")
    found = codecommit.ask("GetCommentsForPullRequest", pullRequestId="1")
    threads = found["commentsForPullRequestData"]
    said = [[each["content"] for each in thread["comments"]] for thread in threads]
    assert said == [["Why?", "Because."], ["And b?"]]
    assert threads[0]["pullRequestId"] == "1"
    assert threads[1]["location"] == {"filePath": "b"}
    page = codecommit.ask("GetCommentsForPullRequest", pullRequestId="1", maxResults=1)
    rest = codecommit.ask(
        "GetCommentsForPullRequest", pullRequestId="1", nextToken=page["nextToken"]
    )
    assert page["commentsForPullRequestData"] + rest["commentsForPullRequestData"] == threads
    other = {**DEMO, "beforeCommitId": NOWHERE, "afterCommitId": NOWHERE}
    none = codecommit.ask("GetCommentsForPullRequest", pullRequestId="1", **other)
    assert none["commentsForPullRequestData"] == []
    compared = codecommit.ask("GetCommentsForComparedCommit", **DEMO, **commits)
    assert compared["commentsForComparedCommitData"] == []
    assert [each["event"] for each in codecommit.events] == ["commentOnPullRequestCreated"] * 3
    assert codecommit.events[1]["inReplyTo"] == first


def test_a_comment_is_changed_and_deleted(codecommit: CodeCommit, commits: dict[str, str]) -> None:
    identity = post(codecommit, commits)["comment"]["commentId"]
    codecommit.clock.advance(60)
    changed = codecommit.ask("UpdateComment", commentId=identity, content="How?")["comment"]
    assert changed["content"] == "How?"
    assert changed["lastModifiedDate"] == codecommit.clock.now() != changed["creationDate"]
    assert codecommit.ask("GetComment", commentId=identity)["comment"] == changed
    assert codecommit.events[-1]["event"] == "commentOnCommitUpdated"
    gone = codecommit.ask("DeleteCommentContent", commentId=identity)["comment"]
    assert gone["deleted"]
    assert "content" not in gone
    for operation in ("GetComment", "UpdateComment", "DeleteCommentContent"):
        given = {"content": "x"} if operation == "UpdateComment" else {}
        refused = codecommit.refused(operation, commentId=identity, **given)
        assert refused == "CommentDeleted"
    (thread,) = codecommit.ask("GetCommentsForComparedCommit", **DEMO, **commits)[
        "commentsForComparedCommitData"
    ]
    assert thread["comments"] == [gone]


def test_what_cannot_be_commented(codecommit: CodeCommit, commits: dict[str, str]) -> None:
    codecommit.repository("other")

    def refused(operation: str = "PostCommentForComparedCommit", **given: Any) -> str:
        return codecommit.refused(operation, **{**DEMO, **commits, "content": "?", **given})

    assert refused(content=" ") == "CommentContentRequired"
    assert refused(content="x" * 10_241) == "CommentContentSizeLimitExceeded"
    assert refused(afterCommitId=NOWHERE) == "CommitDoesNotExist"
    assert refused(afterCommitId="dev") == "InvalidCommitId"
    assert refused(afterCommitId=commits["beforeCommitId"]) == (
        "BeforeCommitIdAndAfterCommitIdAreSame"
    )
    assert refused(location={"filePosition": 1}) == "PathRequired"
    assert refused(location={"filePath": "none"}) == "PathDoesNotExist"
    assert refused(location={"filePath": "a", "filePosition": 3}) == "InvalidFilePosition"
    side = {"filePath": "a", "relativeFileVersion": "MIDDLE"}
    assert refused(location=side) == "InvalidRelativeFileVersionEnum"
    on = "PostCommentForPullRequest"
    assert refused(on, pullRequestId="2") == "PullRequestDoesNotExist"
    assert refused(on, pullRequestId="1", repositoryName="other") == (
        "RepositoryNotAssociatedWithPullRequest"
    )
    reply = codecommit.refused
    assert reply("PostCommentReply", inReplyTo="x", content="y") == "InvalidCommentId"
    nobody = f"{NOWHERE}:00000000-0000-0000-0000-000000000000"
    assert reply("PostCommentReply", inReplyTo=nobody, content="y") == "CommentDoesNotExist"
    posted = post(codecommit, commits, clientRequestToken="token")["comment"]["commentId"]
    assert refused(clientRequestToken="token", content="Else?") == "IdempotencyParameterMismatch"
    codecommit.ask("DeleteRepository", **DEMO)
    assert reply("GetComment", commentId=posted) == "CommentDoesNotExist"
