"""A deployment's one target: the ECS service, with its two task sets."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.look import trouble
from demitasse.services.codedeploy.operations import names
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    Deployment,
    DeploymentObserved,
    SetSeen,
    find_deployment,
)
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    computed_desired_count,
    service_arn,
    service_key,
)
from demitasse.services.elbv2.records import TARGET_GROUPS
from demitasse.store import Item

_FILTERS = frozenset({"TargetStatus", "ServerInstanceLabel"})


@api.operation("ListDeploymentTargets")
def list_targets(ctx: Context, given: Input) -> Output:
    """The id of the one target: ``<cluster>:<service>``."""
    item = find_deployment(ctx.tx, ctx.scope, given["deploymentId"])
    names.page(given, "targetIds", lambda _after, _limit: [])
    for name, values in (given.get("targetFilters") or {}).items():
        if name not in _FILTERS:
            raise ServiceError(
                "InvalidTargetFilterNameException", f"The target filter {name} is not valid."
            )
        if name == "ServerInstanceLabel" or item.observed.target_status not in values:
            return {"targetIds": []}
    return {"targetIds": [_id(item)]}


@api.operation("GetDeploymentTarget")
def get(ctx: Context, given: Input) -> Output:
    """The target, with its lifecycle events and task sets."""
    item = find_deployment(ctx.tx, ctx.scope, given["deploymentId"])
    return {"deploymentTarget": _show(ctx, item, given["targetId"])}


@api.operation("BatchGetDeploymentTargets")
def batch_get(ctx: Context, given: Input) -> Output:
    """The target, as a list."""
    item = find_deployment(ctx.tx, ctx.scope, given["deploymentId"])
    wanted = names.batch(given["targetIds"], "deployment targets", 25)
    return {"deploymentTargets": [_show(ctx, item, each) for each in wanted]}


def _id(item: Item[Deployment, DeploymentObserved]) -> str:
    return f"{item.desired.cluster}:{item.desired.service}"


def _show(ctx: Context, item: Item[Deployment, DeploymentObserved], target: str) -> Output:
    own, seen = item.desired, item.observed
    arn = service_arn(ctx.scope, own.cluster, own.service)
    if target not in {_id(item), arn}:
        raise ServiceError(
            "DeploymentTargetDoesNotExistException",
            f"The deployment {item.key} has no target {target}",
        )
    shown = [
        _task_set(ctx, item, each, label, weight)
        for each, label, weight in (
            (seen.blue, "Blue", 100 - seen.weight),
            (seen.green, "Green", seen.weight),
        )
        if each is not None
    ]
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": item.key,
            "targetId": _id(item),
            "targetArn": arn,
            "lastUpdatedAt": seen.updated_at or own.created_at,
            "lifecycleEvents": describe.events(seen, trouble(ctx.tx, item)),
            "status": seen.target_status,
            "taskSetsInfo": shown,
        },
    }


def _task_set(
    ctx: Context,
    item: Item[Deployment, DeploymentObserved],
    seen: SetSeen,
    label: str,
    weight: int,
) -> Output:
    """A task set with the counts that ECS has of it now; none when it has gone."""
    own = item.desired
    key = service_key(own.cluster, own.service)
    group = ctx.tx.get(TARGET_GROUPS, ctx.scope, seen.group)
    name = group.desired.name if group else seen.group.split("/")[1]
    output: Output = {
        "identifer": seen.id,
        "desiredCount": 0,
        "pendingCount": 0,
        "runningCount": 0,
        "status": "DRAINING",
        "trafficWeight": float(weight),
        "targetGroup": {"name": name},
        "taskSetLabel": label,
    }
    task_set = ctx.tx.get(TASK_SETS, ctx.scope, f"{key}/{seen.id}")
    service = ctx.tx.get(SERVICES, ctx.scope, key)
    if task_set is None or service is None:
        return output
    output["pendingCount"] = task_set.observed.pending
    output["runningCount"] = task_set.observed.running
    if not task_set.desired.deleting:
        count = 0 if service.desired.deleting else service.desired.desired_count
        output["desiredCount"] = computed_desired_count(count, task_set.desired.scale)
        primary = service.desired.primary == seen.id
        output["status"] = "PRIMARY" if primary else "ACTIVE"
    return output
