"""What may be asked of the machine's addresses."""

from __future__ import annotations

from typing import Protocol


class Addresses(Protocol):
    """IPv4 addresses that this installation has put on the machine.

    Every method may raise ``EngineError`` and ``EngineUnavailable``.
    """

    async def add(self, address: str) -> None:
        """Put an address on the machine; one that is there is fine."""

    async def remove(self, *addresses: str) -> None:
        """Take addresses off the machine; those that are not there are fine."""

    async def present(self) -> frozenset[str]:
        """The addresses of this installation, and of no other."""
