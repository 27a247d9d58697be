"""Application revisions: register, get, list."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.codedeploy import describe
from demitasse.services.codedeploy.operations import locations, names
from demitasse.services.codedeploy.operations.api import api
from demitasse.services.codedeploy.records import (
    DEPLOYMENTS,
    GROUPS,
    Revision,
    find_application,
)
from demitasse.services.codedeploy.records.revisions import (
    ORDERS,
    PLACES,
    REVISIONS,
    Registered,
    find_revision,
    order_prefix,
    register_revision,
)
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_MOST = 25


@api.operation("RegisterApplicationRevision")
def register(ctx: Context, given: Input) -> Output:
    """Keep a revision of an application."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    register_revision(
        ctx.tx,
        ctx.scope,
        ctx.now,
        application.desired.id,
        locations.read(given["revision"]),
        description=given.get("description", ""),
    )
    return {}


@api.operation("GetApplicationRevision")
def get(ctx: Context, given: Input) -> Output:
    """A revision that was registered or deployed."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    item = _find(ctx, application.desired.id, locations.read(given["revision"]))
    return {
        "applicationName": application.key,
        "revision": describe.revision(item.desired.revision),
        "revisionInfo": _info(ctx, item),
    }


@api.operation("BatchGetApplicationRevisions")
def batch_get(ctx: Context, given: Input) -> Output:
    """Those that exist; ``errorMessage`` says that others do not."""
    application = find_application(ctx.tx, ctx.scope, given["applicationName"])
    wanted = names.batch([locations.read(each) for each in given["revisions"]], "revisions", _MOST)
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
    bucket: str = given.get("s3Bucket", "")
    if given.get("s3KeyPrefix") and not bucket:
        raise ServiceError(
            "BucketNameFilterRequiredException", "A key prefix needs the name of its bucket."
        )
    prefix = order_prefix(
        application.desired.id,
        given.get("sortBy", ORDERS[0]),
        descending=given.get("sortOrder") == "descending",
    )
    where = ("bucket", bucket) if bucket else None

    def rows(after: str, limit: int) -> list[tuple[str, Output | None]]:
        places = ctx.tx.page(
            PLACES, ctx.scope, after=after, limit=limit, prefix=prefix, where=where
        )
        return [(place.key, _shown(ctx, place.desired.revision, given)) for place in places]

    return names.page(given, "revisions", rows)


def _shown(ctx: Context, key: str, given: Input) -> Output | None:
    """A revision that is wanted."""
    item = ctx.tx.get(REVISIONS, ctx.scope, key)
    if item is None or not item.desired.revision.key.startswith(given.get("s3KeyPrefix", "")):
        return None
    deployed: str = given.get("deployed", "ignore")
    if deployed != "ignore" and (deployed == "include") != bool(_target_of(ctx, item)):
        return None
    return describe.revision(item.desired.revision)


def _target_of(ctx: Context, item: Item[Registered, Nothing]) -> list[str]:
    """The names of the groups whose target revision this is: the last that was deployed well."""
    found = []
    for each in item.desired.groups:
        group = ctx.tx.one(GROUPS, ctx.scope, "id", each)
        last = ctx.tx.get(DEPLOYMENTS, ctx.scope, group.observed.successful) if group else None
        if group and last and last.desired.revision == item.desired.revision:
            found.append(group.desired.name)
    return found


def _find(ctx: Context, application_id: str, wanted: Revision) -> Item[Registered, Nothing]:
    item = find_revision(ctx.tx, ctx.scope, application_id, wanted)
    if item is None:
        raise ServiceError(
            "RevisionDoesNotExistException", "The revision is not registered with the application."
        )
    return item


def _info(ctx: Context, item: Item[Registered, Nothing]) -> Output:
    """A ``GenericRevisionInfo``."""
    own = item.desired
    return {
        "description": own.description or None,
        "deploymentGroups": _target_of(ctx, item),
        "firstUsedTime": own.first_used_at,
        "lastUsedTime": own.last_used_at,
        "registerTime": own.registered_at,
    }
