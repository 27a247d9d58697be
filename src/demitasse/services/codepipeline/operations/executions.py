"""Pipeline executions: start, stop, get, list."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import (
    EXECUTIONS,
    ExecutionItem,
    SourceRevision,
    StopRequest,
    find_execution,
    start_execution,
)
from demitasse.services.codepipeline.records.executions import ACTIVE


@api.operation("StartPipelineExecution")
def start_pipeline_execution(ctx: Context, given: Input) -> Output:
    """Start an execution; the same clientRequestToken gives the same one again."""
    item = names.pipeline(ctx, given["name"])
    token = given.get("clientRequestToken", "")
    if token:
        before = ctx.tx.one(EXECUTIONS, ctx.scope, "token", f"{item.desired.pipeline_id}/{token}")
        if before is not None:
            return {"pipelineExecutionId": before.desired.execution_id}
    variables: dict[str, str] = {}
    for each in given.get("variables", ()):
        if each["name"] in variables:
            raise names.invalid(
                "Variable names must be unique. The following variable name is already in use:"
                f" {each['name']}"
            )
        variables[each["name"]] = each["value"]
    execution_id = start_execution(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        ctx.now,
        item.key,
        trigger_type="StartPipelineExecution",
        trigger_detail=ctx.caller.arn,
        source_revisions=[
            SourceRevision(each["actionName"], each["revisionType"], each["revisionValue"])
            for each in given.get("sourceRevisions", ())
        ],
        variables=variables,
        token=token,
    )
    return {"pipelineExecutionId": execution_id}


@api.operation("StopPipelineExecution")
def stop_pipeline_execution(ctx: Context, given: Input) -> Output:
    """Stop after the actions in progress, or (``abandon``) at once without them."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    try:
        item = find_execution(
            ctx.tx, ctx.scope, pipeline.desired.pipeline_id, given["pipelineExecutionId"]
        )
    except ServiceError as error:  # not among the errors that the model has for this operation
        raise _not_stoppable(error.message) from None
    own = item.desired
    abandon = given.get("abandon", False)
    if item.observed.status not in ACTIVE:
        raise _not_stoppable(
            f"The pipeline execution {own.execution_id} cannot be stopped: its status is"
            f" {item.observed.status}"
        )
    if own.stop is not None and (own.stop.abandon or not abandon):
        raise ServiceError(
            "DuplicatedStopRequestException",
            f"The pipeline execution {own.execution_id} is already being stopped",
        )
    stop = StopRequest(ctx.now, abandon, given.get("reason", ""))
    ctx.tx.desire(EXECUTIONS, item.ref, msgspec.structs.replace(own, stop=stop))
    return {"pipelineExecutionId": own.execution_id}


def _not_stoppable(message: str) -> ServiceError:
    return ServiceError("PipelineExecutionNotStoppableException", message)


@api.operation("GetPipelineExecution")
def get_pipeline_execution(ctx: Context, given: Input) -> Output:
    """One execution, with the revisions it took and the values of its variables."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    item = find_execution(
        ctx.tx, ctx.scope, pipeline.desired.pipeline_id, given["pipelineExecutionId"]
    )
    own, seen = item.desired, item.observed
    shown = _common(item) | {
        "pipelineName": own.pipeline,
        "pipelineVersion": own.version,
        "artifactRevisions": [
            {
                "name": each.artifact,
                "revisionId": each.id,
                "revisionChangeIdentifier": each.change_id or None,
                "revisionSummary": each.summary or None,
                "created": each.created,
                "revisionUrl": each.url or None,
            }
            for each in seen.revisions.values()
        ],
        "variables": [
            {"name": name, "resolvedValue": value} for name, value in own.variables.items()
        ],
    }
    return {"pipelineExecution": shown}


@api.operation("ListPipelineExecutions")
def list_pipeline_executions(ctx: Context, given: Input) -> Output:
    """The executions of a pipeline, the newest first."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    mine = pipeline.desired.pipeline_id
    stage = ((given.get("filter") or {}).get("succeededInStage") or {}).get("stageName")
    where = ("succeeded", f"{mine}/{stage}") if stage else None

    def rows(after: str, limit: int) -> list[tuple[str, Output]]:
        found = ctx.tx.page(
            EXECUTIONS, ctx.scope, after=after, limit=limit, prefix=f"{mine}/", where=where
        )
        return [(item.key, _summary(item)) for item in found]

    return names.page(given, "pipelineExecutionSummaries", rows)


def _common(item: ExecutionItem) -> Output:
    own, seen = item.desired, item.observed
    return {
        "pipelineExecutionId": own.execution_id,
        "status": seen.status,
        "statusSummary": seen.summary or None,
        "trigger": {
            "triggerType": own.trigger.type,
            "triggerDetail": own.trigger.detail or None,
        },
        "executionMode": own.mode,
        "executionType": "ROLLBACK" if own.target else "STANDARD",
        "rollbackMetadata": (
            {"rollbackTargetPipelineExecutionId": own.target} if own.target else None
        ),
    }


def _summary(item: ExecutionItem) -> Output:
    own, seen = item.desired, item.observed
    return _common(item) | {
        "startTime": own.started_at,
        "lastUpdateTime": seen.updated_at or own.started_at,
        "sourceRevisions": [
            {
                "actionName": each.action,
                "revisionId": each.id,
                "revisionSummary": each.summary or None,
                "revisionUrl": each.url or None,
            }
            for each in seen.revisions.values()
        ],
        "stopTrigger": {"reason": own.stop.reason} if own.stop else None,
    }
