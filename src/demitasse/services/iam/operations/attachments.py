"""Managed policies of roles and users."""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import managed
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ROLES, USERS, RoleItem, UserItem

_MOST = 10


@api.operation("AttachRolePolicy")
def attach_role_policy(ctx: Context, given: Input) -> Output:
    """Attach a policy; one that is attached already is fine. Ten at most, as on AWS."""
    item = names.own_role(ctx, given["RoleName"])
    attached = _attached(ctx, item, given["PolicyArn"], "Role")
    ctx.tx.desire(ROLES, item.ref, _with(item, attached))
    return {}


@api.operation("DetachRolePolicy")
def detach_role_policy(ctx: Context, given: Input) -> Output:
    """Detach a policy; ``NoSuchEntity`` when it is not attached."""
    item = names.own_role(ctx, given["RoleName"])
    ctx.tx.desire(ROLES, item.ref, _with(item, _detached(item, given["PolicyArn"])))
    return {}


@api.operation("ListAttachedRolePolicies")
def list_attached_role_policies(ctx: Context, given: Input) -> Output:
    """The managed policies of a role, in the order of their ARNs."""
    return _page(names.role(ctx, given["RoleName"]), given)


@api.operation("AttachUserPolicy")
def attach_user_policy(ctx: Context, given: Input) -> Output:
    """Attach a policy; one that is attached already is fine. Ten at most, as on AWS."""
    item = names.user(ctx, given["UserName"])
    attached = _attached(ctx, item, given["PolicyArn"], "User")
    ctx.tx.desire(USERS, item.ref, _with(item, attached))
    return {}


@api.operation("DetachUserPolicy")
def detach_user_policy(ctx: Context, given: Input) -> Output:
    """Detach a policy; ``NoSuchEntity`` when it is not attached."""
    item = names.user(ctx, given["UserName"])
    ctx.tx.desire(USERS, item.ref, _with(item, _detached(item, given["PolicyArn"])))
    return {}


@api.operation("ListAttachedUserPolicies")
def list_attached_user_policies(ctx: Context, given: Input) -> Output:
    """The managed policies of a user, in the order of their ARNs."""
    return _page(names.user(ctx, given["UserName"]), given)


def _attached(ctx: Context, item: RoleItem | UserItem, arn: str, kind: str) -> tuple[str, ...]:
    names.attachable(ctx, arn)
    attached = item.desired.attached_policies
    if arn in attached:
        return attached
    if len(attached) >= _MOST:
        raise ServiceError("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: {_MOST}")
    return (*attached, arn)


def _detached(item: RoleItem | UserItem, arn: str) -> tuple[str, ...]:
    if arn not in item.desired.attached_policies:
        raise names.missing(f"Policy {arn} was not found.")
    return tuple(each for each in item.desired.attached_policies if each != arn)


def _with(item: RoleItem | UserItem, attached: tuple[str, ...]) -> Any:
    return msgspec.structs.replace(item.desired, attached_policies=attached)


def _page(item: RoleItem | UserItem, given: Input) -> Output:
    prefix = given.get("PathPrefix", "/")
    rows = [
        (arn, {"PolicyName": managed.name(arn), "PolicyArn": arn})
        for arn in sorted(item.desired.attached_policies)
        if arn.partition(":policy")[2].startswith(prefix)
    ]
    return paging.cut(given, "AttachedPolicies", rows)
