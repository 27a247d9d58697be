"""The service scheduler: applies ``plan.service`` to one service at a time.

It touches only the store. Its tasks are carried out by the task controller; what that sees of
them comes back as changes of ``TASKS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from demitasse.clock import Clock, Waits
from demitasse.control import Controller, Interest, own
from demitasse.ids import Ids
from demitasse.services.ecs import telling
from demitasse.services.ecs.controller import rollout
from demitasse.services.ecs.controller.view import View, look
from demitasse.services.ecs.making import new_task
from demitasse.services.ecs.plan import service as plan
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    TASKS,
    Service,
    Stop,
    TaskSet,
    TaskSetObserved,
    announce,
    count_failure,
    find_task_definition,
    service_key,
)
from demitasse.store import Change, Item, Kind, Ref, Store, Transaction

INACTIVE_SECONDS = 3600.0
"""How long a deleted service can still be described."""


class ServiceController(Controller):
    """One service at a time, by its key."""

    name = "ecs.service"

    def __init__(self, *, store: Store, clock: Clock, waits: Waits, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._waits = waits
        self._ids = ids

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {SERVICES: own, TASK_SETS: _its_service, TASKS: _its_service}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(SERVICES)

    async def reconcile(self, ref: Ref) -> float | None:
        """One transaction: look, plan, write. Whatever it wrote, it wrote as a whole."""
        with self._store.transaction() as tx:
            item = tx.get(SERVICES, ref.scope, ref.key)
            if item is None:
                return None
            if item.observed.inactive_at is not None:
                return self._forget(tx, ref)
            view = look(tx, item, self._clock.now(), self._waits)
            decided = plan.plan(view.service, view.sets, view.tasks)
            self._start(tx, view, decided.starts)
            self._stop(tx, view, decided.stops)
            if decided.blocked:
                self._blocked(tx, view)
            if decided.starts or decided.stops:
                # The changes just written queue this service again; judge it then.
                rollout.count(tx, view)
                return view.again
            return rollout.judge(tx, view, self._ids)

    def _forget(self, tx: Transaction, ref: Ref) -> float | None:
        item = tx.get(SERVICES, ref.scope, ref.key)
        if item is None or item.observed.inactive_at is None:
            return None
        left = INACTIVE_SECONDS - (self._clock.now() - item.observed.inactive_at).total_seconds()
        if left > 0:
            return left
        tx.delete(SERVICES, ref)
        return None

    def _start(self, tx: Transaction, view: View, starts: Mapping[str, int]) -> None:
        service = view.item.desired
        for identity, count in starts.items():
            task_set = view.task_sets[identity]
            definition = find_task_definition(tx, view.scope, task_set.desired.task_definition)
            if definition is None or task_set.desired.network is None:
                self._unable(tx, view, task_set)
                continue
            used = view.used(identity)
            started = [
                new_task(
                    tx,
                    view.scope,
                    self._ids,
                    view.now,
                    cluster=service.cluster,
                    task_definition=task_set.desired.task_definition,
                    network=task_set.desired.network,
                    group=f"service:{service.name}",
                    containers=tuple(each.name for each in definition.desired.containers),
                    used=used,
                    strategy=task_set.desired.strategy,
                    started_by=identity,
                    launch_type=task_set.desired.launch_type,
                    service=service.name,
                    task_set=identity,
                    load_balancers=task_set.desired.load_balancers,
                    tags=_tags(service, definition.desired.tags),
                ).desired.id
                for _ in range(count)
            ]
            listed = " ".join(f"(task {each})" for each in started)
            self._say(tx, view, f"{view.who(identity)} has started {count} tasks: {listed}.")

    def _stop(self, tx: Transaction, view: View, stops: Sequence[str]) -> None:
        by_set: dict[str, list[str]] = {}
        for key in stops:
            item = view.items[key]
            reason = view.unfit.get(key)
            if reason is not None:
                # A task that was healthy before and fell ill is no sign of a bad deployment.
                if not item.observed.settled:
                    self._failed(tx, view, item.desired.task_set, reason)
                for message in view.complaints.get(key, ()):
                    self._say(tx, view, message)
            else:
                reason = f"Scaling activity initiated by (deployment {item.desired.task_set})"
            stop = Stop("ServiceSchedulerInitiated", reason, view.now)
            telling.stop_task(tx, item, stop, self._ids)
            if item.observed.status == "RUNNING":
                by_set.setdefault(item.desired.task_set, []).append(item.desired.id)
        for identity, stopped in by_set.items():
            listed = " ".join(f"(task {each})" for each in stopped)
            count = len(stopped)
            self._say(
                tx, view, f"{view.who(identity)} has stopped {count} running tasks: {listed}."
            )

    def _failed(self, tx: Transaction, view: View, identity: str, reason: str) -> None:
        ref = Ref(view.scope, f"{view.item.key}/{identity}")
        count = count_failure(tx, ref, reason, view.now)
        if count == plan.CONSISTENTLY:
            self._say(tx, view, rollout.unable_to_start(view.item.desired.name))
            telling.service(tx, view.item.ref, "SERVICE_TASK_START_IMPAIRED", self._ids, view.now)

    def _unable(
        self, tx: Transaction, view: View, task_set: Item[TaskSet, TaskSetObserved]
    ) -> None:
        reason = "the task definition does not exist any more"
        count_failure(tx, task_set.ref, reason, view.now)
        self._say(
            tx,
            view,
            f"(service {view.item.desired.name}) was unable to place a task because {reason}.",
        )

    def _blocked(self, tx: Transaction, view: View) -> None:
        message = (
            f"(service {view.item.desired.name}) was unable to stop or start tasks during a"
            " deployment because of the service deployment configuration. Update the"
            " minimumHealthyPercent or maximumPercent value and try again."
        )
        if not view.item.observed.events or view.item.observed.events[0].message != message:
            self._say(tx, view, message)

    def _say(self, tx: Transaction, view: View, message: str) -> None:
        announce(tx, view.item.ref, self._ids, view.now, message)


def _tags(service: Service, of_definition: Mapping[str, str]) -> dict[str, str]:
    tags: dict[str, str] = {}
    if service.propagate_tags == "SERVICE":
        tags.update(service.tags)
    elif service.propagate_tags == "TASK_DEFINITION":
        tags.update(of_definition)
    if service.enable_managed_tags:
        tags["aws:ecs:clusterName"] = service.cluster
        tags["aws:ecs:serviceName"] = service.name
    return tags


def _its_service(change: Change) -> Iterable[Ref]:
    owner = change.item.desired
    if not owner.service:
        return ()
    return (Ref(change.ref.scope, service_key(owner.cluster, owner.service)),)
