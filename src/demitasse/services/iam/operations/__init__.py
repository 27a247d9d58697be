"""The operations of IAM, one file per resource."""

from demitasse.services.iam.operations import (
    absent,
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
)
from demitasse.services.iam.operations.api import api

__all__ = [
    "absent",
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
]
