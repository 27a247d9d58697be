"""Manual approvals."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import ACTIONS, ActionItem, Approval


@api.operation("PutApprovalResult")
def put_approval_result(ctx: Context, given: Input) -> Output:
    """Approve or reject what waits for it; the token is that of GetPipelineState."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    stage = names.stage(pipeline, given["stageName"])
    name = given["actionName"]
    if stage.action(name) is None:
        raise ServiceError(
            "ActionNotFoundException",
            f"The stage '{stage.name}' does not have an action with name '{name}'",
        )
    item = ctx.tx.one(ACTIONS, ctx.scope, "token", given["token"])
    place = (pipeline.desired.pipeline_id, stage.name, name)
    if item is None or (item.desired.pipeline_id, item.desired.stage, item.desired.name) != place:
        raise _not_awaited(
            f"The approval token is not that of the action '{name}', which may have been retried"
        )
    if item.desired.approval is not None:
        raise ServiceError(
            "ApprovalAlreadyCompletedException",
            f"The approval action '{name}' has already been approved or rejected",
        )
    if item.observed.status != "InProgress":
        if item.desired.version != pipeline.desired.declaration.version:
            raise _not_awaited(
                f"The pipeline {pipeline.key} has been updated, and the approval request you"
                " responded to is now out of date."
            )
        raise _not_awaited(
            f"The approval request of the action '{name}' has expired: it is {item.observed.status}"
        )
    _check_summary(item, given["result"]["summary"])
    result = given["result"]
    answer = Approval(result["status"], result["summary"], ctx.caller.arn, ctx.now)
    ctx.tx.desire(ACTIONS, item.ref, msgspec.structs.replace(item.desired, approval=answer))
    return {"approvedAt": ctx.now}


def _check_summary(item: ActionItem, summary: str) -> None:
    own = item.desired
    is_required = own.configuration.get("IsSummaryRequired", "false").lower() == "true"
    if is_required and not summary.strip():
        raise _not_awaited(
            f"Action '{own.name}' in stage '{own.stage}' requires a summary. Provide a summary in the"
            " approval result and try again."
        )


def _not_awaited(message: str) -> ServiceError:
    return ServiceError("InvalidApprovalTokenException", message)
