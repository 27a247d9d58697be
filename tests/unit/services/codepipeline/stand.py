"""CodePipeline as boto3 sees it, its controllers at work on fakes of git and objects."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import Any

import msgspec
from tests.kit import stand
from tests.kit.control import attached, settle
from tests.unit.services.codepipeline.structures import BUCKET, FILES, ROLE, SCOPE, structure

from demitasse.calls import Calls
from demitasse.control import ControlLoop
from demitasse.engines.git.fake import FakeGit
from demitasse.engines.objects.fake import FakeObjects
from demitasse.services.base import Api
from demitasse.services.codebuild.records import (
    BUILDS,
    PROJECTS,
    Artifacts,
    Environment,
    Project,
    Settings,
    Source,
)
from demitasse.services.codecommit.records import (
    REPOSITORIES,
    Repository,
    find_repository,
    observe_references,
)
from demitasse.services.codedeploy.records import (
    APPLICATIONS,
    DEPLOYMENTS,
    GROUPS,
    Application,
    Group,
    Pair,
    Problem,
    group_key,
)
from demitasse.services.codepipeline import operations as codepipeline
from demitasse.services.codepipeline.controller import ActionController, PipelineController
from demitasse.services.ecr import records as ecr
from demitasse.services.ecs import operations as ecs
from demitasse.services.events.records import EVENTS, RULES, Rule, Target, document, rule_key
from demitasse.services.iam import operations as iam
from demitasse.store import Ref


class Stand(stand.Stand):
    """One repository ``deployment`` with branch dev, an image ``web:latest``, an application."""

    def __init__(self, *more: Api) -> None:
        super().__init__(codepipeline.api, ecs.api, iam.api, *more)
        self.git, self.objects = FakeGit(), FakeObjects()
        self.objects.add_bucket(SCOPE, BUCKET)
        calls = Calls((ecs.api,), self.models, self.clock, self.ids, stand.SITE)
        self.pipelines = PipelineController(store=self.store, clock=self.clock, ids=self.ids)
        self.actions = ActionController(
            store=self.store,
            clock=self.clock,
            waits=self.waits,
            ids=self.ids,
            site=stand.SITE,
            objects=self.objects,
            git=self.git,
            calls=calls,
        )
        self.loops = tuple(
            ControlLoop(each, self.store, self.clock) for each in (self.pipelines, self.actions)
        )
        with self.store.transaction() as tx:
            now = self.clock.now()
            tx.create(REPOSITORIES, SCOPE, "deployment", Repository("r1", now, now))
            tx.create(APPLICATIONS, SCOPE, "app", Application("a1", now))
            tx.create(
                GROUPS,
                SCOPE,
                group_key("a1", "group"),
                Group(
                    id="g1",
                    application_id="a1",
                    name="group",
                    role_arn=ROLE,
                    config="CodeDeployDefault.ECSAllAtOnce",
                    cluster="c",
                    service="web",
                    pair=Pair(("one", "two"), "arn:listener"),
                    created_at=now,
                ),
            )
            tx.create(ecr.REPOSITORIES, SCOPE, "web", ecr.Repository(now))
        self.push("first", FILES)
        self.push_image("1" * 64)

    # sources

    def push(self, message: str, files: dict[str, bytes], branch: str = "dev") -> str:
        """A commit on a branch; its id."""
        commit = self.git.push("r1", branch, files, message=f"{message}\n")
        with self.store.transaction() as tx:
            item = find_repository(tx, SCOPE, "deployment")
            assert item is not None
            references = {f"refs/heads/{name}": at for name, at in item.observed.branches.items()}
            references[f"refs/heads/{branch}"] = commit
            observe_references(tx, item, references, self.ids, self.clock.now())
        return commit

    def push_image(self, digits: str, tag: str = "latest", repository: str = "web") -> str:
        """Another image under the tag; its digest."""
        digest = f"sha256:{digits}"
        with self.store.transaction() as tx:
            tx.create(
                ecr.IMAGES,
                SCOPE,
                ecr.in_repository(repository, digest),
                ecr.Image(repository, digest, "m", b"", 44728918, self.clock.now(), (tag,)),
            )
            key = ecr.tagged(repository, tag)
            kept = ecr.ImageTag(repository, tag, digest)
            if tx.get(ecr.IMAGE_TAGS, SCOPE, key) is None:
                tx.create(ecr.IMAGE_TAGS, SCOPE, key, kept)
            else:
                tx.desire(ecr.IMAGE_TAGS, Ref(SCOPE, key), kept)
        return digest

    def rule(self, pattern: dict[str, Any], pipeline: str = "release") -> None:
        """A rule of EventBridge that starts a pipeline."""
        target = Target("1", SCOPE.arn("codepipeline", pipeline))
        kept = Rule("default", "r", "me", json.dumps(pattern), targets=(target,))
        with self.store.transaction() as tx:
            tx.create(RULES, SCOPE, rule_key("default", "r"), kept)

    def project(self, name: str = "tests") -> None:
        """A project of CodeBuild."""
        kept = Settings(
            Source("CODEPIPELINE"),
            Artifacts("CODEPIPELINE"),
            Environment("image", "BUILD_GENERAL1_SMALL"),
            ROLE,
        )
        with self.store.transaction() as tx:
            now = self.clock.now()
            tx.create(PROJECTS, SCOPE, name, Project(kept, now, now))

    # at work

    def work(self, seconds: float = 0) -> None:
        """Let both controllers work until they rest, after so much time."""

        async def run() -> None:
            one, other = self.loops
            with attached(one, self.store), attached(other, self.store):
                await settle(self.loops)
                if seconds:
                    self.clock.advance(seconds)
                    for loop in self.loops:
                        with self.store.transaction() as tx:
                            for ref in loop.controller.everything(tx):
                                loop.queue.add(ref)
                    await settle(self.loops)

        asyncio.run(run())

    def do(self, operation: str, **given: Any) -> dict[str, Any]:
        """A call of CodePipeline, and all that comes of it."""
        answer = dict(self.call("codepipeline", operation, **given))
        self.work()
        return answer

    def refused(self, operation: str, **given: Any) -> tuple[str, str]:
        """Code and message of the error that a call of CodePipeline must give."""
        said, message = self.refusal("codepipeline", operation, **given)
        return said, message

    def create(self, *stages: dict[str, Any], **more: Any) -> str:
        """A pipeline that has run as far as it can; the id of its first execution."""
        self.do("CreatePipeline", pipeline=structure(*stages, **more))
        return self.executions()[0]["pipelineExecutionId"]

    def start(self, name: str = "release", **given: Any) -> str:
        return str(self.do("StartPipelineExecution", name=name, **given)["pipelineExecutionId"])

    def executions(self, name: str = "release") -> list[dict[str, Any]]:
        """Summaries, the newest first."""
        found = self.call("codepipeline", "ListPipelineExecutions", pipelineName=name)
        return list(found["pipelineExecutionSummaries"])

    def statuses(self, name: str = "release") -> list[str]:
        """Statuses of executions, the oldest first."""
        return [each["status"] for each in reversed(self.executions(name))]

    def execution(self, execution_id: str, name: str = "release") -> dict[str, Any]:
        found = self.call(
            "codepipeline",
            "GetPipelineExecution",
            pipelineName=name,
            pipelineExecutionId=execution_id,
        )
        return dict(found["pipelineExecution"])

    def stages(self, name: str = "release") -> dict[str, dict[str, Any]]:
        state = self.call("codepipeline", "GetPipelineState", name=name)
        return {each["stageName"]: each for each in state["stageStates"]}

    def latest(self, stage_name: str, action_name: str, name: str = "release") -> dict[str, Any]:
        """The last execution of an action, as GetPipelineState shows it."""
        found = self.stages(name)[stage_name]["actionStates"]
        (shown,) = [each for each in found if each["actionName"] == action_name]
        return dict(shown.get("latestExecution", {}))

    def answer(self, stage_name: str, status: str = "Approved", action_name: str = "Ask") -> None:
        """Answer an approval."""
        self.do(
            "PutApprovalResult",
            pipelineName="release",
            stageName=stage_name,
            actionName=action_name,
            result={"summary": "so be it", "status": status},
            token=self.latest(stage_name, action_name)["token"],
        )

    def history(self, **given: Any) -> list[dict[str, Any]]:
        """Action executions, the oldest first."""
        found = self.call("codepipeline", "ListActionExecutions", pipelineName="release", **given)
        return list(reversed(found["actionExecutionDetails"]))

    def told(self) -> list[dict[str, Any]]:
        """The events of CodePipeline that a rule has heard, in their order, as AWS writes them."""
        with self.store.transaction() as tx:
            found = [each.desired for each in tx.page(EVENTS, SCOPE)]
        return [document(SCOPE, each) for each in found if each.source == "aws.codepipeline"]

    # what others do

    def deployment(self) -> tuple[str, Any]:
        """The one deployment that is not at its end."""
        with self.store.transaction() as tx:
            found = [
                each
                for each in tx.page(DEPLOYMENTS, SCOPE)
                if each.observed.status in ("Created", "InProgress")
            ]
        (item,) = found
        return item.key, item.desired

    def end_deployment(self, status: str, error: Problem | None = None) -> None:
        """CodeDeploy has done with it."""
        key, _ = self.deployment()
        with self.store.transaction() as tx:
            item = tx.get(DEPLOYMENTS, SCOPE, key)
            assert item is not None
            seen = msgspec.structs.replace(item.observed, status=status, error=error)
            tx.observe(DEPLOYMENTS, item.ref, seen)
        self.work()

    def builds(self) -> list[Any]:
        with self.store.transaction() as tx:
            return tx.page(BUILDS, SCOPE)

    def end_build(self, status: str, **changes: Any) -> None:
        """CodeBuild has done with the one build that is in progress."""
        (item,) = [each for each in self.builds() if each.observed.status == "IN_PROGRESS"]
        with self.store.transaction() as tx:
            seen = msgspec.structs.replace(item.observed, status=status, **changes)
            tx.observe(BUILDS, item.ref, seen)
        self.work()

    def artifact(self, name: str, execution_id: str) -> dict[str, bytes]:
        """The files in the artifact that an execution has put out."""
        for each in self.history(filter={"pipelineExecutionId": execution_id}):
            for stored in each["output"]["outputArtifacts"]:
                if stored["name"] == name:
                    where = stored["s3location"]
                    data = asyncio.run(self.objects.get(SCOPE, where["bucket"], where["key"]))
                    with zipfile.ZipFile(io.BytesIO(data)) as archive:
                        return {path: archive.read(path) for path in archive.namelist()}
        raise AssertionError(name)
