"""CodeCommit under test: its API as boto3 calls it, with git in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.kit import asgi
from tests.kit.stand import SITE, Stand

from demitasse.api import Scope
from demitasse.dispatch import Dispatcher
from demitasse.engines.git.fake import FakeGit
from demitasse.ids import Ids
from demitasse.services.codecommit.controller import RepositoryController
from demitasse.services.codecommit.operations import api
from demitasse.services.codecommit.records import REPOSITORIES, RepositoryItem
from demitasse.services.codecommit.references import References
from demitasse.store import Transaction

SCOPE = Scope(asgi.ACCOUNT, "us-east-1")


class CodeCommit(Stand):
    """``repository`` makes one; ``push`` says what a push would have left, observed."""

    def __init__(self) -> None:
        super().__init__(api)
        self.events: list[dict[str, Any]] = []
        self.git = FakeGit()
        self.references = References(git=self.git, store=self.store, clock=self.clock, ids=self.ids)
        self.app._dispatch = Dispatcher(
            (api,), self.store, self.clock, self.ids, SITE, parts=(self.references,)
        )

    def ask(self, operation: str, **given: Any) -> dict[str, Any]:
        answer = self.call("codecommit", operation, **given)
        answer.pop("ResponseMetadata")
        return answer

    def refused(self, operation: str, **given: Any) -> str:
        """The code with which it must be refused, less its ending."""
        return self.code("codecommit", operation, **given).removesuffix("Exception")

    def repository(self, name: str = "demo", **given: Any) -> str:
        made = self.ask("CreateRepository", repositoryName=name, **given)
        return str(made["repositoryMetadata"]["repositoryId"])

    def item(self, name: str = "demo") -> RepositoryItem:
        with self.store.transaction() as tx:
            found = tx.get(REPOSITORIES, SCOPE, name)
        assert found is not None
        return found

    def push(self, files: dict[str, bytes], branch: str = "dev", name: str = "demo") -> str:
        """A commit of exactly ``files``."""
        identity = self.item(name).desired.repository_id
        commit = self.git.push(identity, branch, files)
        asgi.run(self.references.observe(SCOPE, identity, "arn:pusher"))
        return commit

    def controller(self) -> RepositoryController:
        return RepositoryController(store=self.store, references=self.references)

    def emit(self, _tx: Transaction, scope: Scope, _ids: Ids, now: datetime, **event: Any) -> str:
        """Stands for EventBridge, which keeps only what somebody listens to."""
        assert (scope, now) == (SCOPE, self.clock.now())
        assert event["source"] == "aws.codecommit"
        assert event["detail_type"] in (
            "CodeCommit Repository State Change",
            "CodeCommit Pull Request State Change",
            "CodeCommit Comment on Pull Request",
            "CodeCommit Comment on Commit",
        )
        assert event["resources"] == (f"arn:aws:codecommit:us-east-1:{asgi.ACCOUNT}:demo",)
        self.events.append(event["detail"])
        return ""
