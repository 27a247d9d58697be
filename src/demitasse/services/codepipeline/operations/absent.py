"""Lists of what cannot be made here: rules of stage conditions, webhooks, targets on EC2.

Making them is refused by name, so that there are none is the truth.
"""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.codepipeline.operations import names
from demitasse.services.codepipeline.operations.api import api
from demitasse.services.codepipeline.records import ACTIONS, find_execution


@api.operation("ListWebhooks")
def list_webhooks(_ctx: Context, given: Input) -> Output:
    """PutWebhook is refused: there are none."""
    paging.start(given.get("NextToken"), code="InvalidNextTokenException")
    return {"webhooks": []}


@api.operation("ListRuleTypes")
def list_rule_types(_ctx: Context, _given: Input) -> Output:
    """Stage conditions are refused: there is nothing to make one of."""
    return {"ruleTypes": []}


@api.operation("ListRuleExecutions")
def list_rule_executions(ctx: Context, given: Input) -> Output:
    """No stage has a rule, so none has been executed."""
    pipeline = names.pipeline(ctx, given["pipelineName"])
    asked = given.get("filter") or {}
    latest = asked.get("latestInPipelineExecution") or {}
    execution_id = asked.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    if execution_id:
        find_execution(ctx.tx, ctx.scope, pipeline.desired.pipeline_id, execution_id)
    paging.start(given.get("nextToken"), code="InvalidNextTokenException")
    return {"ruleExecutionDetails": []}


@api.operation("ListDeployActionExecutionTargets")
def list_deploy_action_execution_targets(ctx: Context, given: Input) -> Output:
    """They are the instances of the EC2 deploy action; those that are here have none."""
    if given.get("pipelineName"):
        names.pipeline(ctx, given["pipelineName"])
    item = ctx.tx.one(ACTIONS, ctx.scope, "id", given["actionExecutionId"])
    if item is None or given.get("pipelineName", item.desired.pipeline) != item.desired.pipeline:
        raise ServiceError(
            "ActionExecutionNotFoundException",
            f"The action execution {given['actionExecutionId']} does not exist",
        )
    paging.start(given.get("nextToken"), code="InvalidNextTokenException")
    return {"targets": []}
