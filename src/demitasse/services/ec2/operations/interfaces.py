"""Elastic network interfaces. What owns one (a task, a load balancer) also deletes it."""

from __future__ import annotations

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import Context
from demitasse.services.ec2.operations.api import (
    Resource,
    api,
    member,
    refuse,
    refuse_dry_run,
    show_tags,
    tags_of,
)
from demitasse.services.ec2.operations.security_groups import GROUP
from demitasse.services.ec2.operations.subnets import SUBNET
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    SECURITY_GROUPS,
    SUBNETS,
    NetworkInterface,
    NetworkInterfaceObserved,
    take_address,
)
from demitasse.store import Item


def show(ctx: Context, item: Item[NetworkInterface, NetworkInterfaceObserved]) -> Output:
    """``NetworkInterface``."""
    interface = item.desired
    subnet = ctx.tx.get(SUBNETS, ctx.scope, interface.subnet_id)
    shown: Output = {
        "NetworkInterfaceId": item.key,
        "SubnetId": interface.subnet_id,
        "VpcId": interface.vpc_id,
        "AvailabilityZone": subnet.desired.availability_zone if subnet else None,
        "Description": interface.description,
        "Groups": [
            {"GroupId": group.key, "GroupName": group.desired.name}
            for key in interface.security_groups
            if (group := ctx.tx.get(SECURITY_GROUPS, ctx.scope, key)) is not None
        ],
        "InterfaceType": interface.interface_type,
        "Ipv6Addresses": [],
        "MacAddress": interface.mac,
        "OwnerId": ctx.scope.account,
        "PrivateIpAddress": interface.private_ip,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": interface.private_ip}],
        "RequesterId": interface.requester_id or None,
        "RequesterManaged": bool(interface.owner),
        "SourceDestCheck": True,
        "Status": "in-use" if interface.owner else "available",
        "TagSet": show_tags(interface.tags),
    }
    if interface.owner:
        shown["Attachment"] = {
            "AttachmentId": interface.attachment_id,
            "AttachTime": interface.created_at,
            "DeleteOnTermination": True,
            "DeviceIndex": 1,
            "InstanceOwnerId": interface.requester_id or ctx.scope.account,
            "Status": "attached",
        }
    return shown


INTERFACE = Resource(
    NETWORK_INTERFACES,
    "eni",
    "networkInterface ID",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidNetworkInterfaceId.Malformed",
    show,
    {
        "network-interface-id": member("NetworkInterfaceId"),
        "subnet-id": member("SubnetId"),
        "vpc-id": member("VpcId"),
        "availability-zone": member("AvailabilityZone"),
        "description": member("Description"),
        "group-id": member("Groups", "GroupId"),
        "group-name": member("Groups", "GroupName"),
        "interface-type": member("InterfaceType"),
        "mac-address": member("MacAddress"),
        "owner-id": member("OwnerId"),
        "private-ip-address": member("PrivateIpAddress"),
        "addresses.private-ip-address": member("PrivateIpAddress"),
        "requester-id": member("RequesterId"),
        "requester-managed": member("RequesterManaged"),
        "status": member("Status"),
        "attachment.attachment-id": member("Attachment", "AttachmentId"),
        "attachment.status": member("Attachment", "Status"),
    },
    tags_member="TagSet",
    indexes={"subnet-id": "subnet", "vpc-id": "vpc", "group-id": "group"},
)


@api.operation("DescribeNetworkInterfaces")
def describe_network_interfaces(ctx: Context, given: Input) -> Output:
    """List network interfaces."""
    found, paging = INTERFACE.describe(ctx, given, "NetworkInterfaceIds")
    return {"NetworkInterfaces": found, **paging}


@api.operation("CreateNetworkInterface")
def create_network_interface(ctx: Context, given: Input) -> Output:
    """Take an address of a subnet. Nothing can be attached to it until there are instances."""
    refuse_dry_run(given)
    refuse(
        "CreateNetworkInterface", given,
        "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount",
        "Ipv4Prefixes", "Ipv4PrefixCount", "Ipv6Prefixes", "Ipv6PrefixCount", "Ipv6Addresses",
        "Ipv6AddressCount", "EnablePrimaryIpv6", "ConnectionTrackingSpecification", "Operator",
    )  # fmt: skip
    if given.get("InterfaceType", "interface") != "interface":
        refuse("CreateNetworkInterface", given, "InterfaceType")
    subnet = SUBNET.get(ctx, given["SubnetId"])
    groups = tuple(_group(ctx, key, subnet.desired.vpc_id) for key in given.get("Groups") or [])
    if not groups:
        default = f"{subnet.desired.vpc_id}/default"
        found = ctx.tx.one(SECURITY_GROUPS, ctx.scope, "name", default)
        groups = (found.key,) if found is not None else ()
    item = take_address(
        ctx.tx,
        ctx.scope,
        ctx.ids,
        subnet.key,
        owner="",
        description=given.get("Description", ""),
        security_groups=groups,
        now=ctx.now,
    )
    tagged = msgspec.structs.replace(item.desired, tags=tags_of(given, "network-interface"))
    item = ctx.tx.desire(NETWORK_INTERFACES, item.ref, tagged)
    return {"NetworkInterface": show(ctx, item)}


@api.operation("DeleteNetworkInterface")
def delete_network_interface(ctx: Context, given: Input) -> Output:
    """Give an address back that nothing uses."""
    refuse_dry_run(given)
    interface = INTERFACE.get(ctx, given["NetworkInterfaceId"])
    if interface.desired.owner:
        raise ServiceError(
            "InvalidParameterValue",
            f"Network interface '{interface.key}' is currently in use.",
        )
    ctx.tx.delete(NETWORK_INTERFACES, interface.ref)
    return {}


def _group(ctx: Context, key: str, vpc_id: str) -> str:
    """A security group's id, if it is one of that VPC."""
    if GROUP.get(ctx, key).desired.vpc_id != vpc_id:
        raise ServiceError(
            "InvalidGroup.NotFound", f"The security group '{key}' does not exist in VPC '{vpc_id}'"
        )
    return key
