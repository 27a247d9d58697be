"""The API of EC2's networking, a file per kind of resource. Follows botocore's model ``ec2``."""

from demitasse.services.ec2.operations import (
    gateways,
    interfaces,
    network_acls,
    permissions,
    route_tables,
    security_group_rules,
    security_groups,
    subnets,
    tags,
    vpcs,
    zones,
)
from demitasse.services.ec2.operations.api import api

__all__ = [
    "api",
    "gateways",
    "interfaces",
    "network_acls",
    "permissions",
    "route_tables",
    "security_group_rules",
    "security_groups",
    "subnets",
    "tags",
    "vpcs",
    "zones",
]
