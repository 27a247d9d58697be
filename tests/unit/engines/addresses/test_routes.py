from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv4Network

from demitasse.engines.addresses import routes


def row(device: str, network: str) -> str:
    """A line of the kernel's table, as a machine of this byte order shows it."""
    shown = IPv4Network(network)
    destination, mask = (
        f"{int.from_bytes(IPv4Address(each).packed, sys.byteorder):08X}"
        for each in (shown.network_address, shown.netmask)
    )
    return f"{device}\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0   \n"


HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT   \n"


def test_networks_are_read_without_the_default_route() -> None:
    shown = ["0.0.0.0/0", "172.17.0.0/16", "10.8.0.0/13", "192.0.2.1/32"]
    table = HEADER + "".join(row("eth0", network) for network in shown)
    assert set(routes.parse(table)) == {IPv4Network(network) for network in shown[1:]}


def test_an_empty_table_has_none() -> None:
    assert routes.parse("") == routes.parse(HEADER) == ()
