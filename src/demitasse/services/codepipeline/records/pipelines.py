"""Pipelines, their versions, and what was seen of their sources and stages."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.codepipeline.records.declarations import Action, Declaration
from demitasse.store import Item, Kind, Transaction
from demitasse.store.kinds import Nothing


class DisabledTransition(msgspec.Struct, frozen=True):
    """Why executions may not enter a stage, and who says so."""

    reason: str
    at: datetime
    by: str


class Pipeline(msgspec.Struct, frozen=True, omit_defaults=True):
    """A pipeline; ``key`` is its name.

    ``pipeline_id`` tells it from earlier ones of its name. ``disabled`` maps a stage to why its
    inbound transition is disabled; ``enabled`` to who enabled it again, and when.
    """

    pipeline_id: str
    declaration: Declaration
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    disabled: dict[str, DisabledTransition] = msgspec.field(default_factory=dict)
    enabled: dict[str, DisabledTransition] = msgspec.field(default_factory=dict)


class StageLatest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The execution that entered a stage last, and the last execution of each of its actions.

    ``actions`` maps the action's name to its record's key; ``retries`` and
    ``automatic_retries`` count those asked for and those of onFailure, ``retry_trigger`` is AWS's
    RetryTrigger of the last one.
    """

    execution_id: str
    status: str
    type: str = "STANDARD"
    actions: dict[str, str] = msgspec.field(default_factory=dict)
    retries: int = 0
    automatic_retries: int = 0
    retry_trigger: str = ""


class PipelineObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """``seen`` maps each source that is followed to the revision it was last seen at ("": none)."""

    seen: dict[str, str] = msgspec.field(default_factory=dict)
    stages: dict[str, StageLatest] = msgspec.field(default_factory=dict)


class PipelineVersion(msgspec.Struct, frozen=True):
    """One version of a pipeline's structure; ``key`` is ``version_key(…)``."""

    declaration: Declaration
    updated_at: datetime


PipelineItem = Item[Pipeline, PipelineObserved]


def source_of(action: Action) -> str | None:
    """What a source action reads, as one word: ``codecommit:<repository>/<branch>`` …"""
    given = action.configuration
    if action.action_type_id.category != "Source":
        return None
    if action.provider == "CodeCommit":
        return f"codecommit:{given['RepositoryName']}/{given['BranchName']}"
    if action.provider == "ECR":
        return f"ecr:{given['RepositoryName']}:{given.get('ImageTag', 'latest')}"
    return f"s3:{given['S3Bucket']}/{given['S3ObjectKey']}"


def follows(action: Action) -> bool:
    """Whether a change of this source starts the pipeline by itself."""
    return (
        action.action_type_id.category == "Source"
        and action.configuration.get("PollForSourceChanges", "true").lower() != "false"
    )


def _followed(item: Item[Pipeline, PipelineObserved]) -> set[str]:
    return {
        source
        for _, action in item.desired.declaration.actions()
        if follows(action) and (source := source_of(action)) is not None
    }


PIPELINES: Kind[Pipeline, PipelineObserved] = Kind(
    "codepipeline.pipeline", Pipeline, PipelineObserved, {"source": _followed}
)
VERSIONS: Kind[PipelineVersion, Nothing] = Kind("codepipeline.version", PipelineVersion, Nothing)


def version_key(pipeline_id: str, version: int) -> str:
    """The key of a version: sorted by pipeline and number."""
    return f"{pipeline_id}/{version:08d}"


def find_pipeline(tx: Transaction, scope: Scope, name: str) -> PipelineItem:
    """The pipeline. ``ServiceError``: ``PipelineNotFoundException``."""
    item = tx.get(PIPELINES, scope, name)
    if item is None:
        raise ServiceError(
            "PipelineNotFoundException",
            f"Account '{scope.account}' does not have a pipeline with name '{name}'",
        )
    return item


def declaration_of(tx: Transaction, item: PipelineItem, version: int) -> Declaration | None:
    """The structure that a pipeline had in a version; ``None`` when there is no such version."""
    if item.desired.declaration.version == version:
        return item.desired.declaration
    kept = tx.get(VERSIONS, item.scope, version_key(item.desired.pipeline_id, version))
    return None if kept is None else kept.desired.declaration


def pipeline_arn(scope: Scope, name: str) -> str:
    """``arn:aws:codepipeline:<region>:<account>:<name>``."""
    return scope.arn("codepipeline", name)
