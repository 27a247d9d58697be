"""Policies that belong to one role or user."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import documents
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ROLES, USERS, RoleItem, UserItem

_LARGEST = {"role": 10_240, "user": 2048}


@api.operation("PutRolePolicy")
def put_role_policy(ctx: Context, given: Input) -> Output:
    """Set a policy of a role; one of that name is replaced."""
    item = names.own_role(ctx, given["RoleName"])
    ctx.tx.desire(ROLES, item.ref, _with(item, _put(item, given, "role")))
    return {}


@api.operation("GetRolePolicy")
def get_role_policy(ctx: Context, given: Input) -> Output:
    """A policy of a role, its document percent-encoded."""
    item = names.role(ctx, given["RoleName"])
    return {"RoleName": item.key, **_shown(item, given, "role")}


@api.operation("ListRolePolicies")
def list_role_policies(ctx: Context, given: Input) -> Output:
    """The names of a role's own policies."""
    return _page(names.role(ctx, given["RoleName"]), given)


@api.operation("DeleteRolePolicy")
def delete_role_policy(ctx: Context, given: Input) -> Output:
    """Forget a policy of a role."""
    item = names.own_role(ctx, given["RoleName"])
    ctx.tx.desire(ROLES, item.ref, _with(item, _without(item, given, "role")))
    return {}


@api.operation("PutUserPolicy")
def put_user_policy(ctx: Context, given: Input) -> Output:
    """Set a policy of a user; one of that name is replaced."""
    item = names.user(ctx, given["UserName"])
    ctx.tx.desire(USERS, item.ref, _with(item, _put(item, given, "user")))
    return {}


@api.operation("GetUserPolicy")
def get_user_policy(ctx: Context, given: Input) -> Output:
    """A policy of a user, its document percent-encoded."""
    item = names.user(ctx, given["UserName"])
    return {"UserName": item.key, **_shown(item, given, "user")}


@api.operation("ListUserPolicies")
def list_user_policies(ctx: Context, given: Input) -> Output:
    """The names of a user's own policies."""
    return _page(names.user(ctx, given["UserName"]), given)


@api.operation("DeleteUserPolicy")
def delete_user_policy(ctx: Context, given: Input) -> Output:
    """Forget a policy of a user."""
    item = names.user(ctx, given["UserName"])
    ctx.tx.desire(USERS, item.ref, _with(item, _without(item, given, "user")))
    return {}


def _put(item: RoleItem | UserItem, given: Input, kind: str) -> dict[str, str]:
    documents.check_permissions(given["PolicyDocument"])
    after = item.desired.inline_policies | {given["PolicyName"]: given["PolicyDocument"]}
    if sum(documents.size(document) for document in after.values()) > _LARGEST[kind]:
        raise ServiceError(
            "LimitExceeded",
            f"Maximum policy size of {_LARGEST[kind]} bytes exceeded for {kind} {item.key}",
        )
    return after


def _shown(item: RoleItem | UserItem, given: Input, kind: str) -> Output:
    name = given["PolicyName"]
    return {
        "PolicyName": name,
        "PolicyDocument": documents.encoded(_one(item, name, kind)),
    }


def _page(item: RoleItem | UserItem, given: Input) -> Output:
    found = sorted(item.desired.inline_policies)
    return paging.cut(given, "PolicyNames", [(name, name) for name in found])


def _without(item: RoleItem | UserItem, given: Input, kind: str) -> dict[str, str]:
    gone = given["PolicyName"]
    _one(item, gone, kind)
    return {name: text for name, text in item.desired.inline_policies.items() if name != gone}


def _one(item: RoleItem | UserItem, name: str, kind: str) -> str:
    document = item.desired.inline_policies.get(name)
    if document is None:
        raise names.missing(f"The {kind} policy with name {name} cannot be found.")
    return document


def _with(item: RoleItem | UserItem, policies: dict[str, str]) -> Any:
    return msgspec.structs.replace(item.desired, inline_policies=policies)
