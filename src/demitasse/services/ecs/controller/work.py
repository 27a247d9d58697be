"""What all steps of a task have in hand, and how they write down what they saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from demitasse.clock import Clock, Waits
from demitasse.engines.containers.observation import Container
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.ids import Ids
from demitasse.services.ecs import telling
from demitasse.services.ecs.controller import history
from demitasse.services.ecs.controller.jobs import Jobs
from demitasse.services.ecs.plan.task import Failure
from demitasse.services.ecs.records import (
    TASKS,
    ContainerDefinition,
    Stop,
    Task,
    TaskDefinition,
    TaskObserved,
    stop_of,
)
from demitasse.store import Item, Store, Transaction

TaskItem = Item[Task, TaskObserved]


class Step(NamedTuple):
    """One task at one moment: its record, and what the engine shows of it."""

    item: TaskItem
    definition: TaskDefinition
    boxes: Mapping[str, Container]
    pause: Container | None


@dataclass(frozen=True, slots=True)
class Work:
    """The parts that carry out tasks."""

    store: Store
    engine: ContainerEngine
    clock: Clock
    waits: Waits
    ids: Ids
    jobs: Jobs = field(default_factory=Jobs)

    def see(self, tx: Transaction, item: TaskItem, **changes: Any) -> TaskItem:
        """Change what was seen of a task, on top of what is kept now, and tell if it matters."""
        kept = tx.get(TASKS, item.scope, item.key)
        if kept is None:
            return item
        seen = tx.observe(TASKS, item.ref, msgspec.structs.replace(kept.observed, **changes))
        telling.task(tx, kept, seen, self.ids, self.clock.now())
        return seen

    def fail(self, tx: Transaction, item: TaskItem, why: Failure) -> TaskItem:
        """The task stops by itself; what that means for its service is kept with it."""
        now = self.clock.now()
        kept = self.see(tx, item, stop=Stop(why.code, why.reason, now))
        history.failed(tx, kept, self.ids, now)
        return kept

    def fail_to_start(self, item: TaskItem, reason: str) -> None:
        """The task cannot be started, unless it stops already."""
        with self.store.transaction() as tx:
            kept = tx.get(TASKS, item.scope, item.key)
            if kept is not None and stop_of(kept) is None:
                self.fail(tx, kept, Failure("TaskFailedToStart", reason))

    def fail_container(self, item: TaskItem, container: ContainerDefinition, reason: str) -> None:
        """A container cannot be had: if it is essential, the task stops with its reason."""
        with self.store.transaction() as tx:
            before = tx.get(TASKS, item.scope, item.key)
            after = history.container(tx, item.ref, container.name, reason=reason, status="STOPPED")
            if after is not None:
                telling.task(tx, before, after, self.ids, self.clock.now())
        if container.essential:
            self.fail_to_start(item, reason)
