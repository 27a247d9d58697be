"""The whole engine, put together from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demitasse.clock import Clock
from demitasse.engines.containers.docker.commands import Commands
from demitasse.engines.containers.docker.connection import DEFAULT_URL, Connection
from demitasse.engines.containers.docker.events import Events
from demitasse.engines.containers.docker.images import Images
from demitasse.engines.containers.docker.networks import Networks, Volumes
from demitasse.engines.containers.observation import EngineInfo


class DockerEngine(Commands, Images, Events, Networks, Volumes):
    """``ContainerEngine`` by Docker Engine's API (20.10 and later).

    ``url`` is where Docker listens: ``unix://…``, ``tcp://…`` or ``ssh://…``. Nothing is
    connected, or even imported, before the first question.
    """

    def __init__(self, installation: str, clock: Clock, url: str = DEFAULT_URL) -> None:
        super().__init__(Connection(url), installation, clock)

    @property
    def installation(self) -> str:
        return self._installation

    async def ping(self) -> EngineInfo:
        self._connection.version = None
        async with self._connection.asking("say what it is", deadline=5.0):
            pass
        version: Mapping[str, Any] = self._connection.version or {}
        return EngineInfo(
            version=version.get("Version", ""),
            api_version=version.get("ApiVersion", ""),
            architecture=version.get("Arch", ""),
        )

    async def close(self) -> None:
        await self._connection.close()
