"""How the machine's own programs are seen by whom they connect to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, ip_network

LOOPBACK = "127.0.0.1"


def as_seen(
    cidrs: Iterable[str], seen_as: str, *, known_as: Iterable[str] = (LOOPBACK,)
) -> list[str]:
    """IPv4 networks as somebody sees their clients to whom the machine comes from ``seen_as``.

    A browser or curl on this machine has other addresses to its user (``known_as``): where one of
    these is meant, ``seen_as`` is added. IPv6 networks have no clients here and are left out.
    """
    found: list[str] = []
    for cidr in cidrs:
        network = ip_network(cidr, strict=False)
        if not isinstance(network, IPv4Network):
            continue
        found.append(str(network))
        meant = any(IPv4Address(each) in network for each in known_as)
        if meant and IPv4Address(seen_as) not in network:
            found.append(f"{seen_as}/32")
    return list(dict.fromkeys(found))
