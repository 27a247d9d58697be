"""Letting controllers work without workers of their own: step by step, until nothing is queued."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from demitasse.control import ControlLoop
from demitasse.store import Store


async def settle(loops: Iterable[ControlLoop], *, rounds: int = 1000) -> None:
    """Let controllers work until they rest."""
    loops = tuple(loops)
    for _ in range(rounds):
        busy = [loop for loop in loops if not loop.queue.idle]
        if not busy:
            return
        for loop in busy:
            ref = await loop.queue.get()
            await loop.step(ref)
            loop.queue.done(ref)
    raise AssertionError(f"the controllers did not come to rest in {rounds} rounds")


@contextlib.contextmanager
def attached(loop: ControlLoop, store: Store) -> Iterator[ControlLoop]:
    """Queue what exists and what changes, while the block runs."""
    unwatch = store.watch(loop.changed)
    try:
        with store.transaction() as tx:
            for ref in loop.controller.everything(tx):
                loop.queue.add(ref)
        yield loop
    finally:
        unwatch()
