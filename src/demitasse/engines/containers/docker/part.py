"""What every part of the Docker engine stands on: the connection, whose things are ours, time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from demitasse.clock import Clock
from demitasse.engines.containers.docker import refusals
from demitasse.engines.containers.docker.connection import Connection
from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.spec import INSTALLATION_LABEL
from demitasse.errors import NotFoundInEngine

_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


class Part:
    """One subject of the Docker engine."""

    def __init__(self, connection: Connection, installation: str, clock: Clock) -> None:
        self._connection = connection
        self._installation = installation
        self._clock = clock

    def _ours(self, labels: Mapping[str, str] | None) -> bool:
        return (labels or {}).get(INSTALLATION_LABEL) == self._installation

    async def _show(self, container: str) -> dict[str, Any]:
        """Docker's whole answer on one of our containers. Raises ``NotFoundInEngine``."""
        _check_name(container)
        try:
            async with self._connection.asking(f"inspect the container {container}") as docker:
                answer = await docker.containers.container(container).show()
        except Refusal as refusal:
            raise refusals.of_container(refusal) from refusal
        if not self._ours(answer["Config"].get("Labels")):
            raise NotFoundInEngine(f"No such container: {container}")
        return answer

    async def _id(self, container: str) -> str:
        """The id of one of our containers.

        An id is believed: it cannot be guessed, so we gave it. A name may be somebody else's.
        """
        if _ID.fullmatch(container):
            return container
        return str((await self._show(container))["Id"])


def _check_name(container: str) -> None:
    """Names go into addresses: what cannot be a name does not exist."""
    if not _NAME.fullmatch(container):
        raise NotFoundInEngine(f"No such container: {container}")
