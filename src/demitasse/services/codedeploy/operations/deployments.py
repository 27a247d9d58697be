"""Deployments: create, get, list, stop, continue."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.look import trouble
from demitasse.services.codedeploy.operations import locations, names, settings
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    ALL,
    DEPLOYMENTS,
    FINAL,
    LISTED,
    Deployment,
    DeploymentObserved,
    create_deployment,
    find_application,
    find_deployment,
    find_group,
    stop_deployment,
)
from demitasse.services.codedeploy.records.order import newest_first_since, newest_first_until
from demitasse.store import Item

_OF_INSTANCES = ("ignoreApplicationStopFailures", "updateOutdatedInstancesOnly", "targetInstances")


@api.operation("CreateDeployment")
def create(ctx: Context, given: Input) -> Output:
    """Begin a deployment; an AppSpec given as text is checked here."""
    if not given.get("deploymentGroupName"):
        raise ServiceError(
            "DeploymentGroupNameRequiredException",
            "The deployment group name must be specified.",
        )
    find_group(ctx.tx, ctx.scope, given["applicationName"], given["deploymentGroupName"])
    for member in (*_OF_INSTANCES, "ec2DeploymentOptions"):
        if given.get(member):
            raise ServiceError(
                "InvalidInputException", f"For ECS deployment, {member} can not be specified"
            )
    if given.get("deploymentMode", "STANDARD") != "STANDARD":
        raise NotSupported(f"deploymentMode {given['deploymentMode']}")
    settings.refuse_alarms(given.get("overrideAlarmConfiguration"), "overrideAlarmConfiguration")
    identity = create_deployment(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        ctx.now,
        application=given["applicationName"],
        group=given["deploymentGroupName"],
        revision=locations.read(given.get("revision")),
        config=given.get("deploymentConfigName", ""),
        auto_rollback=settings.auto_rollback(given.get("autoRollbackConfiguration")),
        description=given.get("description", ""),
    )
    return {"deploymentId": identity}


@api.operation("GetDeployment")
def get(ctx: Context, given: Input) -> Output:
    """One deployment."""
    item = find_deployment(ctx.tx, ctx.scope, given["deploymentId"])
    return {"deploymentInfo": describe.deployment(item, trouble(ctx.tx, item))}


@api.operation("BatchGetDeployments")
def batch_get(ctx: Context, given: Input) -> Output:
    """Those that exist."""
    wanted = names.batch(given["deploymentIds"], "deployments", 25)
    found = [ctx.tx.get(DEPLOYMENTS, ctx.scope, identity) for identity in wanted]
    return {
        "deploymentsInfo": [
            describe.deployment(item, trouble(ctx.tx, item)) for item in found if item is not None
        ]
    }


@api.operation("ListDeployments")
def list_deployments(ctx: Context, given: Input) -> Output:
    """Newest first; of a group, of an application, or all."""
    if given.get("externalId"):
        return {"deployments": []}  # CloudFormation's: nothing here is linked to such a resource
    whose = ALL
    if given.get("deploymentGroupName"):
        if not given.get("applicationName"):
            raise ServiceError(
                "ApplicationNameRequiredException",
                "The application name must be specified with a deployment group name.",
            )
        group = find_group(
            ctx.tx, ctx.scope, given["applicationName"], given["deploymentGroupName"]
        )
        whose = group.desired.id
    elif given.get("applicationName"):
        whose = find_application(ctx.tx, ctx.scope, given["applicationName"]).desired.id
    statuses = dict.fromkeys(given.get("includeOnlyStatuses") or ())
    lists = [("status", f"{whose}/{each}") for each in statuses] or [("list", whose)]
    begin, end = _range(given.get("createTimeRange"))
    first = newest_first_until(end) if end else ""
    beyond = newest_first_since(begin) if begin else "~"

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        found = [
            (row.key, row.desired.id)
            for where in lists
            for row in ctx.tx.page(
                LISTED, ctx.scope, after=max(after, first), limit=limit, where=where
            )
            if row.key < beyond
        ]
        return sorted(found)[:limit]

    return names.page(given, "deployments", rows)


def _range(given: Input | None) -> tuple[datetime | None, datetime | None]:
    begin, end = (given or {}).get("start"), (given or {}).get("end")
    if begin and end and begin > end:
        raise ServiceError(
            "InvalidTimeRangeException", "The start of the time range is later than its end."
        )
    return begin, end


@api.operation("StopDeployment")
def stop(ctx: Context, given: Input) -> Output:
    """Ask a deployment to stop; its controller does."""
    stop_deployment(
        ctx.tx, ctx.scope, given["deploymentId"], ctx.now, given.get("autoRollbackEnabled")
    )
    return {
        "status": "Pending",
        "statusMessage": f"Stopping the deployment {given['deploymentId']}.",
    }


@api.operation("ContinueDeployment")
def go_on(ctx: Context, given: Input) -> Output:
    """End the wait before traffic is shifted, or the one before the original is terminated."""
    item = _running(ctx, given.get("deploymentId"))
    if given.get("deploymentWaitType", "READY_WAIT") == "TERMINATION_WAIT":
        return _skip(ctx, item)
    if item.observed.status != "Ready":
        raise ServiceError(
            "DeploymentIsNotInReadyStateException",
            f"The deployment {item.key} is not in the Ready state",
        )
    if item.desired.continue_at is None:
        changed = msgspec.structs.replace(item.desired, continue_at=ctx.now)
        ctx.tx.desire(DEPLOYMENTS, item.ref, changed)
    return {}


@api.operation("SkipWaitTimeForInstanceTermination")
def skip_wait(ctx: Context, given: Input) -> Output:
    """The older name of ``ContinueDeployment`` with ``TERMINATION_WAIT``."""
    return _skip(ctx, _running(ctx, given.get("deploymentId")))


def _skip(ctx: Context, item: Item[Deployment, DeploymentObserved]) -> Output:
    if item.observed.phase not in {"wait", "terminate"}:
        raise ServiceError(
            "InvalidDeploymentStatusException",
            f"The deployment {item.key} is not waiting to terminate the original task set",
        )
    if item.desired.skip_wait_at is None:
        changed = msgspec.structs.replace(item.desired, skip_wait_at=ctx.now)
        ctx.tx.desire(DEPLOYMENTS, item.ref, changed)
    return {}


def _running(ctx: Context, identity: str | None) -> Item[Deployment, DeploymentObserved]:
    item = find_deployment(ctx.tx, ctx.scope, identity or "")
    if item.observed.status in FINAL:
        raise ServiceError(
            "DeploymentAlreadyCompletedException",
            f"The deployment {identity} has already been completed",
        )
    return item
