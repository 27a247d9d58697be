"""A load balancer's own address, put on the machine's loopback interface.

There the machine itself reaches it without a route, and answers for it on the bridge of the
tasks' network. The interface is changed by a container that lives for a moment: access to Docker
is all that is needed.
"""

from __future__ import annotations

import errno
import socket

from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import KIND_LABEL, ContainerSpec, HostNetwork
from demitasse.errors import EngineError

INTERFACE = "lo"
LABEL = "lo:demitasse"


def present(address: str) -> bool:
    """Whether the machine has this address (asked without any privilege)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise EngineError(f"address {address} cannot be looked at: {error}") from error
    return True


def command(verb: str, address: str) -> tuple[str, ...]:
    """The command that adds (``add``) or removes (``del``) the address."""
    label = ("label", LABEL) if verb == "add" else ()
    return ("ip", "addr", verb, f"{address}/32", "dev", INTERFACE, *label)


class Addresses:
    """Adds and removes addresses of this machine."""

    def __init__(self, containers: ContainerEngine, image: str) -> None:
        self._containers = containers
        self._image = image

    async def add(self, address: str) -> None:
        """Have the address; fine when it is there already."""
        if not present(address):
            await self._run("add", address)
            if not present(address):
                raise EngineError(f"address {address} could not be added to {INTERFACE}")

    async def remove(self, address: str) -> None:
        """Give the address up; fine when it is not there."""
        if present(address):
            await self._run("del", address)

    async def _run(self, verb: str, address: str) -> None:
        result = await self._containers.run(
            ContainerSpec(
                name=f"demitasse-{self._containers.installation}-address-{verb}-{address}",
                image=self._image,
                entrypoint=("/bin/busybox",),
                command=command(verb, address),
                labels={KIND_LABEL: "address"},
                network=HostNetwork(),
                user="0:0",
                cap_drop=("ALL",),
                cap_add=("NET_ADMIN",),
                read_only_root=True,
            )
        )
        words = result.stderr.decode(errors="replace").strip()
        if result.exit_code and "File exists" not in words:
            raise EngineError(f"address {address}: {words or 'ip failed'}")
