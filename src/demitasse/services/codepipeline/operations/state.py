"""GetPipelineState: each stage with what was last there, and what waits before it."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.codepipeline import urls
from demitasse.services.codepipeline.look import Run, runs_of
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import (
    ACTIONS,
    ActionItem,
    PipelineItem,
    StageLatest,
)
from demitasse.services.codepipeline.records.declarations import Action, Stage, show


@api.operation("GetPipelineState")
def get_pipeline_state(ctx: Context, given: Input) -> Output:
    """The state of all stages and actions of a pipeline."""
    item = names.pipeline(ctx, given["name"])
    own = item.desired
    waiting = [run for run in runs_of(ctx.tx, item).values() if _waits(run)]
    waiting.sort(key=lambda run: run.item.desired.number)
    return {
        "pipelineName": item.key,
        "pipelineVersion": own.declaration.version,
        "stageStates": [
            _stage(ctx, item, stage, [run for run in waiting if run.stage.name == stage.name])
            for stage in own.declaration.stages
        ],
        "created": own.created_at,
        "updated": own.updated_at,
    }


def _waits(run: Run) -> bool:
    return run.item.observed.status == "InProgress" and not run.item.observed.entered


def _stage(ctx: Context, item: PipelineItem, stage: Stage, waiting: list[Run]) -> Output:
    latest = item.observed.stages.get(stage.name)
    inbound = [
        {
            "pipelineExecutionId": run.item.desired.execution_id,
            "status": run.item.observed.status,
            "type": "ROLLBACK" if run.item.desired.target else "STANDARD",
        }
        for run in waiting
    ]
    shown: Output = {
        "stageName": stage.name,
        "inboundTransitionState": _transition(item, stage.name),
        "actionStates": [_action(ctx, action, latest) for action in stage.actions],
    }
    if inbound:
        shown |= {"inboundExecution": inbound[0], "inboundExecutions": inbound}
    if latest:
        shown["latestExecution"] = {
            "pipelineExecutionId": latest.execution_id,
            "status": latest.status,
            "type": latest.type,
        }
        if latest.retries or latest.automatic_retries:
            shown["retryStageMetadata"] = {
                "autoStageRetryAttempt": latest.automatic_retries or None,
                "manualStageRetryAttempt": latest.retries or None,
                "latestRetryTrigger": latest.retry_trigger or None,
            }
    return shown


def _transition(item: PipelineItem, stage: str) -> Output:
    closed = item.desired.disabled.get(stage)
    if closed is not None:
        return {
            "enabled": False,
            "lastChangedBy": closed.by,
            "lastChangedAt": closed.at,
            "disabledReason": closed.reason,
        }
    opened = item.desired.enabled.get(stage)
    if opened is None:
        return {"enabled": True}
    return {"enabled": True, "lastChangedBy": opened.by, "lastChangedAt": opened.at}


def _action(ctx: Context, action: Action, latest: StageLatest | None) -> Output:
    shown: Output = {
        "actionName": action.name,
        "entityUrl": urls.entity(ctx.scope, action) or None,
    }
    key = latest.actions.get(action.name) if latest else None
    item = ctx.tx.get(ACTIONS, ctx.scope, key) if key else None
    if item is not None:
        shown["latestExecution"] = _execution(item)
        revision = item.observed.revision
        if revision is not None:
            shown["currentRevision"] = {
                "revisionId": revision.id,
                "revisionChangeId": revision.change_id or revision.id[:100],
                "created": revision.created or item.desired.started_at,
            }
            shown["revisionUrl"] = revision.url or None
    return shown


def _execution(item: ActionItem) -> Output:
    own, seen = item.desired, item.observed
    return {
        "actionExecutionId": own.id,
        "status": seen.status,
        "summary": seen.summary or None,
        "lastStatusChange": seen.updated_at or own.started_at,
        "lastUpdatedBy": seen.updated_by or None,
        "externalExecutionId": seen.external_id or None,
        "externalExecutionUrl": seen.external_url or None,
        "token": (own.token or None) if seen.status == "InProgress" else None,
        "errorDetails": show(seen.error) if seen.error else None,
        "logStreamARN": seen.log_stream or None,
    }
