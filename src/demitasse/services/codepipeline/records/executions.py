"""Pipeline executions: what was asked for, and how far they have come."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.services.codepipeline.records.actions import Revision, StoredArtifact
from demitasse.services.codepipeline.records.revisions import Pin
from demitasse.store import Item, Kind, Transaction

ACTIVE = frozenset({"InProgress", "Stopping"})


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """What started an execution: AWS's TriggerType, and who or what that was."""

    type: str
    detail: str = ""


class StopRequest(msgspec.Struct, frozen=True):
    """A caller asked to stop; ``abandon`` does not wait for the actions in progress."""

    at: datetime
    abandon: bool
    reason: str


class Retry(msgspec.Struct, frozen=True):
    """A caller asked to run a failed stage again: ``FAILED_ACTIONS`` or ``ALL_ACTIONS``."""

    stage: str
    mode: str


class Execution(msgspec.Struct, frozen=True, omit_defaults=True):
    """A pipeline execution; ``key`` is ``execution_key(…)``: a pipeline's newest come first.

    ``version`` is that of the structure it runs through. A rollback (``target`` is the execution
    to which it goes back) runs through the one stage ``stage``. ``retries`` are in the order in
    which they were asked for. ``token`` is the caller's clientRequestToken.
    """

    pipeline: str
    pipeline_id: str
    execution_id: str
    number: int
    version: int
    started_at: datetime
    trigger: Trigger
    mode: str = "SUPERSEDED"
    pins: dict[str, Pin] = msgspec.field(default_factory=dict)
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    target: str = ""
    stage: str = ""
    stop: StopRequest | None = None
    retries: tuple[Retry, ...] = ()
    token: str = ""


class StageRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stage that an execution has entered; ``actions`` maps names to the keys of the newest
    action executions, ``retried_at`` is when the last retry began.
    """

    name: str
    status: str
    began_at: datetime
    actions: dict[str, str] = msgspec.field(default_factory=dict)
    attempt: int = 1
    automatic: int = 0
    retried_at: datetime | None = None


class ExecutionObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an execution is. ``status`` is AWS's PipelineExecutionStatus.

    ``stage`` is the position of the stage it is in (``entered``) or waits to enter. ``retried``
    counts the retries carried out. ``variables`` maps namespaces to what their action put out.
    """

    status: str = "InProgress"
    summary: str = ""
    updated_at: datetime | None = None
    stage: int = 0
    entered: bool = False
    stages: dict[str, StageRun] = msgspec.field(default_factory=dict)
    retried: int = 0
    artifacts: dict[str, StoredArtifact] = msgspec.field(default_factory=dict)
    variables: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    revisions: dict[str, Revision] = msgspec.field(default_factory=dict)
    attempt: int = 1


ExecutionItem = Item[Execution, ExecutionObserved]


def _active(item: ExecutionItem) -> str | None:
    waits = item.observed.retried < len(item.desired.retries)
    return item.desired.pipeline_id if waits or item.observed.status in ACTIVE else None


def _succeeded_in(item: ExecutionItem) -> tuple[str, ...]:
    return tuple(
        f"{item.desired.pipeline_id}/{name}"
        for name, run in item.observed.stages.items()
        if run.status == "Succeeded"
    )


EXECUTIONS: Kind[Execution, ExecutionObserved] = Kind(
    "codepipeline.execution",
    Execution,
    ExecutionObserved,
    {
        "id": lambda item: item.desired.execution_id,
        "active": _active,
        "succeeded": _succeeded_in,
        "token": lambda item: (
            f"{item.desired.pipeline_id}/{item.desired.token}" if item.desired.token else None
        ),
    },
)


def execution_key(pipeline_id: str, number: int) -> str:
    """A key under which the executions of a pipeline come newest first."""
    return f"{pipeline_id}/{10**10 - number:010d}"


def find_execution(
    tx: Transaction, scope: Scope, pipeline_id: str, execution_id: str
) -> ExecutionItem:
    """An execution of a pipeline. ``ServiceError``: ``PipelineExecutionNotFoundException``."""
    item = tx.one(EXECUTIONS, scope, "id", execution_id)
    if item is None or item.desired.pipeline_id != pipeline_id:
        raise ServiceError(
            "PipelineExecutionNotFoundException",
            f"The pipeline execution with id '{execution_id}' does not exist.",
        )
    return item
