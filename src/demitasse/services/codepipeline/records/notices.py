"""The events of CodePipeline, as its user guide gives them ("Monitoring CodePipeline events")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from demitasse.ids import Ids
from demitasse.services.codepipeline.records.actions import (
    ActionItem,
    ActionObserved,
    artifact_detail,
)
from demitasse.services.codepipeline.records.executions import ExecutionItem
from demitasse.services.codepipeline.records.pipelines import pipeline_arn
from demitasse.services.events.records import emit
from demitasse.store import Transaction

SOURCE = "aws.codepipeline"


def state_of(status: str) -> str:
    """The state in events of an execution or stage whose status is not InProgress any more."""
    return "CANCELED" if status == "Cancelled" else status.upper()


def tell_execution(
    tx: Transaction, item: ExecutionItem, ids: Ids, now: datetime, state: str
) -> None:
    """Say that an execution is in another state now (``STARTED``, ``SUCCEEDED`` …)."""
    own = item.desired
    detail = _of(item, own.started_at, item.observed.attempt) | {"state": state}
    if state == "STARTED":
        detail["execution-trigger"] = {
            "trigger-type": own.trigger.type,
            "trigger-detail": own.trigger.detail,
        }
    if state == "STOPPING" and own.stop and own.stop.reason:
        detail["stop-execution-comments"] = own.stop.reason
    _emit(tx, item, ids, now, level="Pipeline", detail=detail)


def tell_stage(
    tx: Transaction, item: ExecutionItem, ids: Ids, now: datetime, *, stage: str, state: str
) -> None:
    """Say that a stage that an execution has entered is in another state now."""
    run = item.observed.stages[stage]
    detail = _of(item, run.began_at, item.observed.attempt) | {"stage": stage, "state": state}
    if run.retried_at is not None:
        detail["stage-last-retry-attempt-time"] = _time(run.retried_at)
    _emit(tx, item, ids, now, level="Stage", detail=detail)


def tell_action(tx: Transaction, item: ActionItem, ids: Ids, now: datetime, state: str) -> None:
    """Say that an action is in another state now.

    The artifacts that it takes are told at its beginning, those that it has put out at its end.
    """
    own, seen = item.desired, item.observed
    detail = _of(item, own.started_at, own.attempt) | {
        "stage": own.stage,
        "action": own.name,
        "action-execution-id": own.id,
        "state": state,
        "region": item.scope.region,
        "type": msgspec.to_builtins(own.declared.action_type_id),
    }
    optional: dict[str, Any] = {
        "input-artifacts": [artifact_detail(each) for each in own.inputs]
        if state == "STARTED"
        else [],
        "output-artifacts": [artifact_detail(each) for each in seen.outputs],
        "execution-result": _result(seen),
    }
    detail |= {name: value for name, value in optional.items() if value}
    _emit(tx, item, ids, now, level="Action", detail=detail)


def _of(item: ExecutionItem | ActionItem, began: datetime, attempt: int) -> dict[str, Any]:
    return {
        "pipeline": item.desired.pipeline,
        "execution-id": item.desired.execution_id,
        "start-time": _time(began),
        "version": float(item.desired.version),
        "pipeline-execution-attempt": float(attempt),
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _result(seen: ActionObserved) -> dict[str, str]:
    result = {
        "external-execution-url": seen.external_url,
        "external-execution-summary": seen.error.message if seen.error else seen.summary,
        "external-execution-id": seen.external_id,
        "error-code": seen.error.code if seen.error else "",
    }
    return {name: value for name, value in result.items() if value}


def _emit(
    tx: Transaction,
    item: ExecutionItem | ActionItem,
    ids: Ids,
    now: datetime,
    *,
    level: str,
    detail: dict[str, Any],
) -> None:
    emit(
        tx,
        item.scope,
        ids,
        now,
        source=SOURCE,
        detail_type=f"CodePipeline {level} Execution State Change",
        detail=detail,
        resources=(pipeline_arn(item.scope, item.desired.pipeline),),
    )
