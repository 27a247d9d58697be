"""The events of CodePipeline, as its user guide gives them ("Monitoring CodePipeline events")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demitasse.ids import Ids
from demitasse.services.codepipeline.records.actions import ActionItem, StoredArtifact
from demitasse.services.codepipeline.records.executions import ExecutionItem
from demitasse.services.codepipeline.records.pipelines import pipeline_arn
from demitasse.services.events.records import emit
from demitasse.store import Transaction

SOURCE = "aws.codepipeline"


def tell_execution(
    tx: Transaction, item: ExecutionItem, ids: Ids, now: datetime, state: str
) -> None:
    """Say that an execution is in another state now (``STARTED``, ``SUCCEEDED`` …)."""
    trigger = item.desired.trigger
    detail = _of(item, item.desired.started_at) | {
        "execution-trigger": {"trigger-type": trigger.type, "trigger-detail": trigger.detail},
        "state": state,
        "pipeline-execution-attempt": float(item.observed.attempt),
    }
    _emit(
        tx,
        item,
        ids,
        now,
        detail_type="CodePipeline Pipeline Execution State Change",
        detail=detail,
    )


def tell_stage(
    tx: Transaction, item: ExecutionItem, ids: Ids, now: datetime, *, stage: str, state: str
) -> None:
    """Say that a stage of an execution is in another state now."""
    run = item.observed.stages.get(stage)
    began = run.began_at if run else item.desired.started_at
    detail = _of(item, began) | {
        "stage": stage,
        "state": state,
        "pipeline-execution-attempt": float(item.observed.attempt),
    }
    _emit(
        tx, item, ids, now, detail_type="CodePipeline Stage Execution State Change", detail=detail
    )


def tell_action(tx: Transaction, item: ActionItem, ids: Ids, now: datetime, state: str) -> None:
    """Say that an action is in another state now."""
    own, seen = item.desired, item.observed
    type_ = own.declared.action_type_id
    detail: dict[str, Any] = _of(item, own.started_at) | {
        "stage": own.stage,
        "action": own.name,
        "action-execution-id": own.id,
        "state": state,
        "region": item.scope.region,
        "type": {
            "owner": type_.owner,
            "provider": type_.provider,
            "category": type_.category,
            "version": type_.version,
        },
        "input-artifacts": [_artifact(each) for each in own.inputs],
        "output-artifacts": [_artifact(each) for each in seen.outputs],
    }
    if state != "STARTED":
        result = {
            "external-execution-url": seen.external_url,
            "external-execution-summary": seen.error.message if seen.error else seen.summary,
            "external-execution-id": seen.external_id,
            "error-code": seen.error.code if seen.error else "",
        }
        detail["execution-result"] = {name: value for name, value in result.items() if value}
    _emit(
        tx, item, ids, now, detail_type="CodePipeline Action Execution State Change", detail=detail
    )


def _of(item: ExecutionItem | ActionItem, began: datetime) -> dict[str, Any]:
    return {
        "pipeline": item.desired.pipeline,
        "execution-id": item.desired.execution_id,
        "start-time": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "version": float(item.desired.version),
    }


def _artifact(stored: StoredArtifact) -> dict[str, Any]:
    return {"name": stored.name, "s3location": {"bucket": stored.bucket, "key": stored.key}}


def _emit(
    tx: Transaction,
    item: ExecutionItem | ActionItem,
    ids: Ids,
    now: datetime,
    *,
    detail_type: str,
    detail: dict[str, Any],
) -> None:
    emit(
        tx,
        item.scope,
        ids,
        now,
        source=SOURCE,
        detail_type=detail_type,
        detail=detail,
        resources=(pipeline_arn(item.scope, item.desired.pipeline),),
    )
