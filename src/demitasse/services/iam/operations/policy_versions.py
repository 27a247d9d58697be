"""Versions of managed policies."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.iam import documents, managed
from demitasse.services.iam.operations import names, paging, policies
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import (
    POLICIES,
    Policy,
    PolicyItem,
    PolicyVersion,
    everywhere,
)

_MOST = 5
_replace = msgspec.structs.replace


def _written(policy: Policy, version: PolicyVersion) -> Output:
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.version_id == policy.default_version,
        "CreateDate": version.created_at,
    }


def _awss() -> Output:
    return {
        "VersionId": managed.VERSION,
        "IsDefaultVersion": True,
        "CreateDate": managed.CREATED_AT,
    }


def _version(item: PolicyItem, version_id: str) -> PolicyVersion:
    version = item.desired.version(version_id)
    if version is None:
        raise _no_version(item.key, version_id)
    return version


def _no_version(arn: str, version_id: str) -> ServiceError:
    return names.missing(f"Policy {arn} version {version_id} does not exist or is not attachable.")


@api.operation("CreatePolicyVersion")
def create_policy_version(ctx: Context, given: Input) -> Output:
    """Add a version to a policy; five at most."""
    item = names.own_policy(ctx, given["PolicyArn"])
    policies.check(given["PolicyDocument"])
    policy = item.desired
    if len(policy.versions) >= _MOST:
        raise ServiceError(
            "LimitExceeded",
            f"A managed policy can have up to {_MOST} versions. Before you create a new version,"
            " you must delete an existing version.",
        )
    number = policy.last_number + 1
    now = ctx.now.replace(microsecond=0)
    version = PolicyVersion(f"v{number}", given["PolicyDocument"], now)
    after = _replace(
        policy,
        versions=(*policy.versions, version),
        last_number=number,
        updated_at=now,
        default_version=(
            version.version_id if given.get("SetAsDefault") else policy.default_version
        ),
    )
    ctx.tx.desire(POLICIES, item.ref, after)
    return {"PolicyVersion": _written(after, version)}


@api.operation("GetPolicyVersion")
def get_policy_version(ctx: Context, given: Input) -> Output:
    """A version with its document, percent-encoded.

    ``NotSupported`` for AWS's own policies whose documents are not held here.
    """
    arn, version_id = given["PolicyArn"], given["VersionId"]
    if managed.known(arn):
        if version_id != managed.VERSION:
            raise _no_version(arn, version_id)
        document = managed.document(arn)
        if document is None:
            raise NotSupported(f"Reading the document of the AWS managed policy {arn}")
        return {"PolicyVersion": _awss() | {"Document": documents.encoded(document)}}
    item = _own(ctx, arn)
    version = _version(item, version_id)
    return {
        "PolicyVersion": _written(item.desired, version)
        | {"Document": documents.encoded(version.document)}
    }


@api.operation("ListPolicyVersions")
def list_policy_versions(ctx: Context, given: Input) -> Output:
    """The versions of a policy, newest first."""
    arn = given["PolicyArn"]
    if managed.known(arn):
        return paging.answer("Versions", [_awss()], None)
    policy = _own(ctx, arn).desired
    rows = [
        (f"{index:03d}", _written(policy, version))
        for index, version in enumerate(reversed(policy.versions))
    ]
    return paging.cut(given, "Versions", rows)


@api.operation("SetDefaultPolicyVersion")
def set_default_policy_version(ctx: Context, given: Input) -> Output:
    """Say which version counts."""
    item = names.own_policy(ctx, given["PolicyArn"])
    version = _version(item, given["VersionId"])
    after = _replace(
        item.desired,
        default_version=version.version_id,
        updated_at=ctx.now.replace(microsecond=0),
    )
    ctx.tx.desire(POLICIES, item.ref, after)
    return {}


@api.operation("DeletePolicyVersion")
def delete_policy_version(ctx: Context, given: Input) -> Output:
    """Forget a version that is not the default one."""
    item = names.own_policy(ctx, given["PolicyArn"])
    version = _version(item, given["VersionId"])
    if version.version_id == item.desired.default_version:
        raise ServiceError("DeleteConflict", "Cannot delete the default version of a policy.")
    kept = tuple(each for each in item.desired.versions if each != version)
    ctx.tx.desire(POLICIES, item.ref, _replace(item.desired, versions=kept))
    return {}


def _own(ctx: Context, arn: str) -> PolicyItem:
    item = ctx.tx.get(POLICIES, everywhere(ctx.scope), arn)
    if item is None:
        raise names.missing(f"Policy {arn} was not found.")
    return item
