"""The one connection to Docker: made when first needed, with deadlines and one way of failing."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.errors import EngineUnavailable
from demitasse.errors import EngineError

if TYPE_CHECKING:
    import aiodocker
    import aiohttp

OLDEST_API = (1, 41)
"""Docker 20.10."""
NEWEST_API = (1, 51)
"""Docker 28: the newest whose documentation this code was read against."""

UNIX = "unix://"
DEFAULT_URL = "unix:///var/run/docker.sock"
DEADLINE = 30.0
"""Seconds for an answer that needs no waiting for a container or a registry."""


class Silent(EngineUnavailable):
    """Docker is there, but did not answer in time."""


class Connection:
    """Speaks to the Docker Engine at ``url``; ``aiodocker`` is imported with the first word.

    Importing it takes a quarter of a second and 25 MB, which a platform's start does not pay.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self.url = url
        self._docker: aiodocker.Docker | None = None
        self._connector: aiohttp.UnixConnector | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self.version: Mapping[str, Any] | None = None

    # What the parts of the engine use

    @asynccontextmanager
    async def asking(
        self, what: str, *, deadline: float | None = DEADLINE
    ) -> AsyncIterator[aiodocker.Docker]:
        """Docker, to be asked to do ``what`` (words for a person) within ``deadline`` seconds.

        Raises ``Refusal`` when it says no, ``EngineUnavailable`` when it is away or silent.
        """
        docker = await self._open()
        import aiodocker  # noqa: PLC0415 - see the class
        import aiohttp  # noqa: PLC0415

        try:
            async with asyncio.timeout(deadline):
                if self.version is None:
                    await self._negotiate(docker)
                yield docker
        except aiodocker.DockerError as error:
            if error.status == _CANNOT_CONNECT:
                raise self._away() from error
            raise Refusal(error.status, error.message) from error
        except (aiohttp.ClientError, OSError) as error:
            # TimeoutError is an OSError: our own deadline ends here as well.
            if isinstance(error, TimeoutError):
                raise Silent(f"Docker at {self.url} did not answer in time ({what}).") from error
            raise self._away() from error

    async def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        deadline: float | None = DEADLINE,
    ) -> Any:
        """Ask for something that ``aiodocker`` has no word for; the answer's JSON."""
        async with self.stream(
            method, path, params=params, body=body, deadline=deadline
        ) as response:
            text = await response.read()
        return json.loads(text) if text else None

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        answer_within: float | None = DEADLINE,
        silence: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that is read piece by piece, and closed on leaving.

        ``aiodocker``'s own streams lose what is needed here: which of stdout and stderr, the last
        digits of a time, whether an end was an end or a broken connection.
        ``answer_within`` bounds the seconds to the answer's head, ``silence`` those between two
        pieces. Raises as ``asking``.
        """
        async with self.asking(f"{method} {path}", deadline=deadline) as docker:
            import aiohttp  # noqa: PLC0415 - see the class

            async with asyncio.timeout(answer_within):
                response = await docker.session.request(
                    method,
                    f"{docker.docker_host}/{docker.api_version}/{path}",
                    params=params,
                    data=None if body is None else json.dumps(body),
                    headers={"Content-Type": "application/json", **(headers or {})},
                    timeout=aiohttp.ClientTimeout(sock_read=silence),
                )
            try:
                if response.status >= 400:
                    raise Refusal(response.status, _sentence(await response.text()))
                yield response
            finally:
                response.close()

    async def close(self) -> None:
        """Close it; whoever asks again is told that it is closed."""
        self._closed = True
        docker, self._docker = self._docker, None
        connector, self._connector = self._connector, None
        if docker is not None:
            await docker.close()
        if connector is not None:
            await connector.close()

    # Inside

    async def _open(self) -> aiodocker.Docker:
        if self._docker is not None:
            return self._docker
        async with self._opening:
            if self._closed:
                raise EngineUnavailable("The connection to Docker is closed.")
            if self._docker is None:
                # In a thread, so that the platform goes on answering meanwhile.
                await asyncio.to_thread(importlib.import_module, "aiodocker")
                self._docker = self._make()
            return self._docker

    def _make(self) -> aiodocker.Docker:
        import aiodocker  # noqa: PLC0415 - see the class
        import aiohttp  # noqa: PLC0415

        if not self.url.startswith(UNIX):
            return aiodocker.Docker(url=self.url)
        # Followed logs and waits hold a connection each: no limit on their number.
        self._connector = aiohttp.UnixConnector(self.url.removeprefix(UNIX), limit=0)
        return aiodocker.Docker(url=f"{UNIX}localhost", connector=self._connector)

    async def _negotiate(self, docker: aiodocker.Docker) -> None:
        """Agree on a version of the API: the newest that both sides know."""
        docker.api_version = "v{}.{}".format(*OLDEST_API)  # else it asks on its own
        async with docker.session.get(f"{docker.docker_host}/version") as response:
            answer = await response.json(content_type=None)
            if response.status >= 400:
                raise Refusal(response.status, _sentence(json.dumps(answer)))
        if not isinstance(answer, dict) or "ApiVersion" not in answer:
            raise EngineError(f"What answers at {self.url} is not Docker.")
        theirs = _numbers(answer["ApiVersion"])
        if theirs < OLDEST_API:
            raise EngineError(
                f"Docker {answer['Version']} at {self.url} is too old: its API is "
                f"{answer['ApiVersion']}, at least 1.41 (Docker 20.10) is needed."
            )
        docker.api_version = "v{}.{}".format(*min(theirs, NEWEST_API))
        self.version = answer

    def _away(self) -> EngineUnavailable:
        self.version = None  # what comes back may be another version
        return EngineUnavailable(f"Docker does not answer at {self.url}: is it running?")


_CANNOT_CONNECT = 900
"""``aiodocker``'s own status for a connection that failed."""


def _sentence(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip() or "Docker gave no reason."


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)
