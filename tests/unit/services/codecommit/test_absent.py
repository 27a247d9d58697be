"""Lists of what cannot be made."""

from __future__ import annotations

from tests.unit.services.codecommit.stand import CodeCommit

NOWHERE = "0" * 40


def test_no_commit_has_comments(codecommit: CodeCommit) -> None:
    codecommit.repository()
    commit = codecommit.push({"a": b"1"})
    asked = {"repositoryName": "demo", "afterCommitId": commit}
    operation = "GetCommentsForComparedCommit"
    assert codecommit.ask(operation, **asked) == {"commentsForComparedCommitData": []}
    refused = codecommit.refused
    assert refused(operation, **asked, beforeCommitId=NOWHERE) == "CommitDoesNotExist"
    assert refused(operation, **{**asked, "afterCommitId": "dev"}) == "InvalidCommitId"
    assert refused(operation, **{**asked, "repositoryName": "x"}) == "RepositoryDoesNotExist"
