"""What a network interface admits, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """Admits new connections between the interface and any address of ``peers``.

    ``protocol`` is ``tcp``, ``udp``, ``icmp`` or ``""`` for all. ``first`` and ``last`` bound the
    ports on the side that is connected to; of ICMP they are type and code. -1 means any.
    """

    peers: tuple[str, ...]
    protocol: str = ""
    first: int = -1
    last: int = -1

    def __post_init__(self) -> None:
        if self.protocol not in {"", "tcp", "udp", "icmp"}:
            raise ValueError(f"there are no rules for the protocol {self.protocol!r}")
        for peer in self.peers:
            IPv4Network(peer)


@dataclass(frozen=True, slots=True)
class Filter:
    """What may come in to and go out from one interface; answers always may.

    ``interface`` is its id, ``address`` the one that it has.
    """

    interface: str
    address: str
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        IPv4Address(self.address)
