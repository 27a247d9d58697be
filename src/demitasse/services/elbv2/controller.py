"""Keeps load balancers true: compiles, applies, observes, and keeps what was observed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Enqueue, Interest
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import Resync
from demitasse.engines.traffic import spec
from demitasse.engines.traffic.observation import Observation
from demitasse.engines.traffic.protocol import Traffic
from demitasse.errors import EngineError, NotFoundInEngine
from demitasse.services.ec2.records import (
    NETWORK_INTERFACES,
    SECURITY_GROUPS,
    VPCS,
    VpcObserved,
)
from demitasse.services.elbv2 import idle, plan
from demitasse.services.elbv2.arns import engine_id, kind_of
from demitasse.services.elbv2.look import look, permissions_of, referred_to
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGET_GROUPS,
    TARGETS,
    Applied,
    LoadBalancerObserved,
    digest,
    load_balancer_of,
)
from demitasse.store import Change, Kind, Ref, Store, Transaction

log = logging.getLogger(__name__)

_FIRST_RETRY, _LAST_RETRY = 0.5, 8.0  # a start that fails costs a container each time
_AGAIN_WHEN_GONE = 0.2
_AT_MOST_EVERY = 5.0  # applying again what the engine does not show
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
        self._traffic = traffic
        self._clock = clock
        self._waits = waits
        self._containers = containers
        # What was applied last, and when: only to spare the engine; nothing is lost with it.
        self._applied: dict[Ref, tuple[spec.LoadBalancer, float]] = {}
        self._failures: dict[Ref, int] = {}

    # what to look at, when

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {
            LOAD_BALANCERS: lambda change: (change.ref,) if _asked(change) else (),
            LISTENERS: _its_load_balancers,
            RULES: _its_load_balancers,
            TARGET_GROUPS: self._of_group,
            TARGETS: self._of_target,
            SECURITY_GROUPS: self._of_security_group,
            NETWORK_INTERFACES: self._of_interface,
            VPCS: self._of_vpc,
        }

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return [*tx.refs(LOAD_BALANCERS), *tx.refs(TARGET_GROUPS)]

    def _of_group(self, change: Change) -> Iterable[Ref]:
        return self._users(change, change.ref.key) if _asked(change) else ()

    def _of_target(self, change: Change) -> Iterable[Ref]:
        if not _asked(change):
            return ()
        return self._users(change, change.item.desired.target_group_arn)

    def _users(self, change: Change, target_group: str) -> Iterable[Ref]:
        with self._store.transaction() as tx:
            arn = load_balancer_of(tx, change.ref.scope, target_group)
        return (Ref(change.ref.scope, target_group if arn is None else arn),)

    def _of_security_group(self, change: Change) -> Iterable[Ref]:
        return self._found(change, ("group", change.ref.key))

    def _of_vpc(self, change: Change) -> Iterable[Ref]:
        return self._found(change, ("vpc", change.ref.key))

    def _found(self, change: Change, where: tuple[str, str]) -> Iterable[Ref]:
        with self._store.transaction() as tx:
            return [item.ref for item in tx.page(LOAD_BALANCERS, change.ref.scope, where=where)]

    def _of_interface(self, change: Change) -> Iterable[Ref]:
        """Load balancers that admit the members of a group which the interface joins or leaves."""
        groups = {
            group
            for side in (change.before, change.after)
            if side is not None
            for group in side.desired.security_groups
        }
        with self._store.transaction() as tx:
            return [
                item.ref
                for item in tx.page(LOAD_BALANCERS, change.ref.scope)
                if groups & referred_to(permissions_of(tx, item.ref, item.desired))
            ]

    async def listen(self, enqueue: Enqueue) -> None:
        await self._remove_orphans()
        if self._containers is None:
            return
        async for event in self._containers.events():
            if isinstance(event, Resync):
                self._applied.clear()
                for ref in self._refs().values():
                    enqueue(ref)
            elif event.action in _ENDED:
                # Only of one that served: ends of attempts to start it say nothing new.
                for name, ref in self._refs().items():
                    if event.name.endswith(name) and ref in self._applied:
                        self._applied.pop(ref)
                        enqueue(ref)

    def _refs(self) -> dict[str, Ref]:
        with self._store.transaction() as tx:
            return {engine_id(ref.key): ref for ref in tx.refs(LOAD_BALANCERS)}

    async def _remove_orphans(self) -> None:
        """Stop what runs without a record: deleted while nobody was there to carry it out."""
        running = await self._traffic.running()
        for orphan in running - self._refs().keys():
            log.info("load balancer %s has no record any more: removing it", orphan)
            await self._traffic.remove(orphan)

    # the loop

    async def reconcile(self, ref: Ref) -> float | None:
        if kind_of(ref.key) == "target group":
            with self._store.transaction() as tx:
                idle.forget(tx, ref)
            return None
        with self._store.transaction() as tx:
            view = look(tx, ref)
            network = VpcObserved() if view is None else _network(tx, ref, view)
        if view is None:
            await self._traffic.remove(engine_id(ref.key))
            self._applied.pop(ref, None)
            self._failures.pop(ref, None)
            return None
        if not network.network:
            if network.error:
                self._trouble(ref, view, network.error)
            return None  # the VPC's network is on its way; its change comes here
        wanted = plan.compile_spec(view, self._waits)
        troubled = not await self._apply(ref, view, wanted)
        observation = await self._observe(ref, wanted)
        found = plan.findings(view, observation, self._clock.now(), self._waits)
        self._keep(ref, found)
        if troubled:
            return self._retry(ref)
        return _AGAIN_WHEN_GONE if observation is None else found.again

    async def _apply(self, ref: Ref, view: plan.View, wanted: spec.LoadBalancer) -> bool:
        """Bring the engine to what is wanted, unless it is there; whether that is so now."""
        applied = self._applied.get(ref)
        if applied is None or applied[0] != wanted:
            self._applied.pop(ref, None)
            try:
                await self._traffic.apply(wanted)
            except EngineError as error:
                self._trouble(ref, view, str(error))
                return False
            self._failures.pop(ref, None)
            self._applied[ref] = (wanted, self._clock.monotonic())
        self._carried_out(ref, view)
        return True

    def _retry(self, ref: Ref) -> float:
        """How long to wait after a failure: longer each time."""
        count = self._failures.get(ref, 0)
        self._failures[ref] = count + 1
        return float(min(_FIRST_RETRY * 2 ** min(count, 8), _LAST_RETRY))

    async def _observe(self, ref: Ref, wanted: spec.LoadBalancer) -> Observation | None:
        """What the engine sees; ``None`` when it shows nothing, and then it is applied again."""
        try:
            observation = await self._traffic.observe(wanted.id)
        except NotFoundInEngine:
            self._applied.pop(ref, None)
            return None
        except EngineError as error:
            log.debug("load balancer %s cannot be observed: %s", wanted.id, error)
            self._applied.pop(ref, None)
            return None
        _, since = self._applied.get(ref, (wanted, 0.0))
        stale = self._clock.monotonic() - since > _AT_MOST_EVERY
        if stale and not plan.shows(wanted, observation):
            self._applied.pop(ref, None)
        return observation

    # what is kept

    def _carried_out(self, ref: Ref, view: plan.View) -> None:
        """Keep that the data plane does what the records said when they were looked at."""
        listeners = [
            (item.ref, Applied(digest(item.desired)))
            for item in view.listeners
            if item.observed.digest != digest(item.desired)
        ]
        rules = [
            (item.ref, Applied(digest(item.desired)))
            for item in view.rules
            if item.observed.digest != digest(item.desired)
        ]
        active = LoadBalancerObserved("active")
        if not listeners and not rules and view.balancer.observed == active:
            return
        with self._store.transaction() as tx:
            for place, applied in listeners:
                if tx.get(LISTENERS, *place) is not None:
                    tx.observe(LISTENERS, place, applied)
            for place, applied in rules:
                if tx.get(RULES, *place) is not None:
                    tx.observe(RULES, place, applied)
            if tx.get(LOAD_BALANCERS, *ref) is not None:
                tx.observe(LOAD_BALANCERS, ref, active)

    def _trouble(self, ref: Ref, view: plan.View, reason: str) -> None:
        """Keep why the load balancer does not do what is asked; what ran before goes on."""
        served = view.balancer.observed.state in {"active", "active_impaired"}
        observed = LoadBalancerObserved("active_impaired" if served else "failed", reason)
        if observed == view.balancer.observed:
            return
        log.warning("load balancer %s: %s", view.balancer.desired.name, reason)
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


def _network(tx: Transaction, ref: Ref, view: plan.View) -> VpcObserved:
    vpc = tx.get(VPCS, ref.scope, view.balancer.desired.vpc_id)
    return VpcObserved() if vpc is None else vpc.observed


def _asked(change: Change) -> bool:
    """Whether something else is desired than before."""
    before, after = change.before, change.after
    return before is None or after is None or before.desired != after.desired


def _its_load_balancers(change: Change) -> Iterable[Ref]:
    if not _asked(change):
        return ()
    return (Ref(change.ref.scope, change.item.desired.load_balancer_arn), *idle.left(change))
