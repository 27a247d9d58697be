"""Images, through Docker."""

# ruff: noqa: ASYNC109 - Docker's grace before a kill, and deadlines that end more than a wait

from __future__ import annotations

import json
from typing import Any

from demitasse.engines.containers import references
from demitasse.engines.containers.docker import asking, reading, refusals
from demitasse.engines.containers.docker.connection import DEADLINE, Silent
from demitasse.engines.containers.docker.part import Part
from demitasse.engines.containers.docker.refusals import Refusal
from demitasse.engines.containers.docker.streams import json_lines
from demitasse.engines.containers.errors import CannotPull
from demitasse.engines.containers.observation import ImageInfo
from demitasse.engines.containers.protocol import Progress
from demitasse.engines.containers.spec import RegistryAuth

_SILENCE = 120.0
"""Seconds without a word of progress after which a pull is given up."""


class Images(Part):
    """See ``ContainerEngine``."""

    async def pull(
        self,
        image: str,
        auth: RegistryAuth | None = None,
        *,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> ImageInfo:
        try:
            reference = references.parse(image)
        except ValueError as error:
            raise CannotPull(str(error)) from error
        silence = timeout or _SILENCE
        try:
            async with self._connection.stream(
                "POST",
                "images/create",
                params={"fromImage": reference.familiar_name, "tag": reference.selector},
                headers={"X-Registry-Auth": asking.registry_auth(auth)} if auth else None,
                answer_within=silence,
                silence=silence,
            ) as response:
                async for message in json_lines(response):
                    _raise_error(message)
                    if progress is not None:
                        progress(reading.progress(message))
        except Refusal as refusal:
            raise refusals.of_pull(refusal.message, reference) from refusal
        except Silent as error:
            raise refusals.of_pull("context deadline exceeded", reference) from error
        found = await self.image(image)
        if found is None:
            raise CannotPull(f"{reference} was pulled, but is not there.")
        return found

    async def image(self, image: str) -> ImageInfo | None:
        try:
            name = references.checked(image)
        except ValueError:
            return None
        try:
            async with self._connection.asking(f"inspect the image {image}") as docker:
                return reading.image(await docker.images.inspect(name))
        except Refusal as refusal:
            if refusal.not_found:
                return None
            raise

    async def remove_image(self, image: str, *, force: bool = False) -> None:
        try:
            name = references.checked(image)
        except ValueError:
            return
        try:
            async with self._connection.asking(
                f"remove the image {image}", deadline=4 * DEADLINE
            ) as docker:
                await docker.images.delete(name, force=force)
        except Refusal as refusal:
            if not refusal.not_found:
                raise refusals.of_removal(refusal) from refusal


def _raise_error(message: dict[str, Any]) -> None:
    """A pull that fails on its way says so in its stream, with status 200."""
    if "error" in message or "errorDetail" in message:
        detail = message.get("errorDetail") or {}
        raise Refusal(200, detail.get("message") or message.get("error") or json.dumps(message))
