"""Removing everything of an installation from the machine: whatever carries its label."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from demitasse.clock import SystemClock
from demitasse.engines.addresses import HostAddresses
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.containers.docker.connection import DEFAULT_URL
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
        counts = {
            "containers": self.containers,
            "addresses": self.addresses,
            "networks": self.networks,
            "volumes": self.volumes,
        }
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing"


def remove(installation: str, *, state: bool, docker: str = DEFAULT_URL) -> Removed:
    """Remove containers, addresses and networks; with ``state`` volumes as well.

    ``docker`` is the Engine's URL. Raises ``EngineUnavailable`` when Docker is away: then nothing can be said of what is left.
    """
    return asyncio.run(_remove(DockerEngine(installation, SystemClock(), docker), state=state))


async def _remove(engine: DockerEngine, *, state: bool) -> Removed:
    addresses = HostAddresses(engine, RandomIds())
    try:
        containers = await engine.list()
        gate = asyncio.Semaphore(_AT_ONCE)

        async def stop_and_remove(container: str) -> None:
            async with gate:
                await engine.stop(container)
                await engine.remove(container, force=True)

        await asyncio.gather(*(stop_and_remove(each.id) for each in containers))
        there = await addresses.present()
        await addresses.remove(*there)
        networks = await engine.networks()
        for network in networks:
            await engine.remove_network(network.name)
        volumes = await engine.volumes() if state else ()
        for volume in volumes:
            await engine.remove_volume(volume.name)
        return Removed(len(containers), len(there), len(networks), len(volumes))
    finally:
        await engine.close()
