"""Carries out tasks: one reconcile looks at one task and takes it as far as it goes now.

    PROVISIONING   an address in its subnet            (``_provision``)
    PENDING        the container that holds it         (``_hold_network``)
    ACTIVATING     images, containers, in their order  (``_activate``)
    RUNNING        watched; a target of its groups     (``_watch``)
    DEACTIVATING   its targets drain                   (``_drain``)
    STOPPING       SIGTERM, SIGKILL                    (``_end_containers``)
    DEPROVISIONING its address is given back           (``_deprovision``)
    STOPPED        what is left is cleared away        (``_clear``)

Each step is decided from the record and from what the engine shows now, and can be repeated: a
crash anywhere goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Enqueue, Interest, own
from demitasse.engines.containers.errors import CannotPull, CannotStart
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import Container, Resync
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine, ServiceError
from demitasse.ids import Ids
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    VPCS,
    NetworkInterface,
    give_back,
    take_address,
)
from demitasse.services.ecs import specs
from demitasse.services.ecs.controller import history, targets
from demitasse.services.ecs.controller.garbage import Garbage
from demitasse.services.ecs.controller.images import Images, Pulled, reference_of
from demitasse.services.ecs.controller.jobs import Jobs
from demitasse.services.ecs.controller.observe import observe_containers
from demitasse.services.ecs.making import security_groups
from demitasse.services.ecs.plan import task as plan
from demitasse.services.ecs.plan.overrides import overridden, size
from demitasse.services.ecs.plan.resources import shares
from demitasse.services.ecs.records import (
    TASK_SETS,
    TASKS,
    ContainerDefinition,
    Interface,
    Stop,
    Task,
    TaskDefinition,
    TaskObserved,
    find_task_definition,
    stop_of,
    task_arn,
    task_ref,
    task_set_key,
)
from demitasse.services.elbv2.records import TARGETS
from demitasse.services.logs.records import LOG_SOURCES
from demitasse.store import Change, Item, Kind, Ref, Store, Transaction

_NETWORK_POLL_SECONDS = 0.2
_LOG_POLL_SECONDS = 0.1
_DRAIN_MARGIN_SECONDS = 15.0
_ENDINGS = frozenset({"die", "oom", "destroy", "health_status"})

Item_ = Item[Task, TaskObserved]


class _Step(NamedTuple):
    """What one reconcile has in hand."""

    item: Item_
    definition: TaskDefinition
    boxes: Mapping[str, Container]
    pause: Container | None


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
        self._store = store
        self._engine = containers
        self._clock = clock
        self._waits = waits
        self._ids = ids
        self._processors = processors
        self._images = Images(
            store=store, engine=containers, clock=clock, ids=ids, registry=registry
        )
        self._jobs = Jobs()
        self._suspects: dict[Ref, set[str]] = {}
        self._garbage = Garbage(store=store, engine=containers, clock=clock)

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {TASKS: own, TARGETS: _its_task}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(TASKS)

    async def listen(self, enqueue: Enqueue) -> None:
        """Follow the engine's events, and look for what is left over now and then."""
        self._jobs.wake = enqueue
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._garbage.collect_regularly(enqueue))
                async for event in self._engine.events():
                    if isinstance(event, Resync):
                        self._garbage.look_now()
                    elif event.action in _ENDINGS:
                        ref = task_ref(event.labels.get(specs.TASK_LABEL, ""))
                        if ref is not None:
                            self._suspects.setdefault(ref, set()).add(event.id)
                            enqueue(ref)
        finally:
            await self._jobs.close()

    async def reconcile(self, ref: Ref) -> float | None:
        item, definition = self._read(ref)
        if item is None:
            await self._jobs.cancel(ref)
            await self._garbage.sweep(ref)
            return None
        if item.observed.status == "STOPPED":
            return await self._clear(item)
        if definition is None:
            definition = TaskDefinition("", 0, (), item.desired.created_at, "")
        seen = await self._look(item)
        boxes = {each.labels[specs.CONTAINER_LABEL]: each for each in seen if _is_own(each)}
        pause = next((each for each in seen if not _is_own(each)), None)
        item = await self._observe(item, definition, boxes, pause)
        step = _Step(item, definition, boxes, pause)
        if stop_of(item) is not None:
            return await self._stop(step)
        match item.observed.status:
            case "PROVISIONING":
                return self._provision(step)
            case "PENDING":
                return await self._hold_network(step)
            case "ACTIVATING":
                return await self._activate(step)
            case _:
                return self._watch(step)

    async def _look(self, item: Item_) -> list[Container]:
        """The task's containers in the engine, its pause container among them.

        Docker tells that a container has ended before its list shows it: whoever an event was
        about is looked at by itself.
        """
        suspects = self._suspects.pop(item.ref, set())
        arn = task_arn(item.scope, item.desired.cluster, item.desired.id)
        seen = []
        for box in await self._engine.list({specs.TASK_LABEL: arn}):
            if box.id not in suspects or not box.running:
                seen.append(box)
                continue
            with contextlib.suppress(NotFoundInEngine):
                seen.append(await self._engine.inspect(box.id))
        return seen

    def _read(self, ref: Ref) -> tuple[Item_ | None, TaskDefinition | None]:
        with self._store.transaction() as tx:
            item = tx.get(TASKS, ref.scope, ref.key)
            if item is None:
                return None, None
            found = find_task_definition(tx, ref.scope, item.desired.task_definition)
        return item, overridden(found.desired, item.desired) if found else None

    # Starting

    def _provision(self, step: _Step) -> float | None:
        """Take an address; the subnet's VPC gets its network because something lives in it now."""
        item = step.item
        with self._store.transaction() as tx:
            now = self._clock.now()
            if item.observed.interface is None:
                try:
                    taken = self._take_address(tx, item, now)
                except ServiceError as error:
                    subnet = item.desired.network.subnets[0]
                    self._fail(
                        tx,
                        item,
                        plan.Failure(
                            "TaskFailedToStart",
                            "Unexpected EC2 error while attempting to Create Network Interface"
                            f" in subnet '{subnet}': {error.code}",
                        ),
                    )
                    return None
                item = self._see(tx, item, interface=_interface(taken))
            vpc = tx.get(VPCS, item.scope, _vpc_of(tx, item))
            if vpc is not None and vpc.observed.error:
                reason = f"The network of {vpc.key} cannot be made: {vpc.observed.error}"
                self._fail(tx, item, plan.Failure("TaskFailedToStart", reason))
                return None
            if vpc is None or not vpc.observed.network:
                return _NETWORK_POLL_SECONDS
            self._see(tx, item, status="PENDING")
        return None

    def _take_address(self, tx: Transaction, item: Item_, now: datetime) -> Item[Any, Any]:
        own, arn = item.desired, task_arn(item.scope, item.desired.cluster, item.desired.id)
        taken = take_address(
            tx,
            item.scope,
            self._ids,
            own.network.subnets[0],
            owner=arn,
            description=arn,
            security_groups=own.network.security_groups,
            now=now,
        )
        groups = security_groups(tx, item.scope, own.network, taken.desired.vpc_id)
        if groups == taken.desired.security_groups:
            return taken
        return tx.desire(
            NETWORK_INTERFACES,
            taken.ref,
            msgspec.structs.replace(taken.desired, security_groups=groups),
        )

    async def _hold_network(self, step: _Step) -> float | None:
        item, interface = step.item, step.item.observed.interface
        assert interface is not None, item.key  # noqa: S101 - PROVISIONING has taken it
        self._begin_pulls(step)
        if step.pause is None or not step.pause.running:
            with self._store.transaction() as tx:
                vpc = tx.get(VPCS, item.scope, _vpc_of(tx, item))
            if vpc is None or not vpc.observed.network:
                return _NETWORK_POLL_SECONDS
            spec = specs.pause_spec(
                item, interface, vpc.observed.network, specs.sysctls(step.definition)
            )
            await self._engine.start(await self._engine.create(spec))
        with self._store.transaction() as tx:
            now = self._clock.now()
            self._see(tx, item, status="ACTIVATING", connectivity_at=now, pull_started_at=now)
        return None

    def _begin_pulls(self, step: _Step) -> None:
        digests = self._digests(step.item)
        for container in step.definition.containers:
            if container.name not in step.boxes:
                image = reference_of(container, digests.get(container.name, ""))
                self._jobs.ensure(
                    step.item.ref,
                    f"pull {container.name}",
                    lambda image=image: self._images.pull(step.item.scope, image),  # type: ignore[misc]
                )

    def _digests(self, item: Item_) -> Mapping[str, str]:
        own = item.desired
        if not own.task_set:
            return {}
        with self._store.transaction() as tx:
            found = tx.get(
                TASK_SETS, item.scope, task_set_key(own.cluster, own.service, own.task_set)
            )
        return found.observed.digests if found else {}

    async def _activate(self, step: _Step) -> float | None:
        """Start what can start; the task runs once every container has been started."""
        item, containers = step.item, step.definition.containers
        seen = {each.name: each for each in item.observed.containers}
        if plan.all_started(seen):
            self._run(item)
            return None
        if step.pause is None or not step.pause.running:
            with self._store.transaction() as tx:
                self._see(tx, item, status="PENDING")
            return None
        self._begin_pulls(step)
        for container in plan.startable(containers, seen):
            if container.name not in step.boxes:
                pulled = await self._pulled(item, container)
                if pulled is None:
                    continue
                if not self._can_log(item, container):
                    return _LOG_POLL_SECONDS
                if not await self._create(step, container, pulled):
                    return None
            if not await self._start(item, container):
                return None
            # Look again: what was started may have ended, and others may start now.
            return 0
        return plan.next_deadline(containers, seen, self._clock.now())

    async def _pulled(self, item: Item_, container: ContainerDefinition) -> Pulled | None:
        """The image, once it is here; ``None`` while it is not, or when it cannot be had."""
        name = f"pull {container.name}"
        job = self._jobs.ended(item.ref, name)
        if job is None:
            return None
        try:
            pulled: Pulled = job.result()
        except EngineUnavailable:
            self._jobs.forget(item.ref, name)
            raise
        except EngineError as error:
            prefix = "CannotPullContainerError" if isinstance(error, CannotPull) else "Error"
            self._fail_container(item, container, f"{prefix}: {error}")
            return None
        with self._store.transaction() as tx:
            history.keep_digest(tx, item, container.name, pulled.digest, self._clock.now())
        return pulled

    def _can_log(self, item: Item_, container: ContainerDefinition) -> bool:
        """Whether the container may start, as far as its log is concerned.

        Its log group must be there, or be made: as on Fargate the task fails otherwise.
        """
        source = specs.log_source(item, container)
        if source is None:
            return True
        name = specs.container_name(item.desired.id, container.name)
        with self._store.transaction() as tx:
            scope = history.log_scope(item, container)
            kept = tx.get(LOG_SOURCES, scope, name) or tx.create(LOG_SOURCES, scope, name, source)
        if kept.observed.error:
            self._fail_container(item, container, kept.observed.error)
            return False
        return kept.observed.ready

    async def _create(self, step: _Step, container: ContainerDefinition, pulled: Pulled) -> bool:
        item = step.item
        cpu, memory = size(step.definition, item.desired)
        spec = specs.container_spec(
            item,
            container,
            image=pulled.reference,
            share=shares(step.definition.containers, cpu, memory)[container.name],
            processors=self._processors,
            waits=self._waits,
        )
        try:
            for volume in specs.volume_specs(item, step.definition):
                await self._engine.ensure_volume(volume)
            await self._engine.create(spec)
        except EngineUnavailable:
            raise
        except EngineError as error:
            self._fail_container(item, container, f"CannotCreateContainerError: {error}")
            return False
        return True

    async def _start(self, item: Item_, container: ContainerDefinition) -> bool:
        try:
            await self._engine.start(specs.container_name(item.desired.id, container.name))
        except EngineUnavailable:
            raise
        except NotFoundInEngine:
            return True  # somebody removed it at this moment: seen at the next look
        except EngineError as error:
            prefix = "CannotStartContainerError" if isinstance(error, CannotStart) else "Error"
            self._fail_container(item, container, f"{prefix}: {error}")
            return False
        with self._store.transaction() as tx:
            history.container(tx, item.ref, container.name, started_at=self._clock.now())
        return True

    def _run(self, item: Item_) -> None:
        with self._store.transaction() as tx:
            now = self._clock.now()
            seen, new = targets.register(tx, item, now)
            self._see(
                tx,
                item,
                status="RUNNING",
                started_at=now,
                pull_stopped_at=item.observed.pull_stopped_at or now,
                targets=seen,
                settled=False,
            )
            history.registered(tx, item, self._ids, now, new)

    # Running

    def _watch(self, step: _Step) -> float | None:
        """Keep the task a target of its groups, and keep what they say of it."""
        with self._store.transaction() as tx:
            item, now = step.item, self._clock.now()
            if item.desired.load_balancers:
                seen, new = targets.register(tx, item, now)
                history.registered(tx, item, self._ids, now, new)
                item = self._see(tx, item, targets=seen)
            if not item.observed.settled and _passes(item, step.definition):
                self._see(tx, item, settled=True)
        return None

    # Stopping

    async def _stop(self, step: _Step) -> float | None:
        item = step.item
        match item.observed.status:
            case "DEACTIVATING":
                return self._drain(step)
            case "STOPPING":
                return await self._end_containers(step)
            case "DEPROVISIONING":
                return await self._deprovision(step)
            case status:
                await self._jobs.cancel(item.ref)
                with self._store.transaction() as tx:
                    now = self._clock.now()
                    groups = targets.deregister(tx, item, now)
                    history.deregistered(tx, item, self._ids, now, groups)
                    runs = status == "RUNNING"
                    self._see(
                        tx,
                        item,
                        status="DEACTIVATING" if runs else "STOPPING",
                        stopping_at=now,
                        targets=targets.look(tx, item),
                    )
                return None

    def _drain(self, step: _Step) -> float | None:
        item, now = step.item, self._clock.now()
        with self._store.transaction() as tx:
            item = self._see(tx, item, targets=targets.look(tx, item))
            over = plan.all_ended({each.name: each for each in item.observed.containers})
            left = 0.0
            if not over and not targets.drained(item.observed.targets):
                since = item.observed.stopping_at or now
                limit = self._waits.seconds(targets.longest_delay(tx, item))
                left = limit + _DRAIN_MARGIN_SECONDS - (now - since).total_seconds()
            if left > 0:
                return left
            self._see(tx, item, status="STOPPING")
        return None

    async def _end_containers(self, step: _Step) -> float | None:
        item = step.item
        if any(each.running for each in step.boxes.values()):
            job = self._jobs.ended(item.ref, "stop")
            if job is not None:
                self._jobs.forget(item.ref, "stop")
                job.result()
            self._jobs.ensure(item.ref, "stop", lambda: self._stop_in_waves(step))
            return None
        self._jobs.forget(item.ref, "stop")
        with self._store.transaction() as tx:
            containers = tuple(
                msgspec.structs.replace(each, status="STOPPED") for each in item.observed.containers
            )
            self._see(
                tx,
                item,
                status="DEPROVISIONING",
                containers=containers,
                execution_stopped_at=self._clock.now(),
            )
        return None

    async def _stop_in_waves(self, step: _Step) -> None:
        """Stop containers, dependents first. A stop timeout is the program's own time: it is
        never compressed.
        """
        waves = plan.stop_waves(step.definition.containers)
        for wave in waves:
            await asyncio.gather(
                *(
                    self._stop_one(step.boxes[each.name], specs.stop_timeout(each))
                    for each in wave
                    if each.name in step.boxes
                )
            )
        known = {each.name for wave in waves for each in wave}
        for name, box in step.boxes.items():
            if name not in known:
                await self._stop_one(box, specs.DEFAULT_STOP_TIMEOUT)

    async def _stop_one(self, box: Container, patience: float) -> None:
        with contextlib.suppress(NotFoundInEngine):
            await self._engine.stop(box.id, timeout=patience)

    async def _deprovision(self, step: _Step) -> float | None:
        item = step.item
        if step.pause is not None:
            await self._engine.remove(step.pause.id, force=True)
        with self._store.transaction() as tx:
            give_back(tx, item.scope, task_arn(item.scope, item.desired.cluster, item.desired.id))
            self._see(tx, item, status="STOPPED", stopped_at=self._clock.now())
        return None

    async def _clear(self, item: Item_) -> float | None:
        """Remove the containers once their output has been read; later forget the task."""
        await self._jobs.cancel(item.ref)
        if not item.observed.removed:
            _, definition = self._read(item.ref)
            left = await self._garbage.clear(item, definition)
            if left is not None:
                return left
            with self._store.transaction() as tx:
                self._see(tx, item, removed=True)
        return self._garbage.forget(item.ref)

    # Observing

    async def _observe(
        self,
        item: Item_,
        definition: TaskDefinition,
        boxes: Mapping[str, Container],
        pause: Container | None,
    ) -> Item_:
        """Keep what the engine shows, and whether the task can go on with it."""
        now = self._clock.now()
        seen = await observe_containers(
            self._engine, item.observed.containers, definition, boxes, now
        )
        by_name = {each.name: each for each in seen}
        with self._store.transaction() as tx:
            item = self._see(
                tx, item, containers=seen, health=plan.health(definition.containers, by_name)
            )
            if stop_of(item) is not None:
                return item
            why = plan.failure(definition.containers, by_name, now)
            if why is None and item.observed.status == "RUNNING":
                why = _lost_network(pause)
            if not definition.containers:
                why = plan.Failure("TaskFailedToStart", "The task definition does not exist.")
            return item if why is None else self._fail(tx, item, why)

    def _fail(self, tx: Transaction, item: Item_, why: plan.Failure) -> Item_:
        now = self._clock.now()
        kept = self._see(tx, item, stop=Stop(why.code, why.reason, now))
        history.failed(tx, kept, self._ids, now, self._waits)
        return kept

    def _fail_container(self, item: Item_, container: ContainerDefinition, reason: str) -> None:
        """A container that cannot be had: the task stops with its reason."""
        with self._store.transaction() as tx:
            kept = history.container(tx, item.ref, container.name, reason=reason, status="STOPPED")
            if kept is not None and stop_of(kept) is None:
                self._fail(tx, kept, plan.Failure("TaskFailedToStart", reason))

    def _see(self, tx: Transaction, item: Item_, **changes: Any) -> Item_:
        """Change what was seen of a task, on top of what is kept now."""
        kept = tx.get(TASKS, item.scope, item.key)
        if kept is None:
            return item
        return tx.observe(TASKS, item.ref, msgspec.structs.replace(kept.observed, **changes))


