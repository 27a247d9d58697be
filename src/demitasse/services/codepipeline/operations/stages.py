"""Stages: retry, roll back, disable and enable transitions."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import (
    EXECUTIONS,
    PIPELINES,
    DisabledTransition,
    ExecutionItem,
    PipelineItem,
    Retry,
    Trigger,
    find_execution,
)
from demitasse.services.codepipeline.records.executions import ACTIVE
from demitasse.services.codepipeline.records.starting import roll_back

_RETRYABLE = frozenset({"Failed", "Stopped"})


@api.operation("RetryStageExecution")
def retry_stage_execution(ctx: Context, given: Input) -> Output:
    """Run the failed actions of a stage again, or all of them."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    stage = names.stage(pipeline, given["stageName"]).name
    mine = pipeline.desired.pipeline_id
    item = _retryable(ctx, mine, given["pipelineExecutionId"])
    own, seen = item.desired, item.observed
    run = seen.stages.get(stage)
    if seen.status in ACTIVE or seen.retried < len(own.retries):
        raise ServiceError(
            "ConflictException",
            f"The pipeline execution {own.execution_id} is in progress and cannot be retried",
        )
    if run is None or run.status not in _RETRYABLE:
        raise _not_retryable(
            f"The stage '{stage}' of the pipeline execution {own.execution_id} has not failed:"
            f" {run.status if run else 'it was not entered'}"
        )
    if own.version != pipeline.desired.declaration.version:
        raise _not_retryable(
            f"The pipeline was updated after the pipeline execution {own.execution_id} had started"
        )
    latest = pipeline.observed.stages.get(stage)
    if own.mode != "PARALLEL" and latest and latest.execution_id != own.execution_id:
        raise ServiceError(
            "NotLatestPipelineExecutionException",
            f"The pipeline execution {own.execution_id} is not the latest one in the stage"
            f" '{stage}': {latest.execution_id} is",
        )
    retries = (*own.retries, Retry(stage, given["retryMode"]))
    ctx.tx.desire(EXECUTIONS, item.ref, msgspec.structs.replace(own, retries=retries, stop=None))
    return {"pipelineExecutionId": own.execution_id}


def _retryable(ctx: Context, pipeline_id: str, execution_id: str) -> ExecutionItem:
    try:
        return find_execution(ctx.tx, ctx.scope, pipeline_id, execution_id)
    except ServiceError as error:  # not among the errors that the model has for this operation
        raise _not_retryable(error.message) from None


def _not_retryable(message: str) -> ServiceError:
    return ServiceError("StageNotRetryableException", message)


@api.operation("RollbackStage")
def rollback_stage(ctx: Context, given: Input) -> Output:
    """Run a stage again with what an earlier execution had when it succeeded there."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    stage = names.stage(pipeline, given["stageName"])
    target = find_execution(
        ctx.tx, ctx.scope, pipeline.desired.pipeline_id, given["targetPipelineExecutionId"]
    )
    declaration = pipeline.desired.declaration
    if declaration.pipeline_type != "V2":
        raise _not_rolled_back("Only stages of pipelines of type V2 can be rolled back")
    if declaration.execution_mode == "PARALLEL":
        raise _not_rolled_back("Stages of pipelines in PARALLEL mode cannot be rolled back")
    if declaration.position(stage.name) == 0:
        raise _not_rolled_back(f"The stage '{stage.name}' has source actions")
    run = target.observed.stages.get(stage.name)
    if run is None or run.status != "Succeeded":
        raise _not_rolled_back(
            f"The pipeline execution {target.desired.execution_id} has not succeeded in the stage"
            f" '{stage.name}'"
        )
    if target.desired.target:
        raise _not_rolled_back(
            f"The pipeline execution {target.desired.execution_id} is a rollback itself"
        )
    if target.desired.version != declaration.version:
        raise ServiceError(
            "PipelineExecutionOutdatedException",
            f"The pipeline was updated after the pipeline execution"
            f" {target.desired.execution_id} had started",
        )
    latest = pipeline.observed.stages.get(stage.name)
    if latest and latest.status in ACTIVE:
        raise _not_rolled_back(
            f"The stage '{stage.name}' is running: the pipeline execution {latest.execution_id} is"
            " in it"
        )
    trigger = Trigger("ManualRollback", ctx.caller.arn)
    execution_id = roll_back(
        ctx.tx, pipeline, ctx.ids, ctx.now, trigger, target=target, stage=stage.name
    )
    return {"pipelineExecutionId": execution_id}


def _not_rolled_back(message: str) -> ServiceError:
    return ServiceError("UnableToRollbackStageException", message)


@api.operation("DisableStageTransition")
def disable_stage_transition(ctx: Context, given: Input) -> Output:
    """Let no execution enter a stage."""
    item, stage = _transition(ctx, given)
    why = DisabledTransition(given["reason"], ctx.now, ctx.caller.arn)
    enabled = {name: who for name, who in item.desired.enabled.items() if name != stage}
    disabled = item.desired.disabled | {stage: why}
    changed = msgspec.structs.replace(item.desired, disabled=disabled, enabled=enabled)
    ctx.tx.desire(PIPELINES, item.ref, changed)
    return {}


@api.operation("EnableStageTransition")
def enable_stage_transition(ctx: Context, given: Input) -> Output:
    """Let executions enter a stage again; one that is open is left as it is."""
    item, stage = _transition(ctx, given)
    if stage in item.desired.disabled:
        disabled = {name: why for name, why in item.desired.disabled.items() if name != stage}
        enabled = item.desired.enabled | {stage: DisabledTransition("", ctx.now, ctx.caller.arn)}
        changed = msgspec.structs.replace(item.desired, disabled=disabled, enabled=enabled)
        ctx.tx.desire(PIPELINES, item.ref, changed)
    return {}


def _transition(ctx: Context, given: Input) -> tuple[PipelineItem, str]:
    item = names.pipeline(ctx, given["pipelineName"])
    stage = names.stage(item, given["stageName"]).name
    if given["transitionType"] == "Outbound":
        raise NotSupported("transitionType Outbound")
    return item, stage
