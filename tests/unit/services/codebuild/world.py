"""CodeBuild as boto3 sees it, its controller at work on fakes of every engine."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Any

import msgspec
from tests.kit.stand import SCOPE, SITE, Stand

from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.git.fake import FakeGit
from demitasse.engines.objects import FakeObjects
from demitasse.engines.workspaces.fake import FakeWorkspaces
from demitasse.services.codebuild import operations as codebuild
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.controller import BuildController
from demitasse.services.events.records import EVENTS, RULES, Rule, rule_key
from demitasse.services.iam import operations as iam
from demitasse.services.logs.records import LOG_SOURCES, SourceObserved

ROLE = SCOPE.global_arn("iam", "role/PipelineRole")
IMAGE = "aws/codebuild/standard:7.0"
SPEC = "version: 0.2\nphases:\n  build:\n    commands: [ 'make' ]\n"
ENVIRONMENT = {
    "type": "LINUX_CONTAINER",
    "image": IMAGE,
    "computeType": "BUILD_GENERAL1_SMALL",
}
PHASES = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")


def given(name: str = "app", **changes: Any) -> dict[str, Any]:
    """The input of CreateProject: nothing in, nothing out."""
    return {
        "name": name,
        "source": {"type": "NO_SOURCE", "buildspec": SPEC},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": ENVIRONMENT,
        "serviceRole": ROLE,
        **changes,
    }


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return packed.getvalue()


class World:
    """A platform with CodeBuild alone; containers do what the test says."""

    def __init__(self, slots: int = 2) -> None:
        self.stand = Stand(iam.api, codebuild.api)
        self.containers = FakeEngine(self.stand.clock)
        self.containers.add_image(specs.IMAGE)
        self.workspaces = FakeWorkspaces()
        self.objects = FakeObjects()
        self.git = FakeGit()
        self.slots = slots

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self.stand.call("codebuild", operation, **members)

    def refusal(self, operation: str, **members: Any) -> tuple[str, str]:
        return self.stand.refusal("codebuild", operation, **members)

    def project(self, name: str = "app", **changes: Any) -> None:
        self.call("CreateProject", **given(name, **changes))

    def start(self, name: str = "app", **changes: Any) -> str:
        build_id: str = self.call("StartBuild", projectName=name, **changes)["build"]["id"]
        return build_id

    def see(self, build_id: str) -> dict[str, Any]:
        seen: dict[str, Any] = self.call("BatchGetBuilds", ids=[build_id])["builds"][0]
        return seen

    def phase(self, build_id: str, name: str) -> dict[str, Any]:
        phases = self.see(build_id)["phases"]
        found: dict[str, Any] = next(each for each in phases if each["phaseType"] == name)
        return found

    def phases(self, build_id: str) -> list[str]:
        return [each["phaseType"] for each in self.see(build_id)["phases"]]

    def control(self, build_id: str) -> dict[str, str]:
        """What the platform has told a build's container."""
        return self.workspaces.control[specs.workspace_name(build_id)]

    def boxes(self) -> list[str]:
        """The names of the containers that there are."""
        return [each.name for each in asyncio.run(self.containers.list())]

    def work(self, seconds: float = 1) -> None:
        """Let the controller work; each time it is a new one, as after a crash."""
        self.logs_are_kept()
        self.stand.settle(self.controller(), seconds=seconds)
        self.logs_are_kept()
        self.stand.settle(self.controller(), seconds=seconds)

    def controller(self) -> BuildController:
        return BuildController(
            store=self.stand.store,
            containers=self.containers,
            workspaces=self.workspaces,
            objects=self.objects,
            git=self.git,
            clock=self.stand.clock,
            ids=self.stand.ids,
            endpoint=SITE.endpoint,
            registry=SITE.registry,
            slots=self.slots,
        )

    def logs_are_kept(self, *, finished: bool = True) -> None:
        """What the collector of logs would have done by now."""
        with self.stand.store.transaction() as tx:
            for item in tx.everywhere(LOG_SOURCES):
                tx.observe(LOG_SOURCES, item.ref, SourceObserved(ready=True, finished=finished))

    def noted(self, build_id: str, *lines: str, ended: bool = False, **files: str) -> None:
        """The build's script has noted ``lines``, at the time it is now."""
        name = specs.workspace_name(build_id)
        now = self.stand.clock.now().timestamp()
        out = self.workspaces.out.setdefault(name, {})
        for line in lines:
            out["progress"] = out.get("progress", b"") + f"{now} {line}\n".encode()
        for path, text in files.items():
            out[path.replace("__", ".")] = text.encode()
        if ended:
            out["ended"] = b""

    def runs_through(self, build_id: str, failed: str = "", command: int = 0, **files: str) -> None:
        """The script ran all phases, up to the one that ``failed`` with its ``command``."""
        for phase in PHASES:
            self.noted(build_id, f"begin {phase}")
            if phase == failed:
                self.noted(build_id, f"end {phase} {command} 1")
                break
            self.noted(build_id, f"end {phase} 0 0")
        self.noted(build_id, ended=True, **files)

    def leaves(self, build_id: str) -> None:
        """The container has been told that all is over, and ends."""
        name = specs.container_name(build_id)

        async def end() -> None:
            self.containers.exit(name)

        asyncio.run(end())

    def listen(self) -> None:
        """Let there be a rule for CodeBuild's events: those that nobody awaits are not kept."""
        rule = Rule("default", "all", "me", '{"source": ["aws.codebuild"]}')
        with self.stand.store.transaction() as tx:
            tx.create(RULES, SCOPE, rule_key("default", "all"), rule)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The details of all events of a kind, in order."""
        with self.stand.store.transaction() as tx:
            return [
                msgspec.to_builtins(each.desired.detail)
                for each in tx.everywhere(EVENTS)
                if each.desired.detail_type == kind
            ]
