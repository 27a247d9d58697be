"""Addresses in memory, for tests."""

from __future__ import annotations


class FakeAddresses:
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.there: set[str] = set()

    async def add(self, address: str) -> None:
        self.there.add(address)

    async def remove(self, *addresses: str) -> None:
        self.there.difference_update(addresses)

    async def present(self) -> frozenset[str]:
        return frozenset(self.there)
