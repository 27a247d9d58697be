"""Roles: create, get, list, change, delete."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import documents
from demitasse.services.iam.operations import names, paging, tagging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.operations.holders import check_without_policies
from demitasse.services.iam.records import INSTANCE_PROFILES, ROLES, Role, RoleItem, everywhere

_LARGEST_TRUST = 2048
_replace = msgspec.structs.replace


def summary(item: RoleItem) -> Output:
    """A role in AWS's shape, as lists have it."""
    role = item.desired
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn(item.scope.account),
        "CreateDate": role.created_at,
        "AssumeRolePolicyDocument": documents.encoded(role.trust_policy),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_seconds,
    }


def written(item: RoleItem) -> Output:
    """A role in AWS's shape, with all that is known of it. When it was used is not recorded."""
    role = item.desired
    boundary = None
    if role.permissions_boundary:
        boundary = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": role.permissions_boundary,
        }
    return summary(item) | {
        "PermissionsBoundary": boundary,
        "Tags": tagging.written(role.tags) or None,
        "RoleLastUsed": {},
    }


def _check_trust(document: str) -> None:
    documents.check_trust(document)
    if documents.size(document) > _LARGEST_TRUST:
        raise ServiceError(
            "LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {_LARGEST_TRUST}"
        )


@api.operation("CreateRole")
def create_role(ctx: Context, given: Input) -> Output:
    """Keep a new role. Its permissions are kept and shown, and not evaluated."""
    name, scope = given["RoleName"], everywhere(ctx.scope)
    path = given.get("Path", "/")
    if path.startswith("/aws-service-role/"):
        raise ServiceError("InvalidInput", "Paths beginning with /aws-service-role/ are reserved.")
    if ctx.tx.one(ROLES, scope, "name", name.lower()) is not None:
        raise ServiceError("EntityAlreadyExists", f"Role with name {name} already exists.")
    _check_trust(given["AssumeRolePolicyDocument"])
    boundary = given.get("PermissionsBoundary", "")
    if boundary:
        names.attachable(ctx, boundary)
    role = Role(
        name=name,
        role_id=ctx.ids.unique_id("AROA"),
        trust_policy=given["AssumeRolePolicyDocument"],
        created_at=ctx.now.replace(microsecond=0),
        path=path,
        description=given.get("Description", ""),
        max_session_seconds=given.get("MaxSessionDuration", 3600),
        permissions_boundary=boundary,
        tags=tagging.read(given.get("Tags")),
    )
    made = written(ctx.tx.create(ROLES, scope, name, role))
    del made["RoleLastUsed"]
    return {"Role": made}


@api.operation("GetRole")
def get_role(ctx: Context, given: Input) -> Output:
    """One role."""
    return {"Role": written(names.role(ctx, given["RoleName"]))}


@api.operation("ListRoles")
def list_roles(ctx: Context, given: Input) -> Output:
    """The account's roles, in the order of their names."""
    return paging.page_in_path(ctx, ROLES, given, "Roles", summary)


@api.operation("UpdateRole")
def update_role(ctx: Context, given: Input) -> Output:
    """Change the description, or how long sessions may be."""
    item = names.own_role(ctx, given["RoleName"])
    role = item.desired
    after = _replace(
        role,
        description=given.get("Description", role.description),
        max_session_seconds=given.get("MaxSessionDuration", role.max_session_seconds),
    )
    ctx.tx.desire(ROLES, item.ref, after)
    return {}


@api.operation("UpdateRoleDescription")
def update_role_description(ctx: Context, given: Input) -> Output:
    """Change the description."""
    item = names.own_role(ctx, given["RoleName"])
    after = _replace(item.desired, description=given["Description"])
    return {"Role": summary(ctx.tx.desire(ROLES, item.ref, after))}


@api.operation("UpdateAssumeRolePolicy")
def update_assume_role_policy(ctx: Context, given: Input) -> Output:
    """Change who may assume the role; from the next AssumeRole on that is what counts."""
    item = names.own_role(ctx, given["RoleName"])
    _check_trust(given["PolicyDocument"])
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, trust_policy=given["PolicyDocument"]))
    return {}


@api.operation("PutRolePermissionsBoundary")
def put_role_permissions_boundary(ctx: Context, given: Input) -> Output:
    """Name a policy as the role's boundary; like all permissions it is kept, not evaluated."""
    item = names.own_role(ctx, given["RoleName"])
    arn = given["PermissionsBoundary"]
    names.attachable(ctx, arn)
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, permissions_boundary=arn))
    return {}


@api.operation("DeleteRolePermissionsBoundary")
def delete_role_permissions_boundary(ctx: Context, given: Input) -> Output:
    """Take the role's boundary away."""
    item = names.own_role(ctx, given["RoleName"])
    if not item.desired.permissions_boundary:
        raise names.missing(f"Role {item.key} does not have a permissions boundary.")
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, permissions_boundary=""))
    return {}


@api.operation("DeleteRole")
def delete_role(ctx: Context, given: Input) -> Output:
    """Forget a role; ``DeleteConflict`` while it has policies or stands in a profile."""
    item = names.own_role(ctx, given["RoleName"])
    if ctx.tx.count(INSTANCE_PROFILES, item.scope, ("role", item.key)):
        raise names.in_the_way("must remove roles from instance profile first.")
    check_without_policies(item)
    ctx.tx.delete(ROLES, item.ref)
    return {}
