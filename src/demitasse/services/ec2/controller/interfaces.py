"""Has each network interface admit what its security groups do."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from demitasse.control import Controller, Enqueue, Interest
from demitasse.engines.containers.observation import Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.firewall.protocol import Firewall
from demitasse.engines.firewall.spec import Filter
from demitasse.errors import NotFoundInEngine
from demitasse.services.ec2 import plan
from demitasse.services.ec2.records import (
    INTERFACE_LABEL,
    NETWORK_INTERFACES,
    SECURITY_GROUPS,
    VPCS,
    NetworkInterface,
    NetworkInterfaceObserved,
    interface_arn,
    interface_ref,
    is_on_machine,
)
from demitasse.store import Change, Item, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0

MACHINE = "machine"
"""Where an interface is filtered whose address is the machine's own; else a container's id."""


class InterfaceController(Controller):
    """One interface at a time. What it admits changes with its groups, and with the members of
    groups that their rules refer to.

    A container that carries an interface says so by ``INTERFACE_LABEL``, and starts nothing that
    could be reached before the record's ``filtered_in`` names it.
    """

    name = "ec2.network-interface"

    def __init__(self, *, store: Store, containers: ContainerEngine, firewall: Firewall) -> None:
        self._store = store
        self._containers = containers
        self._firewall = firewall
        self._in_force: dict[Ref, tuple[str, Filter]] = {}

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {NETWORK_INTERFACES: self._of_interface, SECURITY_GROUPS: self._of_group}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(NETWORK_INTERFACES)

    def _of_interface(self, change: Change) -> Iterable[Ref]:
        """Itself, and who admits the members of a group that it joins or leaves."""
        if not change.asked:
            return ()
        before, after = (
            set() if side is None else {*side.desired.security_groups}
            for side in (change.before, change.after)
        )
        with self._store.transaction() as tx:
            admitting = {
                item.ref
                for group in before ^ after
                for referring in _referring(tx, change.ref, group)
                for item in _members(tx, change.ref, referring)
            }
        return {change.ref, *admitting}

    def _of_group(self, change: Change) -> Iterable[Ref]:
        if not change.asked:
            return ()
        with self._store.transaction() as tx:
            return [item.ref for item in _members(tx, change.ref, change.ref.key)]

    async def listen(self, enqueue: Enqueue) -> None:
        """Look again whenever a container that carries an interface starts."""
        problem = await self._firewall.problem()
        if problem:
            log.warning("security groups are not in force on this machine: %s", problem)
        else:
            await self._unguard_unknown()
        async for event in self._containers.events():
            if isinstance(event, Resync):
                self._in_force.clear()
                with self._store.transaction() as tx:
                    refs = tx.refs(NETWORK_INTERFACES)
                for ref in refs:
                    enqueue(ref)
            elif event.action == "start" and INTERFACE_LABEL in event.labels:
                ref = interface_ref(event.labels[INTERFACE_LABEL])
                self._in_force.pop(ref, None)  # also of the same container: its network is new
                enqueue(ref)

    async def _unguard_unknown(self) -> None:
        """What was deleted while nobody was there to carry it out."""
        guarded = await self._firewall.guarded()
        with self._store.transaction() as tx:
            known = {ref.key for ref in tx.refs(NETWORK_INTERFACES)}
        await self._firewall.unguard(*(guarded - known))

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            view = look(tx, ref)
        if view is None:
            await self._forget(ref)
            return None
        place = await self._place(ref, view.interface)
        if place is None:
            # When its container starts, that comes here; but what is waited for must not hang on
            # an event alone.
            return _LOOK_SECONDS if view.interface.owner else None
        problem = await self._firewall.problem()
        wanted = plan.filter_of(view)
        if not problem and self._in_force.get(ref) != (place, wanted):
            try:
                await self._firewall.guard(wanted, None if place == MACHINE else place)
            except NotFoundInEngine:
                return _LOOK_SECONDS  # it has just gone
            self._in_force[ref] = place, wanted
        self._observe(ref, NetworkInterfaceObserved(place, problem))
        return None

    async def _forget(self, ref: Ref) -> None:
        """A container's filter ends with it; the machine stays."""
        place, _ = self._in_force.pop(ref, (MACHINE, None))
        if place == MACHINE and not await self._firewall.problem():
            await self._firewall.unguard(ref.key)

    async def _place(self, ref: Ref, interface: NetworkInterface) -> str | None:
        if is_on_machine(interface):
            return MACHINE
        for each in await self._containers.list({INTERFACE_LABEL: interface_arn(ref)}):
            # Docker tells that a container has started before its list shows that it runs.
            with contextlib.suppress(NotFoundInEngine):
                if each.running or (await self._containers.inspect(each.id)).running:
                    return each.id
        return None

    def _observe(self, ref: Ref, observed: NetworkInterfaceObserved) -> None:
        with self._store.transaction() as tx:
            item = tx.get(NETWORK_INTERFACES, ref.scope, ref.key)
            if item is not None and item.observed != observed:
                tx.observe(NETWORK_INTERFACES, ref, observed)


def look(tx: Transaction, ref: Ref) -> plan.View | None:
    """All that decides what an interface admits; ``None`` when it does not exist any more."""
    item = tx.get(NETWORK_INTERFACES, ref.scope, ref.key)
    vpc = tx.get(VPCS, ref.scope, item.desired.vpc_id) if item is not None else None
    if item is None or vpc is None:
        return None
    found = (tx.get(SECURITY_GROUPS, ref.scope, key) for key in item.desired.security_groups)
    groups = [group for group in found if group]
    permissions = tuple(one for group in groups for one in group.desired.permissions)
    return plan.View(
        key=ref.key,
        interface=item.desired,
        permissions=permissions,
        members={
            group: tuple(each.desired.private_ip for each in _members(tx, ref, group))
            for group in {one.group_id for one in permissions if one.group_id}
        },
        block=vpc.desired.cidr,
        unnamed=any(group.desired.is_default_as_made(group.key) for group in groups),
    )


Interface = Item[NetworkInterface, NetworkInterfaceObserved]


def _members(tx: Transaction, near: Ref, group: str) -> Iterable[Interface]:
    return tx.page(NETWORK_INTERFACES, near.scope, where=("group", group))


def _referring(tx: Transaction, near: Ref, group: str) -> Iterator[str]:
    """The groups whose rules refer to a group; it may be among them."""
    itself = tx.get(SECURITY_GROUPS, near.scope, group)
    if itself and any(one.group_id == group for one in itself.desired.permissions):
        yield group
    for item in tx.page(SECURITY_GROUPS, near.scope, where=("peer", group)):
        yield item.key
