"""What is kept of EC2's networking, and the addresses that other services take from subnets."""

from __future__ import annotations

import ipaddress
from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.errors import ServiceError
from demitasse.ids import Ids
from demitasse.store import Item, Kind, Ref, Transaction
from demitasse.store.kinds import Nothing

Tags = dict[str, str]


class Vpc(msgspec.Struct, frozen=True, omit_defaults=True):
    """A virtual private cloud; ``key`` is its id."""

    cidr: str
    is_default: bool = False
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False
    dhcp_options_id: str = "default"
    instance_tenancy: str = "default"
    tags: Tags = msgspec.field(default_factory=dict)


class VpcObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """``network`` is the container network that carries the VPC, once something lives in it."""

    network: str = ""
    error: str = ""


class Subnet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A subnet; ``key`` is its id."""

    vpc_id: str
    cidr: str
    availability_zone: str
    availability_zone_id: str = ""
    default_for_az: bool = False
    map_public_ip_on_launch: bool = False
    tags: Tags = msgspec.field(default_factory=dict)


class Permission(msgspec.Struct, frozen=True, omit_defaults=True):
    """One security group rule: one source (or destination) and one range of ports.

    Exactly one of ``cidr``, ``cidr6`` and ``group_id`` is set. ``protocol`` is ``tcp``, ``udp``,
    ``icmp`` or ``-1`` for all; ports are -1 where they mean nothing.
    """

    rule_id: str
    egress: bool
    protocol: str
    from_port: int = -1
    to_port: int = -1
    cidr: str = ""
    cidr6: str = ""
    group_id: str = ""
    description: str = ""
    tags: Tags = msgspec.field(default_factory=dict)


class SecurityGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """A security group; ``key`` is its id."""

    name: str
    description: str
    vpc_id: str
    permissions: tuple[Permission, ...] = ()
    tags: Tags = msgspec.field(default_factory=dict)

    def is_default_as_made(self, key: str) -> bool:
        """Whether it is a VPC's default group and still has the rule that it came with."""
        own = any(one.group_id == key and one.protocol == "-1" for one in self.permissions)
        return own and self.name == "default"


class NetworkInterface(msgspec.Struct, frozen=True, omit_defaults=True):
    """An elastic network interface; ``key`` is its id.

    ``owner`` names what it belongs to (a task's ARN, a load balancer's), "" for one that a
    caller made.
    """

    subnet_id: str
    vpc_id: str
    private_ip: str
    mac: str
    security_groups: tuple[str, ...] = ()
    description: str = ""
    interface_type: str = "interface"
    requester_id: str = ""
    owner: str = ""
    attachment_id: str = ""
    created_at: datetime | None = None
    tags: Tags = msgspec.field(default_factory=dict)


class NetworkInterfaceObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where its security groups are in force: in a container (its id), or on the machine.

    With ``problem`` they are not, because this machine cannot filter packets.
    """

    filtered_in: str = ""
    problem: str = ""


INTERFACE_LABEL = "demitasse.network-interface"
"""On a container that carries a network interface: its ARN."""

_SERVICES_ON_MACHINE = frozenset({"elasticloadbalancing", "rds"})


def is_on_machine(interface: NetworkInterface) -> bool:
    """Whether the address is one of the machine's own, as load balancers and databases have."""
    _, _, service, *_ = f"{interface.owner}::".split(":")
    return service in _SERVICES_ON_MACHINE


def interface_arn(ref: Ref) -> str:
    """The ARN of a network interface."""
    return ref.scope.arn("ec2", f"network-interface/{ref.key}")


def interface_ref(arn: str) -> Ref:
    """The network interface of an ARN."""
    _, _, _, region, account, resource = arn.split(":")
    return Ref(Scope(account, region), resource.removeprefix("network-interface/"))


VPCS: Kind[Vpc, VpcObserved] = Kind(
    "ec2.vpc",
    Vpc,
    VpcObserved,
    {"default": lambda item: "true" if item.desired.is_default else None},
)
SUBNETS: Kind[Subnet, Nothing] = Kind(
    "ec2.subnet", Subnet, Nothing, {"vpc": lambda item: item.desired.vpc_id}
)
SECURITY_GROUPS: Kind[SecurityGroup, Nothing] = Kind(
    "ec2.security-group",
    SecurityGroup,
    Nothing,
    {
        "vpc": lambda item: item.desired.vpc_id,
        "name": lambda item: f"{item.desired.vpc_id}/{item.desired.name}",
        "rule": lambda item: [rule.rule_id for rule in item.desired.permissions],
        "peer": lambda item: {
            rule.group_id
            for rule in item.desired.permissions
            if rule.group_id not in {"", item.key}
        },
    },
)
NETWORK_INTERFACES: Kind[NetworkInterface, NetworkInterfaceObserved] = Kind(
    "ec2.network-interface",
    NetworkInterface,
    NetworkInterfaceObserved,
    {
        "subnet": lambda item: item.desired.subnet_id,
        "vpc": lambda item: item.desired.vpc_id,
        "address": lambda item: f"{item.desired.vpc_id}/{item.desired.private_ip}",
        "group": lambda item: item.desired.security_groups,
        "owner": lambda item: item.desired.owner or None,
    },
)


