"""What the endpoint answers beside AWS's API: its health and, for tests, a reset."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from demitasse import __version__, daemon
from demitasse.errors import DemitasseError
from demitasse.teardown import Removed

PREFIX = "/_demitasse/"

Send = Callable[[dict[str, Any]], Any]


class OwnPages:
    """``/_demitasse/health`` and, where there is a ``reset``, ``/_demitasse/reset``.

    ``warnings`` are sentences for whoever asks how the platform is.
    """

    def __init__(
        self, warnings: Callable[[], list[str]], reset: Callable[[], Awaitable[Removed]] | None
    ) -> None:
        self._warnings = warnings
        self._reset = reset

    async def __call__(self, scope: Any, _receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        page = scope["method"], scope["path"]
        if page == ("GET", daemon.HEALTH_PATH):
            said = {"version": __version__, "process": os.getpid(), "warnings": self._warnings()}
            await _answer(send, 200, said)
        elif page == ("POST", f"{PREFIX}reset") and self._reset is not None:
            try:
                removed = await self._reset()
            except DemitasseError as error:
                await _answer(send, 400, {"reset": False, "message": str(error)})
            else:
                await _answer(send, 200, {"reset": True, "removed": msgspec.to_builtins(removed)})
        else:
            await _answer(send, 404, {"message": f"There is no {' '.join(page)} here."})


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    content = msgspec.json.encode(body)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": content})
