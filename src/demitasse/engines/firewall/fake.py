"""A firewall in memory, for tests: it keeps what was asked."""

from __future__ import annotations

from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.firewall.spec import Filter


class FakeFirewall:
    """``filters`` are those in force, by interface, each with the container it is in.

    ``lacking`` is why nothing can be filtered, where a test wants that.
    """

    def __init__(self, containers: ContainerEngine) -> None:
        self._containers = containers
        self.filters: dict[str, tuple[Filter, str | None]] = {}
        self.lacking = ""

    async def problem(self) -> str:
        return self.lacking

    async def guard(self, wanted: Filter, container: str | None) -> None:
        if container is not None:
            await self._containers.exec(container, ("nft",))
        self.filters[wanted.interface] = wanted, container

    async def unguard(self, *interfaces: str) -> None:
        for interface in interfaces:
            if self.filters.get(interface, (None, ""))[1] is None:
                self.filters.pop(interface, None)

    async def guarded(self) -> frozenset[str]:
        return frozenset(
            interface for interface, (_, container) in self.filters.items() if container is None
        )
