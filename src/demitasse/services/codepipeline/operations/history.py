"""ListActionExecutions: what each action was given, and what came of it."""

from __future__ import annotations

from typing import Any

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import (
    ACTIONS,
    ActionItem,
    StoredArtifact,
    find_execution,
)


@api.operation("ListActionExecutions")
def list_action_executions(ctx: Context, given: Input) -> Output:
    """The action executions of a pipeline or of one of its executions, the newest first."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    mine = pipeline.desired.pipeline_id
    asked = given.get("filter") or {}
    latest = asked.get("latestInPipelineExecution")
    execution_id = asked.get("pipelineExecutionId")
    if latest and execution_id:
        raise names.invalid(
            "The filters pipelineExecutionId and latestInPipelineExecution cannot be combined."
        )
    keys: frozenset[str] | None = None
    if latest:
        execution_id = latest["pipelineExecutionId"]
    if execution_id:
        execution = find_execution(ctx.tx, ctx.scope, mine, execution_id)
        if latest and latest["startTimeRange"] == "Latest":
            runs = execution.observed.stages.values()
            keys = frozenset(key for run in runs for key in run.actions.values())
    where = ("execution", execution_id) if execution_id else None

    def rows(after: str, limit: int) -> list[tuple[str, Output]]:
        if keys is not None:
            found = ctx.tx.page(ACTIONS, ctx.scope, after=after, prefix=f"{mine}/", where=where)
            found = [item for item in found if item.key in keys][:limit]
        else:
            found = ctx.tx.page(
                ACTIONS, ctx.scope, after=after, limit=limit, prefix=f"{mine}/", where=where
            )
        return [(item.key, _detail(item)) for item in found]

    return names.page(given, "actionExecutionDetails", rows)


def _detail(item: ActionItem) -> Output:
    own, seen = item.desired, item.observed
    type_ = own.declared.action_type_id
    shown: dict[str, Any] = {
        "pipelineExecutionId": own.execution_id,
        "actionExecutionId": own.id,
        "pipelineVersion": own.version,
        "stageName": own.stage,
        "actionName": own.name,
        "startTime": own.started_at,
        "lastUpdateTime": seen.updated_at or own.started_at,
        "updatedBy": seen.updated_by or None,
        "status": seen.status,
        "input": {
            "actionTypeId": {
                "category": type_.category,
                "owner": type_.owner,
                "provider": type_.provider,
                "version": type_.version,
            },
            "configuration": own.declared.configuration,
            "resolvedConfiguration": own.configuration,
            "region": item.scope.region,
            "inputArtifacts": [_artifact(each) for each in own.inputs],
        },
        "output": {
            "outputArtifacts": [_artifact(each) for each in seen.outputs],
            "executionResult": _result(item),
            "outputVariables": seen.variables,
        },
    }
    for name, value in (
        ("roleArn", own.declared.role_arn),
        ("namespace", own.declared.namespace),
    ):
        if value:
            shown["input"][name] = value
    return {name: value for name, value in shown.items() if value is not None}


def _result(item: ActionItem) -> Output:
    seen = item.observed
    shown: dict[str, Any] = {
        "externalExecutionId": seen.external_id or None,
        "externalExecutionSummary": seen.summary or None,
        "externalExecutionUrl": seen.external_url or None,
        "logStreamARN": seen.log_stream or None,
    }
    if seen.error is not None:
        shown["errorDetails"] = {"code": seen.error.code, "message": seen.error.message}
    return {name: value for name, value in shown.items() if value is not None}


def _artifact(stored: StoredArtifact) -> Output:
    return {"name": stored.name, "s3location": {"bucket": stored.bucket, "key": stored.key}}
