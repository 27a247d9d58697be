"""What IAM says of the account as a whole."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.iam.operations import paging
from demitasse.services.iam.operations.api import api
from demitasse.services.iam.records import INSTANCE_PROFILES, POLICIES, ROLES, USERS, everywhere


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
            "Users": ctx.tx.count(USERS, scope),
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
