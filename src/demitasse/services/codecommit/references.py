"""Branches and tags: moved in git, and kept in step with the state.

Git has them, and the state has what was seen of them. Whoever moves one takes the repository's
turn, moves it, and has it observed before anybody is told. When the platform dies between the
two, the controller observes at the next start; when it cannot be observed (the disk is full), as
soon as it can: the event is told once either way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.engines.git.protocol import Git, Move, NoSuchObject, ReferenceMoved, Refused
from demitasse.ids import Ids
from demitasse.services.codecommit.pull_requests import follow
from demitasse.services.codecommit.records import (
    REPOSITORIES,
    RepositoryItem,
    default_branch,
    observe_references,
)
from demitasse.store import Ref, Store

__all__ = ["Move", "NoSuchObject", "ReferenceMoved", "References", "Refused"]


class References:
    """Where the references of all repositories stand."""

    def __init__(self, *, git: Git, store: Store, clock: Clock, ids: Ids) -> None:
        self.git = git
        self._store = store
        self._clock = clock
        self._ids = ids
        self.missed: asyncio.Queue[Ref] = asyncio.Queue()  # repositories, by their ids
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, repository_id: str) -> AsyncIterator[None]:
        """Be the only one who moves references of a repository."""
        lock, users = self._turns.get(repository_id, (asyncio.Lock(), 0))
        self._turns[repository_id] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns.pop(repository_id)
            if users > 1:
                self._turns[repository_id] = lock, users - 1

    def current(self, scope: Scope, repository_id: str) -> RepositoryItem | None:
        """The repository as it is now, whatever its name; ``None`` when it was deleted."""
        with self._store.transaction() as tx:
            return tx.one(REPOSITORIES, scope, "id", repository_id)

    async def observe(
        self,
        scope: Scope,
        repository_id: str,
        caller_arn: str = "",
        about: Mapping[str, str] | None = None,
    ) -> bool:
        """Keep, and tell as events, what git has now; in one's turn only.

        Whether the repository is still there. What fails here is left to the controller. ``about``
        are further members of the events.
        """
        done = False
        try:
            there = await self.look(scope, repository_id, caller_arn, about)
            done = True
        finally:
            if not done:
                self.missed.put_nowait(Ref(scope, repository_id))
        return there

    async def look(
        self,
        scope: Scope,
        repository_id: str,
        caller_arn: str = "",
        about: Mapping[str, str] | None = None,
    ) -> bool:
        """As ``observe``, for the controller, which tries again by itself."""
        references = await self.git.references(repository_id)
        with self._store.transaction() as tx:
            item = tx.one(REPOSITORIES, scope, "id", repository_id)
            if item is None:
                return False
            now = self._clock.now()
            follow(tx, item, references, self._ids, now=now, actor=caller_arn)
            observe_references(
                tx, item, references, self._ids, now, caller_arn=caller_arn, about=about
            )
        item = self.current(scope, repository_id)
        branch = default_branch(item) if item else ""
        if branch:
            await self.git.set_head(repository_id, branch)
        return True

    async def move(self, scope: Scope, repository_id: str, move: Move, caller_arn: str) -> None:
        """Move one reference, durably, and tell. ``ReferenceMoved``, ``NoSuchObject``, ``Refused``."""
        async with self.turn(repository_id):
            await self.git.move(repository_id, move)
            await self.observe(scope, repository_id, caller_arn)
