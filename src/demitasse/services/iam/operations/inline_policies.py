"""Policies that belong to one role."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import documents
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ROLES, RoleItem

_LARGEST = 10_240


@api.operation("PutRolePolicy")
def put_role_policy(ctx: Context, given: Input) -> Output:
    """Set a policy of a role; one of that name is replaced."""
    item = names.own_role(ctx, given["RoleName"])
    documents.check_permissions(given["PolicyDocument"])
    after = item.desired.inline_policies | {given["PolicyName"]: given["PolicyDocument"]}
    if sum(documents.size(document) for document in after.values()) > _LARGEST:
        raise ServiceError(
            "LimitExceeded", f"Maximum policy size of {_LARGEST} bytes exceeded for role {item.key}"
        )
    _keep(ctx, item, after)
    return {}


@api.operation("GetRolePolicy")
def get_role_policy(ctx: Context, given: Input) -> Output:
    """A policy of a role, its document percent-encoded."""
    item = names.role(ctx, given["RoleName"])
    name = given["PolicyName"]
    return {
        "RoleName": item.key,
        "PolicyName": name,
        "PolicyDocument": documents.encoded(_one(item, name)),
    }


@api.operation("ListRolePolicies")
def list_role_policies(ctx: Context, given: Input) -> Output:
    """The names of a role's own policies."""
    found = sorted(names.role(ctx, given["RoleName"]).desired.inline_policies)
    return paging.cut(given, "PolicyNames", [(name, name) for name in found])


@api.operation("DeleteRolePolicy")
def delete_role_policy(ctx: Context, given: Input) -> Output:
    """Forget a policy of a role."""
    item = names.own_role(ctx, given["RoleName"])
    gone = given["PolicyName"]
    _one(item, gone)
    kept = {name: text for name, text in item.desired.inline_policies.items() if name != gone}
    _keep(ctx, item, kept)
    return {}


def _one(item: RoleItem, name: str) -> str:
    document = item.desired.inline_policies.get(name)
    if document is None:
        raise names.missing(f"The role policy with name {name} cannot be found.")
    return document


def _keep(ctx: Context, item: RoleItem, policies: dict[str, str]) -> None:
    ctx.tx.desire(ROLES, item.ref, msgspec.structs.replace(item.desired, inline_policies=policies))
