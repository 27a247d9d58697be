"""Keeps load balancers true: compiles, applies, observes, and keeps what was observed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Enqueue, Interest
from demitasse.engines.containers.observation import Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.traffic.protocol import Traffic
from demitasse.services.ec2.records import VPCS, carried_by
from demitasse.services.elbv2 import idle, plan
from demitasse.services.elbv2.arns import engine_id, kind_of
from demitasse.services.elbv2.data_plane import Brought, DataPlane
from demitasse.services.elbv2.look import look
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    TARGETS,
    Applied,
    LoadBalancerObserved,
    carried_out,
    digest,
    load_balancer_of,
)
from demitasse.store import Change, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

_AGAIN_WHEN_GONE = 0.2
_ENDED = frozenset({"die", "oom", "stop", "kill", "destroy"})


class LoadBalancerController(Controller):
    """One load balancer at a time, by its ARN; and, by its own, each target group out of use.

    ``containers`` tells at once when a load balancer's container ends; without it that is seen
    within a second.
    """

    name = "elbv2.load-balancer"

    def __init__(
        self,
        *,
        store: Store,
        traffic: Traffic,
        clock: Clock,
        waits: Waits,
        containers: ContainerEngine | None = None,
    ) -> None:
        self._store = store
        self._engine = DataPlane(traffic, clock)
        self._clock = clock
        self._waits = waits
        self._containers = containers

    # what to look at, when

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {
            LOAD_BALANCERS: lambda change: (change.ref,) if change.asked else (),
            LISTENERS: _its_load_balancers,
            RULES: _its_load_balancers,
            TARGET_GROUPS: self._of_group,
            TARGETS: self._of_target,
            VPCS: self._of_vpc,
        }

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return [*tx.refs(LOAD_BALANCERS), *tx.refs(TARGET_GROUPS)]

    def _of_group(self, change: Change) -> Iterable[Ref]:
        return self._users(change, change.ref.key) if change.asked else ()

    def _of_target(self, change: Change) -> Iterable[Ref]:
        if not change.asked:
            return ()
        return self._users(change, change.item.desired.target_group_arn)

    def _users(self, change: Change, target_group: str) -> Iterable[Ref]:
        with self._store.transaction() as tx:
            arn = load_balancer_of(tx, change.ref.scope, target_group)
        return (Ref(change.ref.scope, target_group if arn is None else arn),)

    def _of_vpc(self, change: Change) -> Iterable[Ref]:
        where = ("vpc", change.ref.key)
        with self._store.transaction() as tx:
            return [item.ref for item in tx.page(LOAD_BALANCERS, change.ref.scope, where=where)]

    async def listen(self, enqueue: Enqueue) -> None:
        await self._engine.remove_others(frozenset(self._refs()))
        if self._containers is None:
            return
        async for event in self._containers.events():
            if isinstance(event, Resync):
                self._engine.doubt_all()
                for ref in self._refs().values():
                    enqueue(ref)
            elif event.action in _ENDED:
                # Only of one that served: ends of attempts to start it say nothing new.
                for name, ref in self._refs().items():
                    if event.name.endswith(name) and self._engine.serves(name):
                        self._engine.doubt(name)
                        enqueue(ref)

    def _refs(self) -> dict[str, Ref]:
        with self._store.transaction() as tx:
            return {engine_id(ref.key): ref for ref in tx.refs(LOAD_BALANCERS)}

    # the loop

    async def reconcile(self, ref: Ref) -> float | None:
        if kind_of(ref.key) == "target group":
            with self._store.transaction() as tx:
                idle.forget(tx, ref)
            return None
        with self._store.transaction() as tx:
            view = look(tx, ref)
            if view is not None:
                network = carried_by(tx, ref.scope, view.balancer.desired.vpc_id)
        if view is None:
            await self._engine.remove(engine_id(ref.key))
            return None
        if not network.network:
            if network.error:
                self._state(ref, view, _troubled(view, network.error))
            return None  # the VPC's network is on its way; its change comes here
        wanted = plan.compile_spec(view, self._waits)
        brought = await self._engine.bring(wanted)
        if brought.made is not None:
            self._carried_out(ref, view, brought)
        else:
            self._state(ref, view, _troubled(view, brought.problem))
        observation = await self._engine.observe(brought.made or wanted)
        found = plan.findings(view, observation, self._clock.now(), self._waits)
        self._keep(ref, found)
        if brought.made is None:
            return brought.again
        return _AGAIN_WHEN_GONE if observation is None else found.again

    # what is kept

    def _carried_out(self, ref: Ref, view: plan.View, brought: Brought) -> None:
        """Keep that the data plane does what the records said when they were looked at."""
        ports = {listener.port for listener in brought.made.listeners} if brought.made else set()
        serving = {item.key for item in view.listeners if item.desired.port in ports}
        listeners = [
            (item.ref, Applied(digest(item.desired)))
            for item in view.listeners
            if item.key in serving and not carried_out(item)
        ]
        rules = [
            (item.ref, Applied(digest(item.desired)))
            for item in view.rules
            if item.desired.listener_arn in serving and not carried_out(item)
        ]
        if listeners or rules:
            with self._store.transaction() as tx:
                for place, applied in listeners:
                    if tx.get(LISTENERS, *place) is not None:
                        tx.observe(LISTENERS, place, applied)
                for place, applied in rules:
                    if tx.get(RULES, *place) is not None:
                        tx.observe(RULES, place, applied)
        code = "active_impaired" if brought.problem else "active"
        self._state(ref, view, LoadBalancerObserved(code, brought.problem))

    def _state(self, ref: Ref, view: plan.View, observed: LoadBalancerObserved) -> None:
        """Keep the load balancer's state, and log why it is not active."""
        if observed == view.balancer.observed:
            return
        if observed.reason:
            log.warning("load balancer %s: %s", view.balancer.desired.name, observed.reason)
        with self._store.transaction() as tx:
            if tx.get(LOAD_BALANCERS, *ref) is not None:
                tx.observe(LOAD_BALANCERS, ref, observed)

    def _keep(self, ref: Ref, found: plan.Findings) -> None:
        with self._store.transaction() as tx:
            for key, health in found.seen.items():
                item = tx.get(TARGETS, ref.scope, key)
                if item is not None and item.desired.registered_at == health.registered_at:
                    tx.observe(TARGETS, item.ref, health)
            for key, since in found.drained.items():
                item = tx.get(TARGETS, ref.scope, key)
                if item is not None and item.desired.deregistered_at == since:
                    tx.delete(TARGETS, item.ref)


def _troubled(view: plan.View, reason: str) -> LoadBalancerObserved:
    """Nothing of what is asked could be done; what ran before goes on."""
    served = view.balancer.observed.state in {"active", "active_impaired"}
    return LoadBalancerObserved("active_impaired" if served else "failed", reason)


def _its_load_balancers(change: Change) -> Iterable[Ref]:
    if not change.asked:
        return ()
    return (Ref(change.ref.scope, change.item.desired.load_balancer_arn), *idle.left(change))
