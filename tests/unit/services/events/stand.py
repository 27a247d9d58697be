"""EventBridge under test, with the services that its targets are of."""

from __future__ import annotations

import functools
import json
from typing import Any

from tests.kit import asgi
from tests.kit.stand import SCOPE
from tests.kit.stand import Stand as Kit

from demitasse.services.codebuild.records import (
    BUILDS,
    PROJECTS,
    Artifacts,
    Build,
    Environment,
    Project,
    Settings,
    Source,
)
from demitasse.services.codepipeline.records import EXECUTIONS, PIPELINES, Execution
from demitasse.services.codepipeline.records.declarations import (
    Action,
    ActionTypeId,
    ArtifactName,
    ArtifactStore,
    Declaration,
    Stage,
    Variable,
)
from demitasse.services.codepipeline.records.pipelines import Pipeline
from demitasse.services.events.controller import DeliveryController, ScheduleController
from demitasse.services.events.operations import api
from demitasse.services.events.records import EVENTS, emit
from demitasse.services.iam import operations as iam
from demitasse.services.logs import operations as logs

ROLE = f"arn:aws:iam::{asgi.ACCOUNT}:role/PipelineRole"
GROUP = "/aws/events/all"
GROUP_ARN = f"arn:aws:logs:us-east-1:{asgi.ACCOUNT}:log-group:{GROUP}"
PIPELINE_ARN = f"arn:aws:codepipeline:us-east-1:{asgi.ACCOUNT}:update-employee"
PROJECT_ARN = f"arn:aws:codebuild:us-east-1:{asgi.ACCOUNT}:project/employee"


class Stand(Kit):
    """The API on a state in memory, and both controllers."""

    def __init__(self) -> None:
        super().__init__(api, logs.api, iam.api)
        self.events = functools.partial(self.call, "events")
        self.refused = functools.partial(self.refusal, "events")
        self.delivery = DeliveryController(store=self.store, clock=self.clock, ids=self.ids)
        self.schedules = ScheduleController(store=self.store, clock=self.clock, ids=self.ids)

    def rule(self, name: str = "rule", pattern: Any = None, **more: Any) -> str:
        """A rule for events of the source ``shop``, unless told otherwise; its ARN."""
        text = json.dumps(pattern or {"source": ["shop"]})
        arn: str = self.events("PutRule", Name=name, EventPattern=text, **more)["RuleArn"]
        return arn

    def to_logs(self, name: str = "rule", **more: Any) -> None:
        """Send a rule's events to the log group."""
        self.target(name, GROUP_ARN, **more)

    def target(self, rule: str, arn: str, **more: Any) -> None:
        """Give a rule a target whose id is the ARN's last word."""
        role = {} if ":logs:" in arn else {"RoleArn": ROLE}
        entry = {"Id": arn.rpartition("/")[2].rpartition(":")[2], "Arn": arn, **role, **more}
        self.events("PutTargets", Rule=rule, Targets=[entry])

    def group(self) -> None:
        """The log group."""
        self.call("logs", "CreateLogGroup", logGroupName=GROUP)

    def pipeline(self, *variables: str) -> None:
        """A pipeline that nothing carries out."""
        action = Action(
            "Source",
            ActionTypeId("Source", "AWS", "ECR", "1"),
            configuration={"RepositoryName": "employee"},
            output_artifacts=(ArtifactName("image"),),
        )
        declaration = Declaration(
            "update-employee",
            ROLE,
            (Stage("Source", (action,)),),
            ArtifactStore("S3", "artifacts"),
            variables=tuple(Variable(each, "none") for each in variables) or None,
        )
        now = self.clock.now()
        with self.store.transaction() as tx:
            tx.create(PIPELINES, SCOPE, "update-employee", Pipeline("id", declaration, now, now))

    def project(self) -> None:
        """A build project whose builds nothing carries out."""
        settings = Settings(
            Source("NO_SOURCE", buildspec="version: 0.2"),
            Artifacts("NO_ARTIFACTS"),
            Environment("image", "BUILD_GENERAL1_SMALL"),
            ROLE,
        )
        now = self.clock.now()
        with self.store.transaction() as tx:
            tx.create(PROJECTS, SCOPE, "employee", Project(settings, now, now))

    def put(self, detail: Any = None, **more: Any) -> dict[str, Any]:
        """Put one event of the source ``shop``."""
        entry = {
            "Source": "shop",
            "DetailType": "Sale",
            "Detail": json.dumps({} if detail is None else detail),
            **more,
        }
        return self.events("PutEvents", Entries=[entry])

    def happen(self, source: str = "aws.ecr", **detail: Any) -> None:
        """Have a service say something."""
        with self.store.transaction() as tx:
            emit(
                tx,
                SCOPE,
                self.ids,
                self.clock.now(),
                source=source,
                detail_type="Something",
                detail=detail,
            )

    def deliver(self) -> None:
        """Let the controller deliver what there is."""
        self.settle(self.delivery)

    def waiting(self) -> int:
        """How many events are kept for delivery."""
        with self.store.transaction() as tx:
            return tx.count(EVENTS, SCOPE)

    def executions(self) -> list[Execution]:
        """The pipeline's executions."""
        with self.store.transaction() as tx:
            return [item.desired for item in tx.page(EXECUTIONS, SCOPE)]

    def builds(self) -> list[Build]:
        """The project's builds."""
        with self.store.transaction() as tx:
            return [item.desired for item in tx.page(BUILDS, SCOPE)]

    def logged(self) -> list[str]:
        """The messages in the log group."""
        found = self.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
        return [each["message"] for each in found]
