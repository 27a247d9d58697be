"""Deployment groups: create, get, list, update, delete."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.operations import names, settings, tags
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    DEFAULT_CONFIG,
    DEPLOYMENTS,
    GROUPS,
    Group,
    GroupObserved,
    find_application,
    find_group,
    group_key,
)
from demitasse.store import Item

_CODE = "InvalidDeploymentGroupNameException"


@api.operation("CreateDeploymentGroup")
def create(ctx: Context, given: Input) -> Output:
    """A group: one ECS service, its two target groups and their listeners."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    name = names.name(given["deploymentGroupName"], "deployment group", _CODE)
    _refuse_taken(ctx, application.desired.id, name)
    settings.refuse_foreign(given)
    settings.style(given.get("deploymentStyle"))
    cluster, service = settings.ecs_service(ctx, given.get("ecsServices"))
    group = Group(
        id=ctx.ids.uuid(),
        application_id=application.desired.id,
        name=name,
        role_arn=settings.role(ctx, given["serviceRoleArn"]),
        config=settings.config(ctx, given.get("deploymentConfigName") or DEFAULT_CONFIG),
        cluster=cluster,
        service=service,
        pair=settings.pair(ctx, given.get("loadBalancerInfo")),
        created_at=ctx.now,
        blue_green=settings.blue_green(given.get("blueGreenDeploymentConfiguration")),
        auto_rollback=settings.auto_rollback(given.get("autoRollbackConfiguration")),
        outdated=given.get("outdatedInstancesStrategy", "UPDATE"),
        tags=tags.checked(given.get("tags")),
    )
    ctx.tx.create(GROUPS, ctx.scope, group_key(group.application_id, name), group)
    return {"deploymentGroupId": group.id}


@api.operation("GetDeploymentGroup")
def get(ctx: Context, given: Input) -> Output:
    """One group, with its last deployments."""
    name = given["applicationName"]
    item = find_group(ctx.tx, ctx.scope, name, given["deploymentGroupName"])
    return {"deploymentGroupInfo": show(ctx, item, name)}


@api.operation("BatchGetDeploymentGroups")
def batch_get(ctx: Context, given: Input) -> Output:
    """Those that exist; ``errorMessage`` names the others."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    found, missing = [], []
    for name in names.batch(given["deploymentGroupNames"], "deployment groups"):
        item = ctx.tx.get(GROUPS, ctx.scope, group_key(application.desired.id, name))
        if item is None:
            missing.append(name)
        else:
            found.append(show(ctx, item, application.key))
    output: Output = {"deploymentGroupsInfo": found}
    if missing:
        output["errorMessage"] = f"No Deployment Group found for name: {', '.join(missing)}"
    return output


@api.operation("ListDeploymentGroups")
def list_groups(ctx: Context, given: Input) -> Output:
    """The names of an application's groups."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        prefix = f"{application.desired.id}/"
        found = ctx.tx.page(GROUPS, ctx.scope, after=after, limit=limit, prefix=prefix)
        return [(item.key, item.desired.name) for item in found]

    return {
        "applicationName": application.key,
        **names.page(given, "deploymentGroups", rows),
    }


@api.operation("UpdateDeploymentGroup")
def update(ctx: Context, given: Input) -> Output:
    """What is given replaces what there was; a deployment that runs keeps the settings it has."""
    name = given["applicationName"]
    item = find_group(ctx.tx, ctx.scope, name, given["currentDeploymentGroupName"])
    own = item.desired
    settings.refuse_foreign(given)
    if "deploymentStyle" in given:
        settings.style(given["deploymentStyle"])
    fields = {
        "name": own.name,
        "role_arn": own.role_arn,
        "config": own.config,
        "cluster": own.cluster,
        "service": own.service,
        "pair": own.pair,
        "blue_green": own.blue_green,
        "auto_rollback": own.auto_rollback,
        "outdated": given.get("outdatedInstancesStrategy", own.outdated),
    }
    new = given.get("newDeploymentGroupName")
    if new and new != own.name:
        fields["name"] = names.name(new, "deployment group", _CODE)
        _refuse_taken(ctx, own.application_id, new)
    if given.get("serviceRoleArn"):
        fields["role_arn"] = settings.role(ctx, given["serviceRoleArn"])
    if given.get("deploymentConfigName"):
        fields["config"] = settings.config(ctx, given["deploymentConfigName"])
    if given.get("ecsServices"):
        fields["cluster"], fields["service"] = settings.ecs_service(
            ctx, given["ecsServices"], but=own.id
        )
    if given.get("loadBalancerInfo"):
        fields["pair"] = settings.pair(ctx, given["loadBalancerInfo"])
    if given.get("blueGreenDeploymentConfiguration"):
        fields["blue_green"] = settings.blue_green(given["blueGreenDeploymentConfiguration"])
    if "autoRollbackConfiguration" in given:
        fields["auto_rollback"] = settings.auto_rollback(given["autoRollbackConfiguration"])
    changed = Group(
        id=own.id,
        application_id=own.application_id,
        created_at=own.created_at,
        tags=own.tags,
        **fields,
    )
    if changed.name == own.name:
        ctx.tx.desire(GROUPS, item.ref, changed)
    else:
        ctx.tx.delete(GROUPS, item.ref)
        key = group_key(own.application_id, changed.name)
        ctx.tx.create(GROUPS, ctx.scope, key, changed, item.observed)
    return {"hooksNotCleanedUp": []}


@api.operation("DeleteDeploymentGroup")
def delete(ctx: Context, given: Input) -> Output:
    """Delete a group; a deployment of it that runs goes on to its end."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    key = group_key(application.desired.id, given["deploymentGroupName"])
    item = ctx.tx.get(GROUPS, ctx.scope, key)
    if item is not None:
        ctx.tx.delete(GROUPS, item.ref)
    return {"hooksNotCleanedUp": []}


def show(ctx: Context, item: Item[Group, GroupObserved], application: str) -> Output:
    """The group with its last deployments."""
    seen = item.observed
    return describe.group(
        item,
        application,
        attempted=ctx.tx.get(DEPLOYMENTS, ctx.scope, seen.attempted),
        successful=ctx.tx.get(DEPLOYMENTS, ctx.scope, seen.successful),
    )


def _refuse_taken(ctx: Context, application_id: str, name: str) -> None:
    if ctx.tx.get(GROUPS, ctx.scope, group_key(application_id, name)) is not None:
        raise ServiceError(
            "DeploymentGroupAlreadyExistsException",
            f"Deployment Group already exists with name: {name}",
        )
