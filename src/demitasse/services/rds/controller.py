"""Keeps DB instances as they are asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import msgspec

from demitasse.clock import Clock
from demitasse.control import Controller, Enqueue, Interest, own
from demitasse.engines.addresses import Addresses
from demitasse.engines.containers.errors import CannotPull, NameConflict
from demitasse.engines.containers.observation import Event, Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import VolumeSpec
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine
from demitasse.services.ec2.records import VpcObserved, carried_by, give_back
from demitasse.services.rds import servers
from demitasse.services.rds.events import Happened, tell
from demitasse.services.rds.plan import Seen, Step, next_step, status
from demitasse.services.rds.records import (
    DB_INSTANCES,
    SUBNET_GROUPS,
    DbInstance,
    DbInstanceObserved,
)
from demitasse.store import Item, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

_SOON = 0.3
_CALM = 60.0
_NETWORK_AGAIN = 5.0
_STOP_SECONDS = 60.0
_TELLING = frozenset({"start", "die", "destroy"})

Instance = Item[DbInstance, DbInstanceObserved]


class DbInstanceController(Controller):
    """One database server per DB instance: container, volume and address."""

    name = "rds.db-instance"

    def __init__(
        self, *, store: Store, containers: ContainerEngine, addresses: Addresses, clock: Clock
    ) -> None:
        self._store = store
        self._clock = clock
        self._containers = containers
        self._addresses = addresses

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {DB_INSTANCES: own}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(DB_INSTANCES)

    async def listen(self, enqueue: Enqueue) -> None:
        """Look again whenever something happens to a database's container."""
        async for event in self._containers.events():
            if isinstance(event, Resync) or _tells(event):
                with self._store.transaction() as tx:
                    refs = tx.refs(DB_INSTANCES)
                for ref in refs:
                    enqueue(ref)

    async def reconcile(self, ref: Ref) -> float | None:
        instance = self._read(ref)
        if instance is None:
            return None
        container = await self._look(instance)
        step = next_step(instance.desired, instance.observed, container)
        self._note(ref, status=status(instance.desired, instance.observed, step))
        if step in (Step.CREATE, Step.START):
            network = self._network(instance)
            if network.error:
                self._fail(instance, f"The network of its VPC cannot be made: {network.error}")
                return _NETWORK_AGAIN
            if not network.network:
                return _SOON
        try:
            return await self._take(step, instance)
        except (EngineUnavailable, NotFoundInEngine):
            raise
        except CannotPull as error:
            self._fail(instance, str(error))
            raise
        except EngineError as error:
            self._note(ref, message=str(error))
            raise

    async def _take(self, step: Step, instance: Instance) -> float | None:
        ref, desired = instance.ref, instance.desired
        name = servers.container_name(desired)
        if step is Step.CREATE:
            await self._create(instance)
        elif step is Step.REPLACE:
            await self._containers.stop(name, timeout=_STOP_SECONDS)
            await self._containers.remove(name, force=True)
        elif step is Step.START:
            await self._addresses.add(desired.address)
            await self._containers.start(name)
            was_stopped = instance.observed.status == "stopped"
            self._note(ref, Happened.STARTED if was_stopped else Happened.RESTARTED)
        elif step is Step.REBOOT:
            await self._containers.stop(name, timeout=_STOP_SECONDS)
            self._note(ref, Happened.SHUT_DOWN)
            await self._containers.start(name)
            self._note(ref, Happened.RESTARTED, reboots=desired.reboots)
        elif step is Step.STOP:
            await self._stop(name)
            self._note(ref, Happened.STOPPED, status="stopped", message="")
            return None
        elif step is Step.DESTROY:
            await self._destroy(instance)
            return None
        elif step is Step.SET_UP:
            if await self._run(desired, *servers.set_up(desired)):
                told_before = bool(instance.observed.login)
                self._note(
                    ref,
                    Happened.NEW_PASSWORD if told_before else None,
                    login=servers.login_digest(desired),
                )
        elif step is Step.LOG_IN:
            if await self._run(desired, *servers.log_in(desired)):
                created = None if instance.observed.was_available else Happened.CREATED
                self._note(ref, created, status="available", message="", was_available=True)
                return _CALM
            if instance.observed.status == "available":
                self._note(ref, status="starting")
        return _SOON

    async def _create(self, instance: Instance) -> None:
        spec = servers.container(instance.key, instance.desired)
        if await self._containers.image(spec.image) is None:
            await self._containers.pull(spec.image)
        labels = {"demitasse.kind": "database", "demitasse.database": instance.key}
        await self._containers.ensure_volume(VolumeSpec(name=spec.name, labels=labels))
        await self._addresses.add(instance.desired.address)
        await self._containers.create(spec)
        await self._containers.start(spec.name)

    async def _destroy(self, instance: Instance) -> None:
        name = servers.container_name(instance.desired)
        await self._stop(name)
        await self._containers.remove(name, force=True)
        await self._containers.remove_volume(name)
        await self._addresses.remove(instance.desired.address)
        with self._store.transaction() as tx:
            give_back(tx, instance.scope, owner(instance))
            tx.delete(DB_INSTANCES, instance.ref)
            tell(tx, instance.scope, instance.key, Happened.DELETED, self._clock.now())

    async def _stop(self, name: str) -> None:
        try:
            await self._containers.stop(name, timeout=_STOP_SECONDS)
        except NotFoundInEngine:
            return

    async def _look(self, instance: Instance) -> Seen | None:
        spec = servers.container(instance.key, instance.desired)
        try:
            found = await self._containers.inspect(spec.name)
        except NotFoundInEngine:
            return None
        return Seen(found.state == "running", found.labels.get("demitasse.spec") == spec.digest())

    async def _run(self, desired: DbInstance, argv: tuple[str, ...], environment: Any) -> bool:
        """Run a client beside the server; whether it was content."""
        try:
            done = await self._containers.exec(
                servers.container_name(desired), argv, timeout=10, environment=environment
            )
        except (NameConflict, NotFoundInEngine, TimeoutError):
            return False
        except EngineError as error:
            log.debug("%s: %s", argv[0], error)  # it has just stopped; its event is on the way
            return False
        return done.exit_code == 0

    def _network(self, instance: Instance) -> VpcObserved:
        """How the VPC is carried that its address is of: what has none would take another's."""
        with self._store.transaction() as tx:
            group = tx.get(SUBNET_GROUPS, instance.scope, instance.desired.subnet_group)
            return carried_by(tx, instance.scope, group.desired.vpc_id if group else "")

    def _fail(self, instance: Instance, why: str) -> None:
        """Note what keeps it from serving; who waits for a new one may stop. It is tried again."""
        state: dict[str, Any] = {} if instance.observed.was_available else {"status": "failed"}
        self._note(instance.ref, message=why, **state)

    def _read(self, ref: Ref) -> Instance | None:
        with self._store.transaction() as tx:
            return tx.get(DB_INSTANCES, ref.scope, ref.key)

    def _note(self, ref: Ref, what: Happened | None = None, **seen: Any) -> None:
        with self._store.transaction() as tx:
            item = tx.get(DB_INSTANCES, ref.scope, ref.key)
            if item is not None:
                tx.observe(DB_INSTANCES, ref, msgspec.structs.replace(item.observed, **seen))
                if what is not None:
                    tell(tx, ref.scope, ref.key, what, self._clock.now())


def _tells(event: Event) -> bool:
    """Whether an event says that a server runs or no longer does (not: that we asked it)."""
    return event.labels.get("demitasse.kind") == "database" and event.action in _TELLING


def owner(instance: Instance) -> str:
    """Whose the network interface of a DB instance is: its ARN."""
    return instance.scope.arn("rds", f"db:{instance.key}")