class InternetGateway(msgspec.Struct, frozen=True, omit_defaults=True):
    """An internet gateway; ``key`` is its id. ``vpc_id`` is "" while detached."""

    vpc_id: str = ""
    tags: Tags = msgspec.field(default_factory=dict)


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A route to a gateway; every table also routes its VPC's block locally, unsaid."""

    destination: str
    gateway_id: str


class Association(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a route table or network ACL is in force for: a subnet, or ("") the VPC's rest."""

    association_id: str
    subnet_id: str = ""


class RouteTable(msgspec.Struct, frozen=True, omit_defaults=True):
    """A route table; ``key`` is its id."""

    vpc_id: str
    routes: tuple[Route, ...] = ()
    associations: tuple[Association, ...] = ()
    tags: Tags = msgspec.field(default_factory=dict)


class NetworkAcl(msgspec.Struct, frozen=True, omit_defaults=True):
    """A VPC's default network ACL, which lets everything through; ``key`` is its id."""

    vpc_id: str
    tags: Tags = msgspec.field(default_factory=dict)


INTERNET_GATEWAYS: Kind[InternetGateway, Nothing] = Kind(
    "ec2.internet-gateway",
    InternetGateway,
    Nothing,
    {"vpc": lambda item: item.desired.vpc_id or None},
)
ROUTE_TABLES: Kind[RouteTable, Nothing] = Kind(
    "ec2.route-table",
    RouteTable,
    Nothing,
    {
        "vpc": lambda item: item.desired.vpc_id,
        "association": lambda item: [one.association_id for one in item.desired.associations],
        "subnet": lambda item: [
            one.subnet_id for one in item.desired.associations if one.subnet_id
        ],
    },
)
NETWORK_ACLS: Kind[NetworkAcl, Nothing] = Kind(
    "ec2.network-acl", NetworkAcl, Nothing, {"vpc": lambda item: item.desired.vpc_id}
)

_RESERVED = 4  # AWS keeps the first four addresses of a subnet, and its last


def take_address(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    subnet_id: str,
    *,
    owner: str,
    description: str,
    security_groups: tuple[str, ...] = (),
    interface_type: str = "interface",
    now: datetime | None = None,
) -> Item[NetworkInterface, NetworkInterfaceObserved]:
    """Make a network interface with a free address of a subnet.

    Addresses are handed out round the subnet, so that one just given back is not taken again at
    once. ``ServiceError``: ``InvalidSubnetID.NotFound``, ``InsufficientFreeAddressesInSubnet``.
    """
    subnet = tx.get(SUBNETS, scope, subnet_id)
    if subnet is None:
        raise ServiceError(
            "InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist"
        )
    block = ipaddress.ip_network(subnet.desired.cidr)
    usable = block.num_addresses - _RESERVED - 1
    for _ in range(usable):
        offset = _RESERVED + tx.next(scope, f"ec2.address/{subnet_id}") % usable
        address = str(block[offset])
        taken = tx.one(NETWORK_INTERFACES, scope, "address", f"{subnet.desired.vpc_id}/{address}")
        if taken is None:
            break
    else:
        raise ServiceError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet_id}' to satisfy the requested"
            " number of network interfaces.",
        )
    return tx.create(
        NETWORK_INTERFACES,
        scope,
        f"eni-{ids.hex(17)}",
        NetworkInterface(
            subnet_id=subnet_id,
            vpc_id=subnet.desired.vpc_id,
            private_ip=address,
            mac="02:"
            + ":".join(f"{byte:02x}" for byte in ipaddress.ip_address(address).packed)
            + ":00",
            security_groups=security_groups,
            description=description,
            interface_type=interface_type,
            requester_id="amazon-elb" if interface_type != "interface" else "",
            owner=owner,
            attachment_id=f"eni-attach-{ids.hex(17)}" if owner else "",
            created_at=now,
        ),
    )


def default_vpc(tx: Transaction, scope: Scope) -> Item[Vpc, VpcObserved] | None:
    """An account's default VPC, unless it was deleted."""
    return tx.one(VPCS, scope, "default", "true")


def carried_by(tx: Transaction, scope: Scope, vpc_id: str) -> VpcObserved:
    """How a VPC is carried by now."""
    vpc = tx.get(VPCS, scope, vpc_id)
    return VpcObserved() if vpc is None else vpc.observed


def give_back(tx: Transaction, scope: Scope, owner: str) -> None:
    """Delete the interfaces that belong to ``owner``."""
    for interface in tx.page(NETWORK_INTERFACES, scope, where=("owner", owner)):
        tx.delete(NETWORK_INTERFACES, Ref(scope, interface.key))


def put_in_groups(tx: Transaction, scope: Scope, owner: str, groups: tuple[str, ...]) -> None:
    """Put the interfaces that belong to ``owner`` in other security groups than before."""
    for interface in tx.page(NETWORK_INTERFACES, scope, where=("owner", owner)):
        changed = msgspec.structs.replace(interface.desired, security_groups=groups)
        tx.desire(NETWORK_INTERFACES, interface.ref, changed)


def free_addresses(tx: Transaction, scope: Scope, subnet: Item[Subnet, Nothing]) -> int:
    """How many addresses of a subnet are not taken."""
    size = ipaddress.ip_network(subnet.desired.cidr).num_addresses
    taken = tx.count(NETWORK_INTERFACES, scope, ("subnet", subnet.key))
    return size - _RESERVED - 1 - taken
