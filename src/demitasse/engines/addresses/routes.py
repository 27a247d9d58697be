"""The networks that this machine reaches: asked of the kernel, without privilege or container."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

_TABLE = Path("/proc/net/route")


def reached() -> tuple[ipaddress.IPv4Network, ...]:
    """The networks of the kernel's routing table; none where it keeps none in ``/proc``."""
    try:
        return parse(_TABLE.read_text(encoding="ascii"))
    except OSError:
        return ()


def parse(table: str) -> tuple[ipaddress.IPv4Network, ...]:
    """The destinations in what ``/proc/net/route`` shows, without the default route.

    Its columns are those of proc(5): addresses and masks are written in hexadecimal, in the byte
    order of the machine.
    """
    rows = (line.split() for line in table.splitlines()[1:])
    found = {ipaddress.IPv4Network(f"{_address(row[1])}/{_address(row[7])}") for row in rows if row}
    return tuple(sorted(network for network in found if network.prefixlen))


def _address(digits: str) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(digits, 16).to_bytes(4, sys.byteorder))
