"""The loop that removes cached folders which no build will use any more.

A build makes its project's volume itself (``provision``); this takes it away once the project is
deleted or its cache invalidated, and no build runs that may still have it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from demitasse.control import Controller, Enqueue, Interest
from demitasse.engines.containers.errors import InUse
from demitasse.engines.containers.observation import Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.records import BUILDS, PROJECTS
from demitasse.store import Change, Kind, Ref, Store, Transaction


class CacheController(Controller):
    """One project's volumes at a time, by the project's name."""

    name = "codebuild.cache"
    workers = 1

    def __init__(self, *, store: Store, containers: ContainerEngine) -> None:
        self._store = store
        self._containers = containers

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {PROJECTS: _given_up, BUILDS: _let_go}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        del tx
        return ()  # which volumes there are, Docker says: see ``listen``

    async def listen(self, enqueue: Enqueue) -> None:
        """Look at every volume when Docker is seen (again)."""
        events = self._containers.events()
        async with contextlib.aclosing(events):
            async for event in events:
                if isinstance(event, Resync):
                    for volume in await self._containers.volumes():
                        owner = specs.cache_owner(volume.labels)
                        if owner is not None:
                            enqueue(owner[0])

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            project = tx.get(PROJECTS, ref.scope, ref.key)
            if tx.count(BUILDS, ref.scope, ("active", ref.key)):
                return None
        kept = project.desired.cache_epoch if project else None
        for volume in await self._containers.volumes():
            owner = specs.cache_owner(volume.labels)
            if owner is not None and owner[0] == ref and owner[1] != kept:
                # Of a build that is over a container may be left; once it is gone we look again.
                with contextlib.suppress(InUse):
                    await self._containers.remove_volume(volume.name)
        return None


def _given_up(change: Change) -> Iterable[Ref]:
    """A project that was deleted, or whose cache was invalidated."""
    before, after = change.before, change.after
    if before is None:
        return ()
    if after is not None and after.desired.cache_epoch == before.desired.cache_epoch:
        return ()
    return (change.ref,)


def _let_go(change: Change) -> Iterable[Ref]:
    """The project of a build that had a cache, once nothing is left of the build."""
    build = change.item.desired
    if not build.settings.cache or not change.item.observed.cleared:
        return ()
    return (Ref(change.ref.scope, build.project),)
