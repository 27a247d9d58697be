"""Instance profiles, and the one role that each may hold."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging, roles, tagging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import (
    INSTANCE_PROFILES,
    ROLES,
    InstanceProfile,
    ProfileItem,
    everywhere,
)

_replace = msgspec.structs.replace


def _summary(ctx: Context, item: ProfileItem) -> Output:
    profile = item.desired
    role = ctx.tx.get(ROLES, item.scope, profile.role) if profile.role else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn(item.scope.account),
        "CreateDate": profile.created_at,
        "Roles": [] if role is None else [roles.summary(role)],
    }


def _written(ctx: Context, item: ProfileItem) -> Output:
    return _summary(ctx, item) | {"Tags": tagging.written(item.desired.tags)}


@api.operation("CreateInstanceProfile")
def create_instance_profile(ctx: Context, given: Input) -> Output:
    """Keep a new profile, without a role."""
    name, scope = given["InstanceProfileName"], everywhere(ctx.scope)
    if ctx.tx.one(INSTANCE_PROFILES, scope, "name", name.lower()) is not None:
        raise ServiceError("EntityAlreadyExists", f"Instance Profile {name} already exists.")
    profile = InstanceProfile(
        name=name,
        profile_id=ctx.ids.unique_id("AIPA"),
        created_at=ctx.now.replace(microsecond=0),
        path=given.get("Path", "/"),
        tags=tagging.read(given.get("Tags")),
    )
    return {
        "InstanceProfile": _written(ctx, ctx.tx.create(INSTANCE_PROFILES, scope, name, profile))
    }


@api.operation("GetInstanceProfile")
def get_instance_profile(ctx: Context, given: Input) -> Output:
    """One profile with its role."""
    return {"InstanceProfile": _written(ctx, names.profile(ctx, given["InstanceProfileName"]))}


@api.operation("ListInstanceProfiles")
def list_instance_profiles(ctx: Context, given: Input) -> Output:
    """The account's profiles, in the order of their names."""
    return paging.page_in_path(
        ctx, INSTANCE_PROFILES, given, "InstanceProfiles", lambda item: _summary(ctx, item)
    )


@api.operation("ListInstanceProfilesForRole")
def list_instance_profiles_for_role(ctx: Context, given: Input) -> Output:
    """The profiles in which a role stands."""
    role = names.role(ctx, given["RoleName"])
    return paging.page(
        ctx,
        INSTANCE_PROFILES,
        given,
        "InstanceProfiles",
        lambda item: _summary(ctx, item),
        where=("role", role.key),
    )


@api.operation("AddRoleToInstanceProfile")
def add_role_to_instance_profile(ctx: Context, given: Input) -> Output:
    """Put a role into a profile, which can hold one."""
    item = names.profile(ctx, given["InstanceProfileName"])
    role = names.own_role(ctx, given["RoleName"])
    if item.desired.role:
        raise ServiceError(
            "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
        )
    ctx.tx.desire(INSTANCE_PROFILES, item.ref, _replace(item.desired, role=role.key))
    return {}


@api.operation("RemoveRoleFromInstanceProfile")
def remove_role_from_instance_profile(ctx: Context, given: Input) -> Output:
    """Take the role out of a profile."""
    item = names.profile(ctx, given["InstanceProfileName"])
    role = names.role(ctx, given["RoleName"])
    if item.desired.role != role.key:
        raise names.missing(
            f"The role with name {role.key} cannot be found in the instance profile {item.key}."
        )
    ctx.tx.desire(INSTANCE_PROFILES, item.ref, _replace(item.desired, role=""))
    return {}


@api.operation("DeleteInstanceProfile")
def delete_instance_profile(ctx: Context, given: Input) -> Output:
    """Forget a profile that holds no role."""
    item = names.profile(ctx, given["InstanceProfileName"])
    if item.desired.role:
        raise names.in_the_way("must remove roles from instance profile first.")
    ctx.tx.delete(INSTANCE_PROFILES, item.ref)
    return {}
