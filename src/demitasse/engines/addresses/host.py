"""The machine's loopback interface, changed from a container on the machine's network.

So it works with access to Docker alone, also where the platform itself is not root.
"""

from __future__ import annotations

import ipaddress
import re

from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import PAUSE_IMAGE, ContainerSpec, HostNetwork
from demitasse.errors import EngineError
from demitasse.ids import Ids

_SHELL = ("/bin/busybox", "sh", "-ec")
_SHOW = "/bin/busybox ip -4 -o addr show dev lo"


def label(installation: str) -> str:
    """The interface label that says whose an address is; the kernel allows 15 characters."""
    return f"lo:dm{installation}"[:15]


class HostAddresses:
    """Implements ``Addresses`` with the busybox of the pause image."""

    def __init__(self, containers: ContainerEngine, ids: Ids) -> None:
        self._containers = containers
        self._ids = ids
        self._label = label(containers.installation)

    async def add(self, address: str) -> None:
        ip = ipaddress.IPv4Address(address)
        await self._run(
            f"{_SHOW} | /bin/busybox grep -q ' {ip}/32 ' ||"
            f" /bin/busybox ip addr add {ip}/32 dev lo label {self._label}"
        )

    async def remove(self, *addresses: str) -> None:
        if addresses:
            await self._run("; ".join(self._removal(address) for address in addresses))

    async def present(self) -> frozenset[str]:
        return parse(await self._run(_SHOW), self._label)

    def _removal(self, address: str) -> str:
        ip = ipaddress.IPv4Address(address)
        return (
            f"if {_SHOW} | /bin/busybox grep -q ' {ip}/32 .*{self._label}';"
            f" then /bin/busybox ip addr del {ip}/32 dev lo label {self._label}; fi"
        )

    async def _run(self, script: str) -> str:
        done = await self._containers.run(spec(f"demitasse-address-{self._ids.hex(12)}", script))
        if done.exit_code != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise EngineError(f"the machine's addresses cannot be changed: {said}")
        return done.stdout.decode()


def spec(name: str, script: str) -> ContainerSpec:
    """The container that runs one script on the machine's network."""
    return ContainerSpec(
        name=name,
        image=PAUSE_IMAGE,
        labels={"demitasse.kind": "address"},
        entrypoint=(*_SHELL, script),
        network=HostNetwork(),
        cap_drop=("ALL",),
        cap_add=("NET_ADMIN",),
        read_only_root=True,
    )


def parse(shown: str, wanted: str) -> frozenset[str]:
    """The addresses with a label, out of what ``ip -o addr show`` prints."""
    found = re.findall(r"inet (\S+)/32 .*?(\S+:\w+)", shown)
    return frozenset(address for address, its_label in found if its_label == wanted)
