"""What the security groups of a network interface admit: pure.

AWS: "Security group rules". An interface admits what any of its groups does; a rule that refers
to a group admits the interfaces which are in that one, by their private addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from demitasse.engines.addresses.seen import LOOPBACK, as_seen
from demitasse.engines.firewall.spec import Filter, Rule
from demitasse.services.ec2.records import NetworkInterface, Permission, is_on_machine

_ALL = Rule(("0.0.0.0/0",))
_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "-1": ""}


@dataclass(frozen=True, slots=True)
class View:
    """All records that decide what one interface admits.

    ``permissions`` are the rules of its groups; ``members`` the addresses of the interfaces in
    the groups that these refer to; ``block`` is the VPC's. ``unnamed`` says that it is in the
    VPC's default group as that is made: where AWS puts what nobody named a group for.
    """

    key: str
    interface: NetworkInterface
    permissions: tuple[Permission, ...]
    members: Mapping[str, tuple[str, ...]]
    block: str
    unnamed: bool = False


def filter_of(view: View) -> Filter:
    """What the interface's groups admit; all that comes, where nobody named a group.

    There AWS admits the default group's members alone, and a person is somewhere else. Here that
    person is on the machine, and expects an endpoint to work as it was returned.
    """
    return Filter(
        interface=view.key,
        address=view.interface.private_ip,
        ingress=(_ALL,) if view.unnamed else tuple(sorted(_rules(view, egress=False))),
        egress=tuple(sorted(_rules(view, egress=True))),
    )


def _rules(view: View, *, egress: bool) -> Iterator[Rule]:
    peers: dict[tuple[str, int, int], set[str]] = {}
    for one in view.permissions:
        if one.egress == egress and one.protocol in _PROTOCOLS:  # ICMPv6 has no addresses here
            what = (_PROTOCOLS[one.protocol], one.from_port, one.to_port)
            peers.setdefault(what, set()).update(_peers(view, one))
    for what, networks in peers.items():
        if networks:
            yield Rule(tuple(sorted(networks)), *what)


def _peers(view: View, one: Permission) -> list[str]:
    """IPv4 networks: an interface has no other address.

    The machine stands in the VPC as its router does: it has the block's first address. What
    lives on the machine sees its programs come from the very address that they connect to.
    """
    own, router = view.interface.private_ip, str(ip_network(view.block)[1])
    on_machine = is_on_machine(view.interface)
    if one.group_id:
        members = view.members.get(one.group_id, ())
        return [f"{each}/32" for each in members if not (on_machine and each == own)]
    cidrs = [one.cidr] if one.cidr else []
    return as_seen(cidrs, own if on_machine else router, known_as=(LOOPBACK, router))
