"""What clients ask about the account and about TLS."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.elbv2 import limits
from demitasse.services.elbv2.operations import paging
from demitasse.services.elbv2.operations.api import api


@api.operation("DescribeAccountLimits")
def describe_account_limits(context: Context, given: Input) -> Output:  # noqa: ARG001
    """The quotas that are enforced."""
    rows = [(name, {"Name": name, "Max": str(most)}) for name, most in limits.BY_NAME.items()]
    return paging.cut(given, "Limits", sorted(rows, key=lambda row: row[0]))


@api.operation("DescribeSSLPolicies")
def describe_ssl_policies(context: Context, given: Input) -> Output:  # noqa: ARG001
    """None: as long as there are no HTTPS listeners, none could be used."""
    if given.get("Names"):
        raise ServiceError("SSLPolicyNotFound", f"SSL policy '{given['Names'][0]}' not found")
    return {"SslPolicies": []}
