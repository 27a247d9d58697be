"""Network ACLs: each VPC's default one, which lets everything through. Others are refused."""

from __future__ import annotations

from demitasse.api import Input, Output
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import Resource, api, member, show_tags
from demitasse.services.ec2.records import NETWORK_ACLS, SUBNETS, NetworkAcl
from demitasse.store import Item
from demitasse.store.kinds import Nothing

_LAST_RULE = 32767
_ALL_PROTOCOLS = "-1"


def show(ctx: Context, item: Item[NetworkAcl, Nothing]) -> Output:
    """``NetworkAcl``."""
    subnets = ctx.tx.page(SUBNETS, ctx.scope, where=("vpc", item.desired.vpc_id))
    return {
        "NetworkAclId": item.key,
        "VpcId": item.desired.vpc_id,
        "IsDefault": True,
        "Associations": [
            {
                "NetworkAclAssociationId": f"aclassoc-{subnet.key.removeprefix('subnet-')}",
                "NetworkAclId": item.key,
                "SubnetId": subnet.key,
            }
            for subnet in subnets
        ],
        "Entries": [
            {
                "CidrBlock": "0.0.0.0/0",
                "Egress": egress,
                "Protocol": _ALL_PROTOCOLS,
                "RuleAction": action,
                "RuleNumber": number,
            }
            for egress in (True, False)
            for number, action in ((100, "allow"), (_LAST_RULE, "deny"))
        ],
        "OwnerId": ctx.scope.account,
        "Tags": show_tags(item.desired.tags),
    }


NETWORK_ACL = Resource(
    NETWORK_ACLS,
    "acl",
    "networkAcl ID",
    "InvalidNetworkAclID.NotFound",
    "InvalidNetworkAclId.Malformed",
    show,
    {
        "network-acl-id": member("NetworkAclId"),
        "vpc-id": member("VpcId"),
        "default": member("IsDefault"),
        "owner-id": member("OwnerId"),
        "association.subnet-id": member("Associations", "SubnetId"),
        "association.association-id": member("Associations", "NetworkAclAssociationId"),
        "association.network-acl-id": member("Associations", "NetworkAclId"),
    },
    indexes={"vpc-id": "vpc"},
)


@api.operation("DescribeNetworkAcls")
def describe_network_acls(ctx: Context, given: Input) -> Output:
    """List network ACLs."""
    found, paging = NETWORK_ACL.describe(ctx, given, "NetworkAclIds")
    return {"NetworkAcls": found, **paging}
