"""Application revisions: register, get, list."""

from __future__ import annotations

from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.operations import names
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.operations.deployments import revision
from demitasse.services.codedeploy.records import GROUPS, Revision, find_application
from demitasse.services.codedeploy.records.revisions import (
    REVISIONS,
    Registered,
    find_revision,
    register_revision,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_MOMENTS = {
    "registerTime": lambda own: own.registered_at,
    "firstUsedTime": lambda own: own.first_used_at or own.registered_at,
    "lastUsedTime": lambda own: own.last_used_at or own.registered_at,
}


@api.operation("RegisterApplicationRevision")
def register(ctx: Context, given: Input) -> Output:
    """Keep a revision of an application."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    register_revision(
        ctx.tx,
        ctx.scope,
        ctx.now,
        application.desired.id,
        revision(given["revision"]),
        description=given.get("description", ""),
    )
    return {}


@api.operation("GetApplicationRevision")
def get(ctx: Context, given: Input) -> Output:
    """A revision that was registered or deployed."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    item = _find(ctx, application.desired.id, revision(given["revision"]))
    return {
        "applicationName": application.key,
        "revision": describe.revision(item.desired.revision),
        "revisionInfo": _info(ctx, item),
    }


@api.operation("BatchGetApplicationRevisions")
def batch_get(ctx: Context, given: Input) -> Output:
    """Those that exist; ``errorMessage`` says that others do not."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    wanted = [revision(each) for each in given["revisions"]]
    names.batch([str(number) for number in range(len(wanted))], "revisions")
    found = [find_revision(ctx.tx, ctx.scope, application.desired.id, each) for each in wanted]
    shown = [
        {
            "revisionLocation": describe.revision(item.desired.revision),
            "genericRevisionInfo": _info(ctx, item),
        }
        for item in found
        if item is not None
    ]
    output: Output = {"applicationName": application.key, "revisions": shown}
    if len(shown) < len(wanted):
        output["errorMessage"] = "Some of the revisions do not exist."
    return output


@api.operation("ListApplicationRevisions")
def list_revisions(ctx: Context, given: Input) -> Output:
    """An application's revisions, in the order asked for; by the time of registration else."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    prefix = f"{application.desired.id}/"
    kept = [
        item
        for item in ctx.tx.page(REVISIONS, ctx.scope, prefix=prefix)
        if _is_wanted(item.desired, given)
    ]
    kept.sort(key=lambda item: _MOMENTS[given.get("sortBy", "registerTime")](item.desired))
    if given.get("sortOrder") == "descending":
        kept.reverse()
    places = {item.key: place for place, item in enumerate(kept)}

    def rows(after: str, limit: int) -> list[tuple[str, Any]]:
        first = places.get(after, -1) + 1
        found = kept[first : first + limit]
        return [(item.key, describe.revision(item.desired.revision)) for item in found]

    return names.page(given, "revisions", rows)


def _is_wanted(own: Registered, given: Input) -> bool:
    if given.get("s3Bucket") and own.revision.bucket != given["s3Bucket"]:
        return False
    if given.get("s3KeyPrefix") and not own.revision.key.startswith(given["s3KeyPrefix"]):
        return False
    deployed: str = given.get("deployed", "ignore")
    return deployed == "ignore" or (deployed == "include") == bool(own.groups)


def _find(ctx: Context, application_id: str, wanted: Revision) -> Item[Registered, Nothing]:
    item = find_revision(ctx.tx, ctx.scope, application_id, wanted)
    if item is None:
        raise ServiceError(
            "RevisionDoesNotExistException", "The revision is not registered with the application."
        )
    return item


def _info(ctx: Context, item: Item[Registered, Nothing]) -> Output:
    """A ``GenericRevisionInfo``; groups that are gone are left out."""
    own = item.desired
    groups = [ctx.tx.one(GROUPS, ctx.scope, "id", each) for each in own.groups]
    return {
        "description": own.description or None,
        "deploymentGroups": [group.desired.name for group in groups if group is not None],
        "firstUsedTime": own.first_used_at,
        "lastUsedTime": own.last_used_at,
        "registerTime": own.registered_at,
    }
