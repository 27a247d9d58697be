"""What the platform says of itself to ``up`` and ``status``."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from demitasse.own_pages import OwnPages


def test_its_health_says_what_this_machine_cannot_do() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    pages = OwnPages(lambda: ["Security groups are not in force."], None)
    scope = {"type": "http", "method": "GET", "path": "/_demitasse/health"}
    asyncio.run(pages(scope, None, send))
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["warnings"] == ["Security groups are not in force."]
