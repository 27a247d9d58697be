"""The steps from PROVISIONING to RUNNING."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from demitasse.engines.containers.errors import CannotPull, CannotStart
from demitasse.engines.containers.observation import Container
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine, ServiceError
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    NetworkInterface,
    carried_by,
    take_address,
)
from demitasse.services.ecs import specs
from demitasse.services.ecs.controller import history, targets
from demitasse.services.ecs.controller.images import Images, Pulled, reference_of
from demitasse.services.ecs.controller.work import Step, TaskItem, Work
from demitasse.services.ecs.making import security_groups
from demitasse.services.ecs.plan import task as plan
from demitasse.services.ecs.plan.overrides import size
from demitasse.services.ecs.plan.resources import shares
from demitasse.services.ecs.records import (
    TASK_SETS,
    ContainerDefinition,
    ContainerSeen,
    Interface,
    task_arn,
    task_set_key,
)
from demitasse.services.logs.records import LOG_SOURCES
from demitasse.store import Item, Transaction

_NETWORK_POLL_SECONDS = 0.2
_LOG_POLL_SECONDS = 0.1
_LIST_POLL_SECONDS = 0.05
_LIST_LAG_SECONDS = 2.0


class Starting:
    """Takes a task from an address to running containers.

    ``processors`` is how many the machine has (``None``: do not limit what is asked for).
    """

    def __init__(self, work: Work, images: Images, processors: float | None) -> None:
        self._work = work
        self._images = images
        self._processors = processors

    def provision(self, step: Step) -> float | None:
        """Take an address; the subnet's VPC gets its network because something lives in it now."""
        item = step.item
        with self._work.store.transaction() as tx:
            now = self._work.clock.now()
            if item.observed.interface is None:
                try:
                    taken = self._take_address(tx, item, now)
                except ServiceError as error:
                    subnet = item.desired.network.subnets[0]
                    self._work.fail(
                        tx,
                        item,
                        plan.Failure(
                            "TaskFailedToStart",
                            "Unexpected EC2 error while attempting to Create Network Interface"
                            f" in subnet '{subnet}': {error.code}",
                        ),
                    )
                    return None
                item = self._work.see(tx, item, interface=_interface(taken))
            vpc = _vpc_of(tx, item)
            carried = carried_by(tx, item.scope, vpc)
            if carried.error:
                reason = f"The network of {vpc} cannot be made: {carried.error}"
                self._work.fail(tx, item, plan.Failure("TaskFailedToStart", reason))
                return None
            if not carried.network:
                return _NETWORK_POLL_SECONDS
            self._work.see(tx, item, status="PENDING")
        return None

    def _take_address(self, tx: Transaction, item: TaskItem, now: datetime) -> Item[Any, Any]:
        own, arn = item.desired, task_arn(item.scope, item.desired.cluster, item.desired.id)
        taken = take_address(
            tx,
            item.scope,
            self._work.ids,
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

    async def hold_network(self, step: Step) -> float | None:
        item, interface = step.item, step.item.observed.interface
        assert interface is not None, item.key  # noqa: S101 - PROVISIONING has taken it
        self._begin_pulls(step)
        if step.pause is None or not step.pause.running:
            with self._work.store.transaction() as tx:
                network = carried_by(tx, item.scope, _vpc_of(tx, item)).network
            if not network:
                return _NETWORK_POLL_SECONDS
            spec = specs.pause_spec(item, interface, network, specs.sysctls(step.definition))
            try:
                await self._work.engine.start(await self._work.engine.create(spec))
            except EngineUnavailable:
                raise
            except EngineError as error:
                # With the next task comes another address.
                reason = f"ResourceInitializationError: unable to set up the network: {error}"
                self._work.fail_to_start(item, reason)
                return None
        with self._work.store.transaction() as tx:
            now = self._work.clock.now()
            self._work.see(tx, item, status="ACTIVATING", connectivity_at=now, pull_started_at=now)
        return None

    def _begin_pulls(self, step: Step) -> None:
        digests = self._digests(step.item)
        for container in step.definition.containers:
            if container.name not in step.boxes:
                image = reference_of(container, digests.get(container.name, ""))
                self._work.jobs.ensure(
                    step.item.ref,
                    f"pull {container.name}",
                    lambda image=image: self._images.pull(step.item.scope, image),  # type: ignore[misc]
                )

    def _digests(self, item: TaskItem) -> Mapping[str, str]:
        own = item.desired
        if not own.task_set:
            return {}
        with self._work.store.transaction() as tx:
            found = tx.get(
                TASK_SETS, item.scope, task_set_key(own.cluster, own.service, own.task_set)
            )
        return found.observed.digests if found else {}

    async def activate(self, step: Step) -> float | None:
        """Start what can start; the task runs once every container has been started."""
        item, containers = step.item, step.definition.containers
        seen = {each.name: each for each in item.observed.containers}
        if plan.all_started(seen):
            self._run(item)
            return None
        if step.pause is None or not step.pause.running:
            with self._work.store.transaction() as tx:
                self._work.see(tx, item, status="PENDING")
            return None
        self._begin_pulls(step)
        if not self._is_filtered(item, step.pause):
            return None
        for container in plan.startable(containers, seen):
            box = step.boxes.get(container.name)
            if box is not None and self._just_started(seen[container.name]):
                # The engine's list is a moment behind.
                return _LIST_POLL_SECONDS
            if box is None:
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
        return plan.next_deadline(containers, seen, self._work.clock.now())

    def _is_filtered(self, item: TaskItem, pause: Container) -> bool:
        """Whether the task's security groups are in force: before that nothing can be reached."""
        assert item.observed.interface is not None, item.key  # noqa: S101 - taken long ago
        with self._work.store.transaction() as tx:
            found = tx.get(NETWORK_INTERFACES, item.scope, item.observed.interface.id)
        return found is not None and found.observed.filtered_in == pause.id

    def _just_started(self, seen: ContainerSeen) -> bool:
        """Whether we started it so lately that it may not be seen to run yet."""
        at = seen.started_at
        return at is not None and (self._work.clock.now() - at).total_seconds() < _LIST_LAG_SECONDS

    async def _pulled(self, item: TaskItem, container: ContainerDefinition) -> Pulled | None:
        """The image, once it is here; ``None`` while it is not, or when it cannot be had."""
        name = f"pull {container.name}"
        job = self._work.jobs.ended(item.ref, name)
        if job is None:
            return None
        try:
            pulled: Pulled = job.result()
        except EngineUnavailable:
            self._work.jobs.forget(item.ref, name)
            raise
        except EngineError as error:
            prefix = "CannotPullContainerError" if isinstance(error, CannotPull) else "Error"
            self._work.fail_container(item, container, f"{prefix}: {error}")
            return None
        with self._work.store.transaction() as tx:
            history.keep_digest(tx, item, container.name, pulled.digest, self._work.clock.now())
        return pulled

    def _can_log(self, item: TaskItem, container: ContainerDefinition) -> bool:
        """Whether the container may start, as far as its log is concerned.

        Its log group must be there, or be made: as on Fargate the task fails otherwise.
        """
        source = specs.log_source(item, container)
        if source is None:
            return True
        name = specs.container_name(item.desired.id, container.name)
        with self._work.store.transaction() as tx:
            scope = history.log_scope(item, container)
            kept = tx.get(LOG_SOURCES, scope, name) or tx.create(LOG_SOURCES, scope, name, source)
        if kept.observed.error:
            self._work.fail_container(item, container, kept.observed.error)
            return False
        return kept.observed.ready

    async def _create(self, step: Step, container: ContainerDefinition, pulled: Pulled) -> bool:
        item = step.item
        cpu, memory = size(step.definition, item.desired)
        spec = specs.container_spec(
            item,
            container,
            image=pulled.reference,
            share=shares(step.definition.containers, cpu, memory)[container.name],
            processors=self._processors,
            waits=self._work.waits,
        )
        try:
            for volume in specs.volume_specs(item, step.definition):
                await self._work.engine.ensure_volume(volume)
            await self._work.engine.create(spec)
        except EngineUnavailable:
            raise
        except EngineError as error:
            self._work.fail_container(item, container, f"CannotCreateContainerError: {error}")
            return False
        return True

    async def _start(self, item: TaskItem, container: ContainerDefinition) -> bool:
        try:
            await self._work.engine.start(specs.container_name(item.desired.id, container.name))
        except EngineUnavailable:
            raise
        except NotFoundInEngine:
            return True  # somebody removed it at this moment: seen at the next look
        except EngineError as error:
            prefix = "CannotStartContainerError" if isinstance(error, CannotStart) else "Error"
            self._work.fail_container(item, container, f"{prefix}: {error}")
            return False
        with self._work.store.transaction() as tx:
            history.container(tx, item.ref, container.name, started_at=self._work.clock.now())
        return True

    def _run(self, item: TaskItem) -> None:
        with self._work.store.transaction() as tx:
            now = self._work.clock.now()
            seen, new = targets.register(tx, item, now)
            self._work.see(
                tx,
                item,
                status="RUNNING",
                started_at=now,
                pull_stopped_at=item.observed.pull_stopped_at or now,
                targets=seen,
                settled=False,
            )
            history.registered(tx, item, self._work.ids, now, new)


def _interface(taken: Item[NetworkInterface, Any]) -> Interface:
    own = taken.desired
    return Interface(taken.key, own.attachment_id, own.subnet_id, own.mac, own.private_ip)


def _vpc_of(tx: Transaction, item: TaskItem) -> str:
    interface = item.observed.interface
    found = tx.get(NETWORK_INTERFACES, item.scope, interface.id) if interface else None
    return found.desired.vpc_id if found else ""
