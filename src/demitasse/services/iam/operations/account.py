"""What IAM says of the account as a whole, and of its root user."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ACCOUNTS, INSTANCE_PROFILES, POLICIES, ROLES, everywhere


@api.operation("GetUser")
def get_user(ctx: Context, given: Input) -> Output:
    """The root user, who is the only one; asked for by its own keys, without a name."""
    if given.get("UserName"):
        raise names.missing(f"The user with name {given['UserName']} cannot be found.")
    root = _root(ctx)
    account = ctx.tx.page(ACCOUNTS, everywhere(ctx.scope), limit=1)
    return {
        "User": {
            "Path": "/",
            "UserName": "root",
            "UserId": ctx.caller.account,
            "Arn": root,
            "CreateDate": account[0].desired.created_at,
        }
    }


@api.operation("ListAccessKeys")
def list_access_keys(ctx: Context, given: Input) -> Output:
    """The root user's one, with which it asks; there are no other users."""
    if given.get("UserName"):
        raise names.missing(f"The user with name {given['UserName']} cannot be found.")
    _root(ctx)
    own = {"AccessKeyId": ctx.caller.access_key_id, "Status": "Active"}
    return paging.answer("AccessKeyMetadata", [own], None)


@api.operation("ListAccountAliases")
def list_account_aliases(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """None: aliases name sign-in pages, and there are none."""
    return paging.answer("AccountAliases", [], None)


@api.operation("GetAccountSummary")
def get_account_summary(ctx: Context, given: Input) -> Output:  # noqa: ARG001
    """How many there are of what there is here, with the quotas that hold."""
    scope = everywhere(ctx.scope)
    return {
        "SummaryMap": {
            "Roles": ctx.tx.count(ROLES, scope),
            "Policies": ctx.tx.count(POLICIES, scope),
            "InstanceProfiles": ctx.tx.count(INSTANCE_PROFILES, scope),
            "Users": 0,
            "Groups": 0,
            "AccountAccessKeysPresent": 1,
            "AccountMFAEnabled": 0,
            "AttachedPoliciesPerRoleQuota": 10,
            "AssumeRolePolicySizeQuota": 2048,
            "PolicySizeQuota": 6144,
            "RolePolicySizeQuota": 10240,
            "VersionsPerPolicyQuota": 5,
        }
    }


def _root(ctx: Context) -> str:
    """The ARN of the root user, who must be the caller."""
    root = f"arn:aws:iam::{ctx.caller.account}:root"
    if ctx.caller.arn != root:
        raise ServiceError(
            "ValidationError", "Must specify userName when calling with non-User credentials"
        )
    return root