def _passes(item: Item_, definition: TaskDefinition) -> bool:
    """Whether the task has passed every check that it has, at least one."""
    checked = any(each.essential and plan.has_check(each) for each in definition.containers)
    if not checked and not item.observed.targets:
        return False
    return (not checked or item.observed.health == "HEALTHY") and all(
        target.state == "healthy" for target in item.observed.targets
    )


def _lost_network(pause: Container | None) -> plan.Failure | None:
    if pause is not None and pause.running:
        return None
    return plan.Failure(
        "EssentialContainerExited",
        "Essential container in task exited: the task's network was taken down",
    )


def _interface(taken: Item[NetworkInterface, Any]) -> Interface:
    own = taken.desired
    return Interface(taken.key, own.attachment_id, own.subnet_id, own.mac, own.private_ip)


def _vpc_of(tx: Transaction, item: Item_) -> str:
    interface = item.observed.interface
    found = tx.get(NETWORK_INTERFACES, item.scope, interface.id) if interface else None
    return found.desired.vpc_id if found else ""


def _is_own(container: Container) -> bool:
    return specs.CONTAINER_LABEL in container.labels


def _its_task(change: Change) -> Iterable[Ref]:
    ref = task_ref(change.item.desired.owner)
    return () if ref is None else (ref,)
