"""Managed policies: the account's own, and AWS's."""

from __future__ import annotations

from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import documents, managed
from demitasse.services.iam.operations import names, paging, tagging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.operations.holders import HOLDERS, ROLE, Holder
from demitasse.services.iam.records import (
    POLICIES,
    ROLES,
    Policy,
    PolicyItem,
    PolicyVersion,
    everywhere,
)

_LARGEST = 6144
_CHUNK = 200


def check(document: str) -> None:
    """``MalformedPolicyDocument`` or ``LimitExceeded`` unless it can be a managed policy's."""
    documents.check_permissions(document)
    if documents.size(document) > _LARGEST:
        raise ServiceError("LimitExceeded", f"Cannot exceed quota for PolicySize: {_LARGEST}")


def _uses(ctx: Context, arn: str) -> tuple[int, int]:
    """How many roles and users have the policy attached, and how many as their boundary."""
    scope = everywhere(ctx.scope)
    where = ("policy", arn)
    attached = sum(ctx.tx.count(holder.kind, scope, where) for holder in HOLDERS)
    return attached, ctx.tx.count(ROLES, scope, ("boundary", arn))


def _summary(ctx: Context, item: PolicyItem) -> Output:
    policy = item.desired
    attached, boundaries = _uses(ctx, item.key)
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": item.key,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
    }


def _written(ctx: Context, item: PolicyItem) -> Output:
    return _summary(ctx, item) | {
        "Description": item.desired.description or None,
        "Tags": tagging.written(item.desired.tags),
    }


def _awss(ctx: Context, arn: str) -> Output:
    attached, boundaries = _uses(ctx, arn)
    return {
        "PolicyName": managed.name(arn),
        "PolicyId": managed.policy_id(arn),
        "Arn": arn,
        "Path": managed.path(arn),
        "DefaultVersionId": managed.VERSION,
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "CreateDate": managed.CREATED_AT,
        "UpdateDate": managed.CREATED_AT,
    }


@api.operation("CreatePolicy")
def create_policy(ctx: Context, given: Input) -> Output:
    """Keep a new policy with its first version. It is kept and shown, and not evaluated."""
    name, scope = given["PolicyName"], everywhere(ctx.scope)
    if ctx.tx.one(POLICIES, scope, "name", name.lower()) is not None:
        raise ServiceError(
            "EntityAlreadyExists",
            f"A policy called {name} already exists. Duplicate names are not allowed.",
        )
    check(given["PolicyDocument"])
    path = given.get("Path", "/")
    now = ctx.now.replace(microsecond=0)
    policy = Policy(
        name=name,
        policy_id=ctx.ids.unique_id("ANPA"),
        created_at=now,
        updated_at=now,
        versions=(PolicyVersion("v1", given["PolicyDocument"], now),),
        path=path,
        description=given.get("Description", ""),
        tags=tagging.read(given.get("Tags")),
    )
    arn = f"arn:aws:iam::{scope.account}:policy{path}{name}"
    made = _written(ctx, ctx.tx.create(POLICIES, scope, arn, policy))
    return {"Policy": made | {"Tags": made["Tags"] or None}}


@api.operation("GetPolicy")
def get_policy(ctx: Context, given: Input) -> Output:
    """One policy; of AWS's own those that go with what runs here."""
    arn = given["PolicyArn"]
    if managed.known(arn):
        return {"Policy": _awss(ctx, arn) | {"Tags": []}}
    item = ctx.tx.get(POLICIES, everywhere(ctx.scope), arn)
    if item is None:
        raise names.missing(f"Policy {arn} was not found.")
    return {"Policy": _written(ctx, item)}


@api.operation("ListPolicies")
def list_policies(ctx: Context, given: Input) -> Output:
    """The account's own policies, then AWS's, each in the order of ARNs."""
    limit, after = given.get("MaxItems", 100), paging.start(given)
    scope, kinds = everywhere(ctx.scope), given.get("Scope", "All")
    found: list[tuple[str, Output]] = []
    at = after
    while kinds != "AWS" and len(found) <= limit:
        rows = ctx.tx.page(POLICIES, scope, after=at, limit=_CHUNK)
        found += [(item.key, _summary(ctx, item)) for item in rows if _asked(ctx, given, item.key)]
        if len(rows) < _CHUNK:
            break
        at = rows[-1].key
    if kinds != "Local":
        # AWS's ARNs ("…::aws:…") stand behind all accounts' ("…::123456789012:…").
        found += [
            (arn, _awss(ctx, arn))
            for arn in managed.ARNS
            if arn > after and len(found) <= limit and _asked(ctx, given, arn)
        ]
    return paging.cut(given | {"MaxItems": limit}, "Policies", found)


def _asked(ctx: Context, given: Input, arn: str) -> bool:
    resource = arn.partition(":policy")[2]
    if not resource.startswith(given.get("PathPrefix", "/")):
        return False
    attached, boundaries = _uses(ctx, arn)
    usage = given.get("PolicyUsageFilter")
    counted = {"PermissionsPolicy": attached, "PermissionsBoundary": boundaries}
    uses = counted[usage] if usage else attached
    return bool(uses) or not (given.get("OnlyAttached") or usage)


@api.operation("DeletePolicy")
def delete_policy(ctx: Context, given: Input) -> Output:
    """Forget a policy; ``DeleteConflict`` while it is attached or has further versions."""
    item = names.own_policy(ctx, given["PolicyArn"])
    if any(_uses(ctx, item.key)):
        raise ServiceError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(item.desired.versions) > 1:
        raise ServiceError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete"
            " the policy's versions. The default version is deleted with the policy.",
        )
    ctx.tx.delete(POLICIES, item.ref)
    return {}


@api.operation("ListEntitiesForPolicy")
def list_entities_for_policy(ctx: Context, given: Input) -> Output:
    """The roles and users that use a policy; there are no groups here."""
    arn, scope = given["PolicyArn"], everywhere(ctx.scope)
    if not managed.known(arn) and ctx.tx.get(POLICIES, scope, arn) is None:
        raise names.missing(f"Policy {arn} was not found.")
    kind = given.get("EntityFilter", "All")
    if kind not in {"All", "Role", "User", "Group"}:
        raise NotSupported(f"ListEntitiesForPolicy with EntityFilter {kind}")
    boundary = given.get("PolicyUsageFilter") == "PermissionsBoundary"
    where = ("boundary" if boundary else "policy", arn)
    prefix = given.get("PathPrefix", "/")
    rows = [
        (f"{holder.name} {item.key}", (holder, item.desired))
        for holder in ((ROLE,) if boundary else HOLDERS)  # users have no boundaries here
        if kind in {"All", holder.name}
        for item in ctx.tx.page(holder.kind, scope, where=where)
        if item.desired.path.startswith(prefix)
    ]
    page = paging.cut(given, "rows", rows)
    shown: list[tuple[Holder, Any]] = page.pop("rows")
    found = {
        f"Policy{holder.name}s": [
            {holder.member: each.name, f"{holder.name}Id": holder.identity(each)}
            for its, each in shown
            if its is holder
        ]
        for holder in HOLDERS
    }
    return {**found, "PolicyGroups": [], **page}
