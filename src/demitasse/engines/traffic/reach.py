"""Whether the machine has an address: asked of the kernel, without privilege or container."""

from __future__ import annotations

import errno
import socket

from demitasse.errors import EngineError


def present(address: str) -> bool:
    """Whether a socket of this machine can be bound to the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise EngineError(f"address {address} cannot be looked at: {error}") from error
    return True
