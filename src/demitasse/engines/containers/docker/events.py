"""What happens to containers, through Docker, for ever."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator

from demitasse.engines.containers.docker import asking, reading
from demitasse.engines.containers.docker.part import Part
from demitasse.engines.containers.docker.streams import json_lines
from demitasse.engines.containers.observation import Event, Resync
from demitasse.engines.containers.spec import INSTALLATION_LABEL
from demitasse.errors import EngineError

_log = logging.getLogger(__name__)

_FIRST_WAIT = 0.1
_LONGEST_WAIT = 5.0


class Events(Part):
    """See ``ContainerEngine``."""

    async def events(self) -> AsyncGenerator[Event | Resync, None]:
        wait = _FIRST_WAIT
        filters = json.dumps(
            {"type": ["container"], "label": [f"{INSTALLATION_LABEL}={self._installation}"]}
        )
        while True:
            # Docker answers before it listens: from the moment before we asked, nothing is lost.
            since = asking.seconds(int(self._clock.now().timestamp() * 1e9))
            try:
                async with self._connection.stream(
                    "GET", "events", params={"filters": filters, "since": since}
                ) as response:
                    wait = _FIRST_WAIT
                    yield Resync()
                    async for message in json_lines(response):
                        yield reading.event(message)
            except EngineError as error:  # away, or it refuses while it starts: both pass
                if wait == _FIRST_WAIT:
                    _log.warning("What happens to containers is not heard for now: %s", error)
            await self._clock.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
