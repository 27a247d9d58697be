"""Tags of roles, users, policies and instance profiles."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging, tagging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import INSTANCE_PROFILES, POLICIES, ROLES, USERS, Tags

_replace = msgspec.structs.replace


@api.operation("TagRole")
def tag_role(ctx: Context, given: Input) -> Output:
    """Set tags of a role."""
    item = names.own_role(ctx, given["RoleName"])
    tags = tagging.added(item.desired.tags, given["Tags"])
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("UntagRole")
def untag_role(ctx: Context, given: Input) -> Output:
    """Remove tags of a role."""
    item = names.own_role(ctx, given["RoleName"])
    tags = tagging.removed(item.desired.tags, given["TagKeys"])
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("ListRoleTags")
def list_role_tags(ctx: Context, given: Input) -> Output:
    """The tags of a role."""
    return _page(given, names.role(ctx, given["RoleName"]).desired.tags)


@api.operation("TagUser")
def tag_user(ctx: Context, given: Input) -> Output:
    """Set tags of a user."""
    item = names.user(ctx, given["UserName"])
    tags = tagging.added(item.desired.tags, given["Tags"])
    ctx.tx.desire(USERS, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("UntagUser")
def untag_user(ctx: Context, given: Input) -> Output:
    """Remove tags of a user."""
    item = names.user(ctx, given["UserName"])
    tags = tagging.removed(item.desired.tags, given["TagKeys"])
    ctx.tx.desire(USERS, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("ListUserTags")
def list_user_tags(ctx: Context, given: Input) -> Output:
    """The tags of a user."""
    return _page(given, names.user(ctx, given["UserName"]).desired.tags)


@api.operation("TagPolicy")
def tag_policy(ctx: Context, given: Input) -> Output:
    """Set tags of a policy."""
    item = names.own_policy(ctx, given["PolicyArn"])
    tags = tagging.added(item.desired.tags, given["Tags"])
    ctx.tx.desire(POLICIES, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("UntagPolicy")
def untag_policy(ctx: Context, given: Input) -> Output:
    """Remove tags of a policy."""
    item = names.own_policy(ctx, given["PolicyArn"])
    tags = tagging.removed(item.desired.tags, given["TagKeys"])
    ctx.tx.desire(POLICIES, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("ListPolicyTags")
def list_policy_tags(ctx: Context, given: Input) -> Output:
    """The tags of a policy."""
    return _page(given, names.own_policy(ctx, given["PolicyArn"]).desired.tags)


@api.operation("TagInstanceProfile")
def tag_instance_profile(ctx: Context, given: Input) -> Output:
    """Set tags of an instance profile."""
    item = names.profile(ctx, given["InstanceProfileName"])
    tags = tagging.added(item.desired.tags, given["Tags"])
    ctx.tx.desire(INSTANCE_PROFILES, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("UntagInstanceProfile")
def untag_instance_profile(ctx: Context, given: Input) -> Output:
    """Remove tags of an instance profile."""
    item = names.profile(ctx, given["InstanceProfileName"])
    tags = tagging.removed(item.desired.tags, given["TagKeys"])
    ctx.tx.desire(INSTANCE_PROFILES, item.ref, _replace(item.desired, tags=tags))
    return {}


@api.operation("ListInstanceProfileTags")
def list_instance_profile_tags(ctx: Context, given: Input) -> Output:
    """The tags of an instance profile."""
    return _page(given, names.profile(ctx, given["InstanceProfileName"]).desired.tags)


def _page(given: Input, tags: Tags) -> Output:
    return paging.cut(given, "Tags", [(tag["Key"], tag) for tag in tagging.written(tags)])
