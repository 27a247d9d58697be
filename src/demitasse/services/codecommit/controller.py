"""Keeps git in step with the state: nothing missed in a crash, nothing left of what was deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demitasse.api import Scope
from demitasse.control import Controller, Enqueue, Interest
from demitasse.services.codecommit.records import REPOSITORIES, RepositoryItem, default_branch
from demitasse.services.codecommit.references import References
from demitasse.store import Change, Kind, Ref, Store, Transaction

_NOWHERE = Scope("", "")


class RepositoryController(Controller):
    """A record to look at is a repository by its id, which stays when the name is changed.

    At the first look after a start, what killed processes have left is cleared away, and
    references that moved without having been observed are.
    """

    name = "codecommit.repository"
    workers = 2

    def __init__(self, *, store: Store, references: References) -> None:
        self._store = store
        self._references = references
        self._looked: set[str] = set()

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {REPOSITORIES: _by_id}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        for item in tx.everywhere(REPOSITORIES):
            yield Ref(item.scope, item.desired.repository_id)

    async def listen(self, enqueue: Enqueue) -> None:
        """First what git keeps of repositories that were deleted just before a crash, then what
        could not be observed when it moved.
        """
        kept = await self._references.git.repositories()
        with self._store.transaction() as tx:
            known = {item.desired.repository_id for item in tx.everywhere(REPOSITORIES)}
        for repository_id in kept - known:
            enqueue(Ref(_NOWHERE, repository_id))
        while True:
            missed = await self._references.missed.get()
            self._looked.discard(missed.key)
            enqueue(missed)

    async def reconcile(self, ref: Ref) -> float | None:
        git, identity = self._references.git, ref.key
        item = self._references.current(ref.scope, identity)
        if item is None:
            async with self._references.turn(identity):
                await git.remove(identity)
            self._looked.discard(identity)
            return None
        if identity not in self._looked:
            await git.recover(identity)
            async with self._references.turn(identity):
                await self._references.look(ref.scope, identity)
            self._looked.add(identity)
        elif item.observed.branches:
            await git.set_head(identity, default_branch(item))
            await git.tidy(identity)
        return None


def _by_id(change: Change) -> Iterable[Ref]:
    item: RepositoryItem = change.item
    yield Ref(item.scope, item.desired.repository_id)
