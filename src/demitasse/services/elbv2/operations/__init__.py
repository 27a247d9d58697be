"""The operations of Elastic Load Balancing v2, one file per resource."""

from demitasse.services.elbv2.operations import (
    absent,
    limits,
    listeners,
    load_balancers,
    rules,
    tags,
    target_groups,
    targets,
)
from demitasse.services.elbv2.operations.api import api

__all__ = [
    "absent",
    "api",
    "limits",
    "listeners",
    "load_balancers",
    "rules",
    "tags",
    "target_groups",
    "targets",
]
