"""The operations of IAM, one file per resource."""

from demitasse.services.iam.operations import (
    absent,
    access_keys,
    account,
    attachments,
    inline_policies,
    instance_profiles,
    policies,
    policy_versions,
    roles,
    service_credentials,
    service_linked_roles,
    tags,
    users,
)
from demitasse.services.iam.operations.api import api

__all__ = [
    "absent",
    "access_keys",
    "account",
    "api",
    "attachments",
    "inline_policies",
    "instance_profiles",
    "policies",
    "policy_versions",
    "roles",
    "service_credentials",
    "service_linked_roles",
    "tags",
    "users",
]
