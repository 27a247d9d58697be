"""A filter as nft's commands.

Each interface has a table of its own, replaced as a whole in one transaction of the kernel's.
Connections are tracked beside it, so that they outlive the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, collapse_addresses

from demitasse.engines.firewall.spec import Filter, Rule

_EVERYWHERE = IPv4Network("0.0.0.0/0")

_NAMES = "meta l4proto { tcp, udp } th dport 53 accept"
"""AWS's security groups do not filter what goes to its resolver. Here names are asked for, on
behalf of a container, of whatever resolver the machine has."""


def table_name(installation: str, interface: str) -> str:
    """The table of an interface."""
    return f"{prefix(installation)}{interface}"


def prefix(installation: str) -> str:
    """How the names of an installation's tables begin."""
    return f"demitasse-{installation}-"


def replacing(table: str, wanted: Filter, *, on_machine: bool) -> str:
    """Commands that make a table be as wanted, whether there was one or not.

    What a container says to its own address does not leave it. An address of the machine, in
    contrast, is where its programs' connections to that very address come from: rules decide.
    """
    own = wanted.address
    itself = [] if on_machine else [f"ip saddr {own} accept"]
    names = [] if on_machine else [_NAMES]
    ingress = [
        "type filter hook input priority filter; policy accept;",
        f"ip daddr != {own} accept",
        *itself,
        *_admitted(wanted.ingress, "saddr"),
    ]
    egress = [
        "type filter hook output priority filter; policy accept;",
        f"ip saddr != {own} accept",
        f"ip daddr {own} accept",
        *_admitted(wanted.egress, "daddr", *names),
    ]
    lines = [
        f"add table ip {table}",
        *removing(table),
        f"table ip {table} {{",
        *_chain("ingress", ingress),
        *_chain("egress", egress),
        "}",
    ]
    return "\n".join(lines) + "\n"


def removing(*tables: str) -> list[str]:
    """Commands that remove tables, which must be there."""
    return [f"delete table ip {table}" for table in tables]


def _chain(name: str, lines: Iterable[str]) -> list[str]:
    return [f"\tchain {name} {{", *(f"\t\t{line}" for line in lines), "\t}"]


def _admitted(rules: Iterable[Rule], side: str, *always: str) -> list[str]:
    told = dict.fromkeys(line for rule in rules for line in _rule(rule, side))
    return ["ct state established,related accept", *always, *told, "drop"]


def _rule(rule: Rule, side: str) -> list[str]:
    networks = list(collapse_addresses(IPv4Network(peer) for peer in rule.peers))
    if not networks:
        return []
    found = (
        [] if networks == [_EVERYWHERE] else [f"ip {side} {{ {', '.join(map(str, networks))} }}"]
    )
    return [" ".join([*found, *_what(rule), "accept"])]


def _what(rule: Rule) -> list[str]:
    if rule.protocol == "icmp":
        kind = [f"icmp type {rule.first}"] if rule.first >= 0 else ["ip protocol icmp"]
        return kind + ([f"icmp code {rule.last}"] if rule.first >= 0 and rule.last >= 0 else [])
    if not rule.protocol:
        return []
    if rule.first < 0:
        return [f"ip protocol {rule.protocol}"]
    return [f"{rule.protocol} dport {rule.first}-{rule.last}"]
