"""Manual approvals."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import ACTIONS, Approval


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
    if item.desired.approval is None and item.observed.status != "InProgress":
        raise _not_awaited(
            f"The approval request of the action '{name}' has expired: it is {item.observed.status}"
        )
    if item.desired.approval is not None:
        raise ServiceError(
            "ApprovalAlreadyCompletedException",
            f"The approval action '{name}' has already been approved or rejected",
        )
    result = given["result"]
    answer = Approval(result["status"], result["summary"], ctx.caller.arn, ctx.now)
    ctx.tx.desire(ACTIONS, item.ref, msgspec.structs.replace(item.desired, approval=answer))
    return {"approvedAt": ctx.now}


def _not_awaited(message: str) -> ServiceError:
    return ServiceError("InvalidApprovalTokenException", message)
