"""Repositories, their tags, their branches, and what is told of each change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.kit import asgi
from tests.kit.control import attached, settle
from tests.unit.services.codecommit.stand import SCOPE, CodeCommit

from demitasse.control import ControlLoop
from demitasse.engines.git.protocol import Move
from demitasse.errors import StoreError
from demitasse.services.codecommit.records import REPOSITORIES
from demitasse.store import Ref

ARN = f"arn:aws:codecommit:us-east-1:{asgi.ACCOUNT}:demo"
NOWHERE = "0" * 40


def test_a_repository_is_made_and_found(codecommit: CodeCommit) -> None:
    made = codecommit.ask(
        "CreateRepository", repositoryName="demo", repositoryDescription="Ours", tags={"a": "b"}
    )["repositoryMetadata"]
    assert made == {
        "accountId": asgi.ACCOUNT,
        "repositoryId": made["repositoryId"],
        "repositoryName": "demo",
        "repositoryDescription": "Ours",
        "lastModifiedDate": made["creationDate"],
        "creationDate": codecommit.clock.now(),
        "cloneUrlHttp": "http://127.0.0.1:4566/v1/repos/demo",
        "Arn": ARN,
    }
    assert codecommit.ask("GetRepository", repositoryName="demo")["repositoryMetadata"] == made
    batch = codecommit.ask("BatchGetRepositories", repositoryNames=["demo", "no"])
    assert (batch["repositories"], batch["repositoriesNotFound"]) == ([made], ["no"])
    assert codecommit.refused("CreateRepository", repositoryName="demo") == "RepositoryNameExists"
    assert codecommit.refused("GetRepository", repositoryName="no") == "RepositoryDoesNotExist"
    _, message = codecommit.refusal("codecommit", "GetRepository", repositoryName="no")
    assert message == "no does not exist"


@pytest.mark.parametrize("name", ["a.git", "..", "."])
def test_names_that_git_would_stumble_over(codecommit: CodeCommit, name: str) -> None:
    assert codecommit.refused("CreateRepository", repositoryName=name) == "InvalidRepositoryName"


def test_a_key_of_kms_is_refused_by_name(codecommit: CodeCommit) -> None:
    _, message = codecommit.refusal(
        "codecommit", "CreateRepository", repositoryName="demo", kmsKeyId="alias/mine"
    )
    assert message == "kmsKeyId is not supported by Demitasse."


def test_repositories_in_their_orders(codecommit: CodeCommit) -> None:
    for name in ("b", "c", "a"):
        codecommit.repository(name)
        codecommit.clock.advance(1)
    codecommit.ask("UpdateRepositoryDescription", repositoryName="b", repositoryDescription="x")

    def names(**given: str) -> str:
        found = codecommit.ask("ListRepositories", **given)["repositories"]
        return "".join(each["repositoryName"] for each in found)

    assert names() == "abc"
    assert names(order="descending") == "cba"
    assert names(sortBy="lastModifiedDate") == "cab"
    assert names(sortBy="lastModifiedDate", order="descending") == "bac"
    assert codecommit.refused("ListRepositories", nextToken="x") == "InvalidContinuationToken"


def test_pages_of_many_repositories(codecommit: CodeCommit) -> None:
    from demitasse.services.codecommit.records import Repository

    now = codecommit.clock.now()
    with codecommit.store.transaction() as tx:
        for number in range(1500):
            name = f"r{number:04}"
            tx.create(REPOSITORIES, SCOPE, name, Repository(name, now, now))
    for order in ("ascending", "descending"):
        first = codecommit.ask("ListRepositories", order=order)
        rest = codecommit.ask("ListRepositories", order=order, nextToken=first["nextToken"])
        assert "nextToken" not in rest
        found = [each["repositoryName"] for each in first["repositories"] + rest["repositories"]]
        assert sorted(found) == [f"r{number:04}" for number in range(1500)]


def test_a_new_name_keeps_all_else(codecommit: CodeCommit) -> None:
    identity = codecommit.repository(tags={"a": "b"})
    commit = codecommit.push({"a": b"1"})
    codecommit.repository("taken")
    refused = codecommit.refused
    assert refused("UpdateRepositoryName", oldName="demo", newName="taken") == (
        "RepositoryNameExists"
    )
    assert refused("UpdateRepositoryName", oldName="no", newName="new") == "RepositoryDoesNotExist"
    codecommit.ask("UpdateRepositoryName", oldName="demo", newName="new")
    found = codecommit.ask("GetRepository", repositoryName="new")["repositoryMetadata"]
    assert (found["repositoryId"], found["defaultBranch"]) == (identity, "dev")
    branch = codecommit.ask("GetBranch", repositoryName="new", branchName="dev")["branch"]
    assert branch == {"branchName": "dev", "commitId": commit}
    tags = codecommit.ask("ListTagsForResource", resourceArn=ARN.replace("demo", "new"))
    assert tags == {"tags": {"a": "b"}}


def test_tags(codecommit: CodeCommit) -> None:
    codecommit.repository()
    codecommit.ask("TagResource", resourceArn=ARN, tags={"a": "1", "b": "2"})
    codecommit.ask("TagResource", resourceArn=ARN, tags={"b": "3"})
    codecommit.ask("UntagResource", resourceArn=ARN, tagKeys=["a", "never"])
    assert codecommit.ask("ListTagsForResource", resourceArn=ARN) == {"tags": {"b": "3"}}
    refused = codecommit.refused
    many = {str(number): "" for number in range(51)}
    assert refused("TagResource", resourceArn=ARN, tags=many) == "TooManyTags"
    assert refused("TagResource", resourceArn=ARN, tags={"aws:a": ""}) == "InvalidSystemTagUsage"
    assert refused("TagResource", resourceArn="demo", tags={}) == "InvalidResourceArn"
    assert refused("ListTagsForResource", resourceArn=ARN + "x") == "RepositoryDoesNotExist"


def test_triggers_are_refused_by_their_destination(codecommit: CodeCommit) -> None:
    codecommit.repository()
    assert codecommit.ask("GetRepositoryTriggers", repositoryName="demo")["triggers"] == []
    codecommit.ask("PutRepositoryTriggers", repositoryName="demo", triggers=[])
    trigger = {"name": "t", "destinationArn": "arn:aws:sns:x", "branches": [], "events": ["all"]}
    code, message = codecommit.refusal(
        "codecommit", "PutRepositoryTriggers", repositoryName="demo", triggers=[trigger]
    )
    assert code == "InvalidRepositoryTriggerDestinationArnException"
    assert "arn:aws:sns:x" in message


def test_branches(codecommit: CodeCommit) -> None:
    codecommit.repository()
    commit = codecommit.push({"a": b"1"})
    ask, refused = codecommit.ask, codecommit.refused
    where: dict[str, Any] = {"repositoryName": "demo"}
    ask("CreateBranch", **where, branchName="feature/x", commitId=commit)
    assert ask("ListBranches", **where) == {"branches": ["dev", "feature/x"]}
    for branch in ("feature/x", "refs/heads/feature/x"):
        found = ask("GetBranch", **where, branchName=branch)["branch"]
        assert found == {"branchName": "feature/x", "commitId": commit}
    create = {**where, "commitId": commit}
    assert refused("CreateBranch", **create, branchName="dev") == "BranchNameExists"
    assert refused("CreateBranch", **where, branchName="b", commitId=NOWHERE) == (
        "CommitDoesNotExist"
    )
    assert refused("CreateBranch", **where, branchName="b", commitId="dev") == "InvalidCommitId"
    for name in ("a..b", "a b", "-a", "a.lock", "a/.b", "HEAD", "a//b", "refs/heads/a"):
        assert refused("CreateBranch", **create, branchName=name) == "InvalidBranchName", name
    assert refused("GetBranch", **where, branchName="no") == "BranchDoesNotExist"
    assert refused("GetBranch", **where) == "BranchNameRequired"
    assert refused("DeleteBranch", **where, branchName="dev") == "DefaultBranchCannotBeDeleted"
    ask("UpdateDefaultBranch", **where, defaultBranchName="feature/x")
    gone = ask("DeleteBranch", **where, branchName="dev")["deletedBranch"]
    assert gone == {"branchName": "dev", "commitId": commit}
    assert ask("DeleteBranch", **where, branchName="dev") == {}
    assert refused("UpdateDefaultBranch", **where, defaultBranchName="dev") == "BranchDoesNotExist"
    assert ask("ListBranches", **where) == {"branches": ["feature/x"]}


def test_each_change_is_told_once_in_aws_own_words(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    first = codecommit.push({"a": b"1"})
    second = codecommit.push({"a": b"2"})
    asgi.run(codecommit.git.move(identity, Move("refs/tags/v1", None, first)))
    asgi.run(codecommit.git.move(identity, Move("refs/heads/dev", second, None)))
    for _ in range(2):
        asgi.run(codecommit.references.observe(SCOPE, identity))
    where = {"repositoryName": "demo", "repositoryId": identity}
    branch = {
        **where,
        "referenceType": "branch",
        "referenceName": "dev",
        "referenceFullName": "refs/heads/dev",
    }
    pusher = {"callerUserArn": "arn:pusher"}
    assert codecommit.events == [
        {"event": "referenceCreated", **branch, **pusher, "commitId": first},
        {
            "event": "referenceUpdated",
            **branch,
            **pusher,
            "commitId": second,
            "oldCommitId": first,
        },
        {"event": "referenceDeleted", **branch, "oldCommitId": second},
        {
            "event": "referenceCreated",
            **where,
            "referenceType": "tag",
            "referenceName": "v1",
            "referenceFullName": "refs/tags/v1",
            "commitId": first,
        },
    ]


def test_the_default_branch_is_the_first_one(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    shown = codecommit.ask("GetRepository", repositoryName="demo")["repositoryMetadata"]
    assert "defaultBranch" not in shown
    codecommit.git.push(identity, "a", {"a": b"1"})
    codecommit.push({"a": b"1"}, "main")
    shown = codecommit.ask("GetRepository", repositoryName="demo")["repositoryMetadata"]
    assert shown["defaultBranch"] == "main"
    codecommit.push({"a": b"1"}, "b")
    assert codecommit.item().observed.first_branch == "main"


def test_what_moved_while_the_platform_died_is_told_at_the_next_start(
    codecommit: CodeCommit,
) -> None:
    identity = codecommit.repository()
    commit = codecommit.git.push(identity, "dev", {"a": b"1"})  # and then it died
    codecommit.settle(codecommit.controller())
    assert codecommit.item().observed.branches == {"dev": commit}
    codecommit.settle(codecommit.controller())
    assert [each["event"] for each in codecommit.events] == ["referenceCreated"]


def test_git_forgets_what_was_deleted(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    codecommit.push({"a": b"1"})
    orphan = "00000000-dead"
    asgi.run(codecommit.git.create(orphan))  # deleted just before a crash

    async def live() -> None:
        loop = ControlLoop(codecommit.controller(), codecommit.store, codecommit.clock)
        with attached(loop, codecommit.store):
            listening = asyncio.ensure_future(loop.controller.listen(loop.queue.add))
            await asyncio.sleep(0)
            await settle([loop])
            assert await codecommit.git.repositories() == {identity}
            with codecommit.store.transaction() as tx:
                tx.delete(REPOSITORIES, Ref(SCOPE, "demo"))
            await settle([loop])
            listening.cancel()
        await loop.queue.close()

    asyncio.run(live())
    assert asgi.run(codecommit.git.repositories()) == frozenset()
    assert codecommit.ask("DeleteRepository", repositoryName="demo") == {}


def test_what_could_not_be_observed_is_so_later(
    codecommit: CodeCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = codecommit.repository()

    def full(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    async def live() -> None:
        loop = ControlLoop(codecommit.controller(), codecommit.store, codecommit.clock)
        with attached(loop, codecommit.store):
            await settle([loop])
            commit = codecommit.git.push(identity, "dev", {"a": b"1"})
            with monkeypatch.context() as disk:
                disk.setattr("demitasse.services.codecommit.references.observe_references", full)
                with pytest.raises(StoreError):
                    await codecommit.references.observe(SCOPE, identity)
            await settle([loop])
            assert codecommit.item().observed.branches == {}
            listening = asyncio.ensure_future(loop.controller.listen(loop.queue.add))
            await asyncio.sleep(0)
            await settle([loop])
            listening.cancel()
            assert codecommit.item().observed.branches == {"dev": commit}
        await loop.queue.close()

    asyncio.run(live())
    assert len(codecommit.events) == 1


def test_a_rename_is_no_deletion(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    codecommit.push({"a": b"1"})

    async def live() -> None:
        loop = ControlLoop(codecommit.controller(), codecommit.store, codecommit.clock)
        with attached(loop, codecommit.store):
            await settle([loop])
            codecommit.call("codecommit", "UpdateRepositoryName", oldName="demo", newName="new")
            await settle([loop])
        await loop.queue.close()

    asyncio.run(live())
    assert asgi.run(codecommit.git.repositories()) == {identity}


def test_a_deleted_name_is_free_again(codecommit: CodeCommit) -> None:
    identity = codecommit.repository()
    codecommit.push({"a": b"1"})
    assert codecommit.ask("DeleteRepository", repositoryName="demo") == {"repositoryId": identity}
    assert codecommit.repository() != identity
    assert codecommit.ask("ListBranches", repositoryName="demo") == {"branches": []}


def test_approval_rules_are_refused_by_name(codecommit: CodeCommit) -> None:
    answer = asgi.Api(codecommit.app, now=codecommit.clock.now).parsed(
        "codecommit", "GetApprovalRuleTemplate", {"approvalRuleTemplateName": "two"}
    )
    assert "GetApprovalRuleTemplate" in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("CreateRepository", {"repositoryName": "de mo"}, "InvalidRepositoryName"),
        ("CreateRepository", {"repositoryName": "x" * 101}, "InvalidRepositoryName"),
        ("CreateRepository", {}, "RepositoryNameRequired"),
        (
            "CreateRepository",
            {"repositoryName": "x", "repositoryDescription": "x" * 1001},
            "InvalidRepositoryDescription",
        ),
        ("CreateRepository", {"repositoryName": "x", "tags": {"k": "v" * 257}}, "InvalidTagsMap"),
        ("ListRepositories", {"sortBy": "size"}, "InvalidSortBy"),
        ("ListRepositories", {"order": "up"}, "InvalidOrder"),
        ("UpdateRepositoryName", {"oldName": "a/b", "newName": "x"}, "InvalidRepositoryName"),
        ("UpdateRepositoryName", {"oldName": "demo"}, "RepositoryNameRequired"),
        ("DeleteBranch", {"repositoryName": "demo"}, "BranchNameRequired"),
        ("DeleteBranch", {"repositoryName": "demo", "branchName": ""}, "InvalidBranchName"),
        ("GetCommit", {"repositoryName": "demo"}, "CommitIdRequired"),
        ("GetFile", {"repositoryName": "demo"}, "PathRequired"),
        ("GetBlob", {"repositoryName": "demo"}, "BlobIdRequired"),
        ("TagResource", {"tags": {}}, "ResourceArnRequired"),
        ("UntagResource", {"resourceArn": "x"}, "TagKeysListRequired"),
        ("CreateRepository", {"repositoryName": 1}, "Serialization"),
    ],
)
def test_what_is_wrong_has_an_error_of_its_own(
    codecommit: CodeCommit, operation: str, given: dict[str, Any], code: str
) -> None:
    assert codecommit.refused(operation, **given) == code
