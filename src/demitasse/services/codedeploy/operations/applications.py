"""Applications: create, get, list, rename, delete."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.operations import names, tags
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    APPLICATIONS,
    GROUPS,
    Application,
    find_application,
)
from demitasse.services.codedeploy.records.revisions import forget_revisions

_CODE = "InvalidApplicationNameException"


@api.operation("CreateApplication")
def create(ctx: Context, given: Input) -> Output:
    """A new application of the ECS compute platform."""
    names.platform(given.get("computePlatform"))
    name = names.name(given["applicationName"], "application", _CODE)
    _refuse_taken(ctx, name)
    own = Application(ctx.ids.uuid(), ctx.now, tags.checked(given.get("tags")))
    ctx.tx.create(APPLICATIONS, ctx.scope, name, own)
    return {"applicationId": own.id}


@api.operation("GetApplication")
def get(ctx: Context, given: Input) -> Output:
    """One application."""
    item = find_application(ctx.tx, ctx.scope, given["applicationName"])
    return {"application": describe.application(item)}


@api.operation("BatchGetApplications")
def batch_get(ctx: Context, given: Input) -> Output:
    """Several applications; all must exist."""
    wanted = names.batch(given["applicationNames"], "applications")
    found = [find_application(ctx.tx, ctx.scope, name) for name in wanted]
    return {"applicationsInfo": [describe.application(item) for item in found]}


@api.operation("ListApplications")
def list_applications(ctx: Context, given: Input) -> Output:
    """The names of all applications."""

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        found = ctx.tx.page(APPLICATIONS, ctx.scope, after=after, limit=limit)
        return [(item.key, item.key) for item in found]

    return names.page(given, "applications", rows)


@api.operation("UpdateApplication")
def update(ctx: Context, given: Input) -> Output:
    """Rename an application; its groups and deployments stay its own."""
    if not given.get("applicationName"):
        raise ServiceError(
            "ApplicationNameRequiredException", "The application name must be specified."
        )
    item = find_application(ctx.tx, ctx.scope, given["applicationName"])
    new = given.get("newApplicationName")
    if not new or new == item.key:
        return {}
    names.name(new, "application", _CODE)
    _refuse_taken(ctx, new)
    ctx.tx.delete(APPLICATIONS, item.ref)
    ctx.tx.create(APPLICATIONS, ctx.scope, new, item.desired)
    return {}


@api.operation("DeleteApplication")
def delete(ctx: Context, given: Input) -> Output:
    """Delete an application with its groups and revisions; a deployment that runs goes on to its end."""
    names.name(given["applicationName"], "application", _CODE)
    item = ctx.tx.get(APPLICATIONS, ctx.scope, given["applicationName"])
    if item is not None:
        for group in ctx.tx.page(GROUPS, ctx.scope, prefix=f"{item.desired.id}/"):
            ctx.tx.delete(GROUPS, group.ref)
        forget_revisions(ctx.tx, ctx.scope, item.desired.id)
        ctx.tx.delete(APPLICATIONS, item.ref)
    return {}


def _refuse_taken(ctx: Context, name: str) -> None:
    if ctx.tx.get(APPLICATIONS, ctx.scope, name) is not None:
        raise ServiceError(
            "ApplicationAlreadyExistsException", f"Application already exists with name: {name}"
        )
