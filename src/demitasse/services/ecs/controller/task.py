"""Carries out tasks: one reconcile looks at one task and takes it as far as it goes now.

    PROVISIONING   an address in its subnet            (``Starting.provision``)
    PENDING        the container that holds it         (``Starting.hold_network``)
    ACTIVATING     images, containers, in their order  (``Starting.activate``)
    RUNNING        watched; a target of its groups     (``_watch``)
    DEACTIVATING   its targets drain                   (``Stopping``)
    STOPPING       SIGTERM, SIGKILL                    (``Stopping``)
    DEPROVISIONING its address is given back           (``Stopping``)
    STOPPED        what is left is cleared away        (``_clear``)

Each step is decided from the record and from what the engine shows now, and can be repeated: a
crash anywhere goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Enqueue, Interest, own
from demitasse.engines.containers.observation import Container, Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.errors import NotFoundInEngine
from demitasse.ids import Ids
from demitasse.services.ec2.records import INTERFACE_LABEL, NETWORK_INTERFACES
from demitasse.services.ecs import specs
from demitasse.services.ecs.controller import history, targets
from demitasse.services.ecs.controller.garbage import Garbage
from demitasse.services.ecs.controller.images import Images
from demitasse.services.ecs.controller.observe import observe_containers
from demitasse.services.ecs.controller.starting import Starting
from demitasse.services.ecs.controller.stopping import Stopping
from demitasse.services.ecs.controller.work import Step, TaskItem, Work
from demitasse.services.ecs.plan import task as plan
from demitasse.services.ecs.plan.overrides import overridden
from demitasse.services.ecs.records import (
    TASKS,
    TaskDefinition,
    find_task_definition,
    stop_of,
    task_arn,
    task_ref,
)
from demitasse.services.elbv2.records import TARGETS
from demitasse.store import Change, Kind, Ref, Store, Transaction

_ENDINGS = frozenset({"die", "oom", "destroy", "health_status"})


class TaskController(Controller):
    """One task at a time, by its key.

    ``registry`` is the platform's own registry (host and port), ``processors`` how many the
    machine has (``None``: do not limit what is asked of the engine).
    """

    name = "ecs.task"
    workers = 16

    def __init__(
        self,
        *,
        store: Store,
        containers: ContainerEngine,
        clock: Clock,
        waits: Waits,
        ids: Ids,
        registry: str,
        processors: float | None = None,
    ) -> None:
        self._work = Work(store, containers, clock, waits, ids)
        images = Images(store=store, engine=containers, clock=clock, ids=ids, registry=registry)
        self._starting = Starting(self._work, images, processors)
        self._stopping = Stopping(self._work)
        self._garbage = Garbage(store=store, engine=containers, clock=clock)
        self._suspects: dict[Ref, set[str]] = {}

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {TASKS: own, TARGETS: _its_task, NETWORK_INTERFACES: _its_task}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(TASKS)

    async def listen(self, enqueue: Enqueue) -> None:
        """Follow the engine's events, and look for what is left over now and then."""
        self._work.jobs.wake = enqueue
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._garbage.collect_regularly(enqueue))
                async for event in self._work.engine.events():
                    if isinstance(event, Resync):
                        self._garbage.look_now()
                    elif event.action in _ENDINGS:
                        ref = task_ref(event.labels.get(specs.TASK_LABEL, ""))
                        if ref is not None:
                            self._suspects.setdefault(ref, set()).add(event.id)
                            enqueue(ref)
        finally:
            await self._work.jobs.close()

    async def reconcile(self, ref: Ref) -> float | None:
        suspects = self._suspects.pop(ref, set())
        item, definition = self._read(ref)
        if item is None:
            await self._work.jobs.cancel(ref)
            await self._garbage.sweep(ref)
            return None
        if item.observed.status == "STOPPED":
            return await self._clear(item)
        if definition is None:
            definition = TaskDefinition("", 0, (), item.desired.created_at, "")
        seen = await self._look(item, suspects)
        boxes = {each.labels[specs.CONTAINER_LABEL]: each for each in seen if _is_own(each)}
        pause = next((each for each in seen if not _is_own(each)), None)
        item = await self._observe(item, definition, boxes, pause)
        step = Step(item, definition, boxes, pause)
        if stop_of(item) is not None:
            return await self._stopping.step(step)
        match item.observed.status:
            case "PROVISIONING":
                return self._starting.provision(step)
            case "PENDING":
                return await self._starting.hold_network(step)
            case "ACTIVATING":
                return await self._starting.activate(step)
            case _:
                return self._watch(step)

    async def _look(self, item: TaskItem, suspects: set[str]) -> list[Container]:
        """The task's containers in the engine, its pause container among them.

        Docker tells that a container has ended before its list shows it: the ``suspects``, whom an
        event was about, are looked at one by one.
        """
        arn = task_arn(item.scope, item.desired.cluster, item.desired.id)
        seen = []
        for box in await self._work.engine.list({specs.TASK_LABEL: arn}):
            if box.id not in suspects or not box.running:
                seen.append(box)
                continue
            with contextlib.suppress(NotFoundInEngine):
                seen.append(await self._work.engine.inspect(box.id))
        return seen

    def _read(self, ref: Ref) -> tuple[TaskItem | None, TaskDefinition | None]:
        with self._work.store.transaction() as tx:
            item = tx.get(TASKS, ref.scope, ref.key)
            if item is None:
                return None, None
            found = find_task_definition(tx, ref.scope, item.desired.task_definition)
        return item, overridden(found.desired, item.desired) if found else None

    def _watch(self, step: Step) -> float | None:
        """Keep the task a target of its groups, and keep what they say of it."""
        with self._work.store.transaction() as tx:
            item, now = step.item, self._work.clock.now()
            if item.desired.load_balancers:
                seen, new = targets.register(tx, item, now)
                history.registered(tx, item, self._work.ids, now, new)
                item = self._work.see(tx, item, targets=seen)
            if not item.observed.settled and _passes(item, step.definition):
                self._work.see(tx, item, settled=True)
        return None

    async def _clear(self, item: TaskItem) -> float | None:
        """Remove the containers once their output has been read; later forget the task."""
        await self._work.jobs.cancel(item.ref)
        if not item.observed.removed:
            _, definition = self._read(item.ref)
            left = await self._garbage.clear(item, definition)
            if left is not None:
                return left
            with self._work.store.transaction() as tx:
                self._work.see(tx, item, removed=True)
        return self._garbage.forget(item.ref)

    async def _observe(
        self,
        item: TaskItem,
        definition: TaskDefinition,
        boxes: Mapping[str, Container],
        pause: Container | None,
    ) -> TaskItem:
        """Keep what the engine shows, and whether the task can go on with it."""
        now = self._work.clock.now()
        seen = await observe_containers(
            self._work.engine, item.observed.containers, definition, boxes, now
        )
        by_name = {each.name: each for each in seen}
        with self._work.store.transaction() as tx:
            item = self._work.see(
                tx, item, containers=seen, health=plan.health(definition.containers, by_name)
            )
            if stop_of(item) is not None:
                return item
            why = plan.failure(definition.containers, by_name, now)
            if why is None and item.observed.status == "RUNNING":
                why = _lost_network(pause)
            if not definition.containers:
                why = plan.Failure("TaskFailedToStart", "The task definition does not exist.")
            return item if why is None else self._work.fail(tx, item, why)


def _passes(item: TaskItem, definition: TaskDefinition) -> bool:
    """Whether the task has passed every check that it has, at least one."""
    checked = any(each.essential and plan.has_check(each) for each in definition.containers)
    if not checked and not item.observed.targets:
        return False
    return (not checked or item.observed.health == "HEALTHY") and all(
        target.state == "healthy" for target in item.observed.targets
    )


def _lost_network(pause: Container | None) -> plan.Failure | None:
    # One that an earlier version of Demitasse made cannot be filtered: it makes room.
    if pause is not None and pause.running and INTERFACE_LABEL in pause.labels:
        return None
    return plan.Failure(
        "EssentialContainerExited",
        "Essential container in task exited: the task's network was taken down",
    )


def _is_own(container: Container) -> bool:
    return specs.CONTAINER_LABEL in container.labels


def _its_task(change: Change) -> Iterable[Ref]:
    ref = task_ref(change.item.desired.owner)
    return () if ref is None else (ref,)
