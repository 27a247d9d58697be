"""Forgets task definitions that are to be deleted, once nothing uses them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demitasse.control import Controller, Interest
from demitasse.services.ecs.records import (
    TASK_DEFINITIONS,
    TASK_SETS,
    TASKS,
    task_definition_arn,
)
from demitasse.store import Change, Kind, Ref, Store, Transaction

_AGAIN_SECONDS = 60.0


class TaskDefinitionController(Controller):
    """One task definition at a time, by its key."""

    name = "ecs.task-definition"
    workers = 1

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {TASK_DEFINITIONS: _deleted}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(TASK_DEFINITIONS)

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            item = tx.get(TASK_DEFINITIONS, ref.scope, ref.key)
            if item is None or item.desired.status != "DELETE_IN_PROGRESS":
                return None
            arn = task_definition_arn(ref.scope, item.desired.family, item.desired.revision)
            if tx.one(TASKS, ref.scope, "definition", arn) is not None:
                return _AGAIN_SECONDS
            if tx.one(TASK_SETS, ref.scope, "definition", arn) is not None:
                return _AGAIN_SECONDS
            tx.delete(TASK_DEFINITIONS, ref)
        return None


def _deleted(change: Change) -> Iterable[Ref]:
    after = change.after
    deleted = after is not None and after.desired.status == "DELETE_IN_PROGRESS"
    return (change.ref,) if deleted else ()
