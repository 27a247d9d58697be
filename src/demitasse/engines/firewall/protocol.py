"""What the services above may ask of the firewall. ``fake.py`` and ``nft.py`` do it."""

from __future__ import annotations

from typing import Protocol

from demitasse.engines.firewall.spec import Filter


class Firewall(Protocol):
    """Filters the traffic of network interfaces.

    An interface lives in a container (then its filter ends with that container's network), or it
    is an address of the machine itself, where programs of the machine listen on it.

    Every method may raise ``EngineError`` and ``EngineUnavailable``.
    """

    async def problem(self) -> str:
        """Why nothing can be filtered on this machine; empty where it can."""

    async def guard(self, wanted: Filter, container: str | None) -> None:
        """Have an interface admit what is wanted and nothing else; ``None``: on the machine.

        From one rule to the next there is no gap, and what is connected stays connected.
        Raises ``NotFoundInEngine`` when the container is not there.
        """

    async def unguard(self, *interfaces: str) -> None:
        """No longer filter interfaces on the machine; those that are not filtered are fine."""

    async def guarded(self) -> frozenset[str]:
        """The interfaces of this installation that are filtered on the machine."""
