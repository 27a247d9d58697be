"""What IAM says of the account as a whole, and of its root user."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.iam.operations import names, paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import ACCOUNTS, INSTANCE_PROFILES, POLICIES, ROLES, everywhere


@api.operation("GetUser")
def get_user(ctx: Context, given: Input) -> Output:
    """The root user, who is the only one; asked for by its own keys, without a name."""
    root = names.root_user(ctx, given)
    account = ctx.tx.page(ACCOUNTS, everywhere(ctx.scope), limit=1)
    return {
        "User": {
            "Path": "/",
            "UserName": names.ROOT,
            "UserId": ctx.caller.account,
            "Arn": root,
            "CreateDate": account[0].desired.created_at,
        }
    }


@api.operation("ListAccessKeys")
def list_access_keys(ctx: Context, given: Input) -> Output:
    """The root user's one, with which it asks; there are no other users."""
    names.root_user(ctx, given)
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
