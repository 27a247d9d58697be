"""Waiting for something to be so."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0


def until(
    true: Callable[[], bool], what: str, *, poll: float = 0.2, seconds: float = PATIENCE
) -> None:
    """Ask until the answer is yes. ``TimeoutError``, saying ``what`` was waited for."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(poll)
