"""Removing everything of an installation from the machine: whatever carries its label."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from demitasse.clock import SystemClock
from demitasse.engines.addresses import Addresses, HostAddresses
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.containers.docker.connection import DEFAULT_URL
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.firewall.nft import NftFirewall
from demitasse.engines.firewall.protocol import Firewall
from demitasse.errors import NotFoundInEngine
from demitasse.ids import RandomIds

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Removed:
    """How much was removed."""

    containers: int
    addresses: int
    networks: int
    volumes: int

    def __str__(self) -> str:
        counts = (
            (self.containers, "container", "containers"),
            (self.addresses, "address", "addresses"),
            (self.networks, "network", "networks"),
            (self.volumes, "volume", "volumes"),
        )
        told = (f"{count} {one if count == 1 else more}" for count, one, more in counts if count)
        return ", ".join(told) or "nothing"


def remove(installation: str, *, state: bool, docker: str = DEFAULT_URL) -> Removed:
    """Remove containers, addresses and networks; with ``state`` volumes as well.

    ``docker`` is the Engine's URL. Raises ``EngineUnavailable`` when Docker is away: then nothing
    can be said of what is left.
    """

    async def whole() -> Removed:
        engine = DockerEngine(installation, SystemClock(), docker)
        try:
            addresses = HostAddresses(engine, RandomIds())
            return await clear(engine, addresses, NftFirewall(engine), state=state)
        finally:
            await engine.close()

    return asyncio.run(whole())


async def clear(
    engine: ContainerEngine,
    addresses: Addresses,
    firewall: Firewall,
    *,
    state: bool,
    graceful: bool = True,
) -> Removed:
    """Remove what ``remove`` does through engines that are there already.

    Containers are asked to stop before they are removed, unless not ``graceful``.
    """
    await firewall.unguard(*await firewall.guarded())
    containers = await engine.list()
    gate = asyncio.Semaphore(_AT_ONCE)

    async def take_away(container: str) -> None:
        async with gate:
            with contextlib.suppress(NotFoundInEngine):  # it may end and go by itself meanwhile
                if graceful:
                    await engine.stop(container)
                await engine.remove(container, force=True)

    await asyncio.gather(*(take_away(each.id) for each in containers))
    there = await addresses.present()
    await addresses.remove(*there)
    networks = await engine.networks()
    for network in networks:
        await engine.remove_network(network.name)
    volumes = await engine.volumes() if state else ()
    for volume in volumes:
        await engine.remove_volume(volume.name)
    return Removed(len(containers), len(there), len(networks), len(volumes))
