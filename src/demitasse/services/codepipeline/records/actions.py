"""Action executions: one for each time that an action of a stage is run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from demitasse.services.codepipeline.records.declarations import Action
from demitasse.store import Item, Kind


class StoredArtifact(msgspec.Struct, frozen=True):
    """Where an artifact (a zip) stands."""

    name: str
    bucket: str
    key: str


def artifact_detail(stored: StoredArtifact) -> dict[str, Any]:
    """Where it stands in AWS's shape (ArtifactDetail), which its events have as well."""
    return {"name": stored.name, "s3location": {"bucket": stored.bucket, "key": stored.key}}


class Revision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source action has taken. ``artifact`` is the name of the artifact that holds it."""

    id: str
    action: str
    artifact: str
    summary: str = ""
    url: str = ""
    created: datetime | None = None
    change_id: str = ""


class Problem(msgspec.Struct, frozen=True):
    """Why an action failed: the code and message of AWS's errorDetails."""

    code: str
    message: str


class Approval(msgspec.Struct, frozen=True):
    """What a person answered to a manual approval."""

    status: str
    summary: str
    by: str
    at: datetime


class ActionExecution(msgspec.Struct, frozen=True, omit_defaults=True):
    """An action that has begun; ``key`` is ``action_key(…)``: a pipeline's newest come first.

    ``configuration`` is that of the declaration with its variables replaced; ``pin`` the revision
    that a source has to take; ``token`` what PutApprovalResult has to give; ``attempt`` the attempt of
    the execution in which it runs.
    """

    pipeline: str
    pipeline_id: str
    execution_id: str
    version: int
    stage: str
    name: str
    id: str
    declared: Action
    configuration: dict[str, str]
    started_at: datetime
    inputs: tuple[StoredArtifact, ...] = ()
    outputs: tuple[StoredArtifact, ...] = ()
    pin: str = ""
    token: str = ""
    approval: Approval | None = None
    role_arn: str = ""
    attempt: int = 1


class ActionObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an action is. ``status`` is AWS's ActionExecutionStatus.

    ``external_id`` names the build, deployment or commit. It is written in the transaction that
    makes that build or deployment, so that none is made twice. ``task_definition`` is the ARN of
    what was registered for a deployment.
    """

    status: str = "InProgress"
    updated_at: datetime | None = None
    updated_by: str = ""
    external_id: str = ""
    external_url: str = ""
    summary: str = ""
    error: Problem | None = None
    revision: Revision | None = None
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    outputs: tuple[StoredArtifact, ...] = ()
    log_stream: str = ""
    task_definition: str = ""


ActionItem = Item[ActionExecution, ActionObserved]


def _followed(item: ActionItem) -> str | None:
    if item.observed.status != "InProgress" or not item.observed.external_id:
        return None
    return followed(item.desired.declared.provider, item.observed.external_id)


def followed(provider: str, external_id: str) -> str:
    """The value under which the action is found that waits for a build or deployment."""
    return f"{provider}:{external_id}"


ACTIONS: Kind[ActionExecution, ActionObserved] = Kind(
    "codepipeline.action",
    ActionExecution,
    ActionObserved,
    {
        "id": lambda item: item.desired.id,
        "execution": lambda item: item.desired.execution_id,
        "followed": _followed,
        "running": lambda item: (
            item.desired.pipeline_id if item.observed.status == "InProgress" else None
        ),
        "token": lambda item: item.desired.token or None,
    },
)


def action_key(pipeline_id: str, number: int) -> str:
    """A key under which the action executions of a pipeline come newest first."""
    return f"{pipeline_id}/{10**10 - number:010d}"
