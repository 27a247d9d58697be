"""Managed policies of roles."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import managed
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ROLES

_MOST = 10
_replace = msgspec.structs.replace


@api.operation("AttachRolePolicy")
def attach_role_policy(ctx: Context, given: Input) -> Output:
    """Attach a policy; one that is attached already is fine. Ten at most, as on AWS."""
    item = names.own_role(ctx, given["RoleName"])
    arn = given["PolicyArn"]
    names.attachable(ctx, arn)
    attached = item.desired.attached_policies
    if arn in attached:
        return {}
    if len(attached) >= _MOST:
        raise ServiceError("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {_MOST}")
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, attached_policies=(*attached, arn)))
    return {}


@api.operation("DetachRolePolicy")
def detach_role_policy(ctx: Context, given: Input) -> Output:
    """Detach a policy; ``NoSuchEntity`` when it is not attached."""
    item = names.own_role(ctx, given["RoleName"])
    arn = given["PolicyArn"]
    if arn not in item.desired.attached_policies:
        raise names.missing(f"Policy {arn} was not found.")
    kept = tuple(each for each in item.desired.attached_policies if each != arn)
    ctx.tx.desire(ROLES, item.ref, _replace(item.desired, attached_policies=kept))
    return {}


@api.operation("ListAttachedRolePolicies")
def list_attached_role_policies(ctx: Context, given: Input) -> Output:
    """The managed policies of a role, in the order of their ARNs."""
    item = names.role(ctx, given["RoleName"])
    prefix = given.get("PathPrefix", "/")
    rows = [
        (arn, {"PolicyName": managed.name(arn), "PolicyArn": arn})
        for arn in sorted(item.desired.attached_policies)
        if arn.partition(":policy")[2].startswith(prefix)
    ]
    return paging.cut(given, "AttachedPolicies", rows)
