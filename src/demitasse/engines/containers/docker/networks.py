"""Networks and volumes, through Docker."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from demitasse.engines.containers.docker import asking, reading, refusals
from demitasse.engines.containers.docker.part import Part
from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.errors import NameConflict
from demitasse.engines.containers.observation import NamedVolume, Network
from demitasse.engines.containers.spec import NetworkSpec, VolumeSpec


class Networks(Part):
    """See ``ContainerEngine``."""

    async def ensure_network(self, spec: NetworkSpec) -> Network:
        try:
            async with self._connection.asking(f"create the network {spec.name}") as docker:
                await docker.networks.create(asking.network(spec, self._installation))
        except Refusal as refusal:
            if not refusal.conflict:
                raise refusals.of_network(refusal, spec.name, spec.cidr) from refusal
        found = await self._network(spec.name)
        if found is None or not self._ours(found.labels):
            raise NameConflict(f"The network {spec.name} belongs to somebody else.")
        if found.cidr != spec.cidr:
            raise NameConflict(
                f"The network {spec.name} exists with the range {found.cidr}, not {spec.cidr}."
            )
        return found

    async def remove_network(self, name: str) -> None:
        found = await self._network(name)
        if found is None or not self._ours(found.labels):
            return
        try:
            await self._connection.json("DELETE", f"networks/{found.id}")
        except Refusal as refusal:
            if not refusal.not_found:
                raise refusals.of_removal(refusal) from refusal

    async def networks(self) -> tuple[Network, ...]:
        answer = await self._connection.json(
            "GET", "networks", params={"filters": asking.filters(self._installation)}
        )
        return tuple(sorted(map(reading.network, answer), key=lambda each: each.name))

    async def _network(self, name: str) -> Network | None:
        answer = await _found(self, f"networks/{quote(name, safe='')}")
        # Docker also finds a network by the first digits of its id.
        return reading.network(answer) if answer and answer["Name"] == name else None


class Volumes(Part):
    """See ``ContainerEngine``."""

    async def ensure_volume(self, spec: VolumeSpec) -> NamedVolume:
        await self._connection.json(
            "POST", "volumes/create", body=asking.volume(spec, self._installation)
        )
        found = await self._volume(spec.name)
        if found is None or not self._ours(found.labels):
            raise NameConflict(f"The volume {spec.name} belongs to somebody else.")
        return found

    async def remove_volume(self, name: str) -> None:
        found = await self._volume(name)
        if found is None or not self._ours(found.labels):
            return
        try:
            await self._connection.json("DELETE", f"volumes/{quote(name, safe='')}")
        except Refusal as refusal:
            if not refusal.not_found:
                raise refusals.of_removal(refusal) from refusal

    async def volumes(self) -> tuple[NamedVolume, ...]:
        answer = await self._connection.json(
            "GET", "volumes", params={"filters": asking.filters(self._installation)}
        )
        found = map(reading.volume, answer.get("Volumes") or ())
        return tuple(sorted(found, key=lambda each: each.name))

    async def _volume(self, name: str) -> NamedVolume | None:
        answer = await _found(self, f"volumes/{quote(name, safe='')}")
        return reading.volume(answer) if answer else None


async def _found(part: Part, path: str) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = await part._connection.json("GET", path)  # noqa: SLF001 - a Part's
    except Refusal as refusal:
        if refusal.not_found:
            return None
        raise
    return answer
