"""ListActionExecutions: what each action was given, and what came of it."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import (
    ACTIONS,
    ActionItem,
    find_execution,
)
from demitasse.services.codepipeline.records.actions import artifact_detail
from demitasse.services.codepipeline.records.declarations import show


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
    return {
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
            "actionTypeId": show(own.declared.action_type_id),
            "configuration": own.declared.configuration,
            "resolvedConfiguration": own.configuration,
            "roleArn": own.declared.role_arn,
            "region": item.scope.region,
            "inputArtifacts": [artifact_detail(each) for each in own.inputs],
            "namespace": own.declared.namespace,
        },
        "output": {
            "outputArtifacts": [artifact_detail(each) for each in seen.outputs],
            "executionResult": _result(item),
            "outputVariables": seen.variables,
        },
    }


def _result(item: ActionItem) -> Output:
    seen = item.observed
    return {
        "externalExecutionId": seen.external_id or None,
        "externalExecutionSummary": seen.summary or None,
        "externalExecutionUrl": seen.external_url or None,
        "errorDetails": show(seen.error) if seen.error else None,
        "logStreamARN": seen.log_stream or None,
    }
