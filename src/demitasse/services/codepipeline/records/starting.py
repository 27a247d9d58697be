"""Starting pipeline executions: where callers, rules, changes of sources and rollbacks meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.services.codepipeline.records import notices
from demitasse.services.codepipeline.records.executions import (
    EXECUTIONS,
    Execution,
    ExecutionItem,
    ExecutionObserved,
    Trigger,
    execution_key,
)
from demitasse.services.codepipeline.records.pipelines import PipelineItem, find_pipeline
from demitasse.services.codepipeline.records.revisions import Pin, SourceRevision, pins
from demitasse.store import Transaction

MOST_AT_A_TIME = 50
"""How many executions may be under way or wait in a pipeline."""


def start_execution(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    pipeline: str,
    *,
    trigger_type: str,
    trigger_detail: str = "",
    source_revisions: Sequence[SourceRevision] = (),
    variables: Mapping[str, str] | None = None,
    token: str = "",
) -> str:
    """Start a pipeline; the execution's id. One that lacks the value of a variable fails at once.

    ``trigger_type`` is one of AWS's (``StartPipelineExecution``, ``CloudWatchEvent``,
    ``PollForSourceChanges`` …), ``trigger_detail`` an ARN or name that says more.
    ``source_revisions`` are taken instead of the newest ones.
    ``ServiceError``: ``PipelineNotFoundException``, ``ValidationException`` (variables, revisions),
    ``ConcurrentPipelineExecutionsLimitExceededException``.
    """
    item = find_pipeline(tx, scope, pipeline)
    declaration = item.desired.declaration
    values = {each.name: each.default_value for each in declaration.variables or ()}
    for name, value in (variables or {}).items():
        if name not in values:
            raise ServiceError(
                "ValidationException",
                f"The pipeline variable '{name}' is not declared in the pipeline '{pipeline}'.",
            )
        values[name] = value
    known = {name: value for name, value in values.items() if value is not None}
    missing = ", ".join(name for name in values if name not in known)
    failure = f"Values for required variables haven't been provided: {missing}" if missing else ""
    return begin(
        tx,
        item,
        ids,
        now,
        Trigger(trigger_type, trigger_detail),
        pinned=pins(declaration, source_revisions),
        variables={} if failure else known,
        token=token,
        failure=failure,
    )


def begin(
    tx: Transaction,
    item: PipelineItem,
    ids: Ids,
    now: datetime,
    trigger: Trigger,
    *,
    pinned: dict[str, Pin] | None = None,
    variables: dict[str, str] | None = None,
    token: str = "",
    target: str = "",
    stage: str = "",
    observed: ExecutionObserved | None = None,
    failure: str = "",
) -> str:
    """Keep a new execution, and say so; its id.

    For rollbacks ``observed`` is where it begins. With a ``failure`` it has failed at once.
    """
    own = item.desired
    active = tx.count(EXECUTIONS, item.scope, where=("active", own.pipeline_id))
    if active >= MOST_AT_A_TIME:
        raise ServiceError(
            "ConcurrentPipelineExecutionsLimitExceededException",
            f"The pipeline '{item.key}' has reached the limit of {MOST_AT_A_TIME} concurrent"
            " executions.",
        )
    number = tx.next(item.scope, f"codepipeline.execution/{own.pipeline_id}")
    execution = tx.create(
        EXECUTIONS,
        item.scope,
        execution_key(own.pipeline_id, number),
        Execution(
            pipeline=item.key,
            pipeline_id=own.pipeline_id,
            execution_id=ids.uuid(),
            number=number,
            version=own.declaration.version,
            started_at=now,
            trigger=trigger,
            mode=own.declaration.execution_mode,
            pins=pinned or {},
            variables=variables or {},
            target=target,
            stage=stage,
            token=token,
        ),
        observed or ExecutionObserved(updated_at=now),
    )
    notices.tell_execution(tx, execution, ids, now, "STARTED")
    if failure:
        seen = ExecutionObserved(status="Failed", summary=failure, updated_at=now)
        execution = tx.observe(EXECUTIONS, execution.ref, seen)
        notices.tell_execution(tx, execution, ids, now, "FAILED")
    return execution.desired.execution_id


def roll_back(
    tx: Transaction,
    item: PipelineItem,
    ids: Ids,
    now: datetime,
    trigger: Trigger,
    *,
    target: ExecutionItem,
    stage: str,
) -> str:
    """Start an execution that runs one stage again with what ``target`` had; its id.

    ``ServiceError``: ``ConcurrentPipelineExecutionsLimitExceededException``.
    """
    seen = target.observed
    observed = ExecutionObserved(
        updated_at=now,
        stage=item.desired.declaration.position(stage),
        artifacts=seen.artifacts,
        variables=seen.variables,
        revisions=seen.revisions,
    )
    return begin(
        tx,
        item,
        ids,
        now,
        trigger,
        variables=target.desired.variables,
        target=target.desired.execution_id,
        stage=stage,
        observed=observed,
    )
