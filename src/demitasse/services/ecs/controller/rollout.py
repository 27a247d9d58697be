"""What becomes of deployments: counted, completed, given up, rolled back, retired."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from demitasse.ids import Ids
from demitasse.services.ecs import telling
from demitasse.services.ecs.controller.view import PENDING, View
from demitasse.services.ecs.plan import service as plan
from demitasse.services.ecs.records import (
    SERVICES,
    TASK_SETS,
    TaskSet,
    TaskSetObserved,
    announce,
)
from demitasse.store import Item, Transaction


def unable_to_start(service: str) -> str:
    """The event of a service whose tasks fail again and again."""
    return (
        f"(service {service}) is unable to consistently start tasks successfully. For more"
        " information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )


def judge(tx: Transaction, view: View, ids: Ids) -> float | None:
    """After a look that found nothing to start or stop; when to look again at the latest."""
    messages = _break(tx, view, ids)
    if messages is None:
        count(tx, view)
        messages = _retire(tx, view) or _settle(tx, view, ids)
    announce(tx, view.item.ref, ids, view.now, *messages)
    return view.again


def count(tx: Transaction, view: View) -> None:
    """Keep what the service and its task sets have."""
    running = pending = 0
    for identity, item in view.task_sets.items():
        own = [each for each in view.items.values() if each.desired.task_set == identity]
        is_running = sum(each.observed.status == "RUNNING" for each in own)
        is_pending = sum(each.observed.status in PENDING for each in own)
        running, pending = running + is_running, pending + is_pending
        tasks = [each for each in view.tasks if each.task_set == identity]
        healthy = sum(each.key in view.ready for each in tasks)
        want = next(each.want for each in view.sets if each.id == identity)
        stable = healthy == len(tasks) == want and not is_pending and is_running == want
        kept = tx.get(TASK_SETS, view.scope, item.key)
        if kept is None:
            continue
        seen = kept.observed
        changed = msgspec.structs.replace(
            seen,
            desired=len(tasks),
            running=is_running,
            pending=is_pending,
            healthy=healthy,
            stability="STEADY_STATE" if stable else "STABILIZING",
        )
        if seen.failures and any(
            each.healthy and _later(view, each.key, seen.failed_at) for each in tasks
        ):
            changed = msgspec.structs.replace(changed, failures=0, failed_at=None, failure="")
        if changed.stability != seen.stability:
            changed = msgspec.structs.replace(changed, stability_at=view.now)
        if changed != seen:
            changed = msgspec.structs.replace(changed, updated_at=view.now)
            tx.observe(TASK_SETS, item.ref, changed)
    _see(tx, view, running=running, pending=pending)


def _later(view: View, key: str, moment: datetime | None) -> bool:
    """Whether a task began to run after a moment: then what failed at that moment works now."""
    started = view.items[key].observed.started_at
    return moment is not None and started is not None and started > moment


def _break(tx: Transaction, view: View, ids: Ids) -> list[str] | None:
    """The circuit breaker: what to tell when the primary deployment is given up, else ``None``."""
    breaker = view.item.desired.circuit_breaker
    primary = view.task_sets.get(view.item.desired.primary)
    if primary is None or breaker is None or not (breaker.enable and view.service.rolling):
        return None
    seen = primary.observed
    threshold = plan.breaker_threshold(view.service.desired_count)
    if seen.rollout != "IN_PROGRESS" or seen.failures < threshold:
        return None
    name = view.item.desired.name
    last = next(
        (
            each
            for each in view.task_sets.values()
            if each.observed.complete_once and each.key != primary.key
        ),
        None,
    )
    who = f"(service {name}) (deployment {primary.desired.id})"
    messages = [f"{who} deployment failed: tasks failed to start."]
    reason = "ECS deployment circuit breaker: tasks failed to start."
    if breaker.rollback and last is not None:
        reason = f"ECS deployment circuit breaker: rolling back to deploymentId {last.desired.id}."
        messages.insert(0, f"(service {name}) rolling back to deployment {last.desired.id}.")
        _roll_back(tx, view, last)
        _tell(tx, view, last, "IN_PROGRESS", reason=reason, ids=ids)
    _observe(
        tx,
        primary,
        msgspec.structs.replace(seen, rollout="FAILED", rollout_reason=reason, updated_at=view.now),
    )
    _tell(tx, view, primary, "FAILED", reason=reason, ids=ids)
    return messages


def _tell(
    tx: Transaction,
    view: View,
    item: Item[TaskSet, TaskSetObserved],
    what: str,
    *,
    reason: str,
    ids: Ids,
) -> None:
    telling.deployment(
        tx,
        view.item.ref,
        item.desired.id,
        name=f"SERVICE_DEPLOYMENT_{what}",
        reason=reason,
        ids=ids,
        now=view.now,
    )


def _roll_back(tx: Transaction, view: View, to: Item[TaskSet, TaskSetObserved]) -> None:
    """The last complete deployment is the primary one again, as it was asked for then.

    The one desired state that is not written by an operation: the caller asked for it beforehand
    by enabling the rollback.
    """
    before = to.desired
    own = msgspec.structs.replace(
        view.item.desired,
        primary=before.id,
        task_definition=before.task_definition,
        network=before.network,
        load_balancers=before.load_balancers,
        launch_type=before.launch_type,
        strategy=before.strategy,
        platform_version=before.platform_version,
    )
    tx.desire(SERVICES, view.item.ref, own)
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {before.id}."
    seen = msgspec.structs.replace(
        to.observed, rollout="IN_PROGRESS", rollout_reason=reason, failures=0, failed_at=None
    )
    _observe(tx, to, seen)


def _retire(tx: Transaction, view: View) -> list[str]:
    """Forget deployments that have no tasks any more, and a deleted service's remains."""
    occupied = {each.desired.task_set for each in view.items.values()}
    for identity, item in view.task_sets.items():
        replaced = view.service.rolling and identity != view.item.desired.primary
        if identity not in occupied and (
            replaced or item.desired.deleting or not view.service.active
        ):
            tx.delete(TASK_SETS, item.ref)
    if not view.service.active and not view.items:
        item_now = tx.get(SERVICES, view.scope, view.item.key)
        if item_now is not None:
            seen = msgspec.structs.replace(item_now.observed, inactive_at=view.now)
            tx.observe(SERVICES, view.item.ref, seen)
    return []


def _settle(tx: Transaction, view: View, ids: Ids) -> list[str]:
    """Say when the service has reached a steady state, and its deployment is complete."""
    messages: list[str] = []
    tasks = [replace(each, healthy=each.key in view.ready) for each in view.tasks]
    sets = [each for each in view.sets if _is_there(tx, view, each.id)]
    steady = bool(sets) and plan.steady(view.service, sets, tasks, sum(view.stopping.values()))
    name = view.item.desired.name
    primary = view.task_sets.get(view.item.desired.primary)
    if steady and view.service.rolling and primary is not None:
        kept = tx.get(TASK_SETS, view.scope, primary.key)
        if kept is not None and kept.observed.rollout == "IN_PROGRESS":
            identity = primary.desired.id
            reason = f"ECS deployment {identity} completed."
            changed = msgspec.structs.replace(
                kept.observed,
                rollout="COMPLETED",
                rollout_reason=reason,
                complete_once=True,
                updated_at=view.now,
            )
            tx.observe(TASK_SETS, primary.ref, changed)
            messages.append(f"(service {name}) (deployment {identity}) deployment completed.")
            _tell(tx, view, primary, "COMPLETED", reason=reason, ids=ids)
    now = tx.get(SERVICES, view.scope, view.item.key)
    if now is not None and now.observed.steady != steady:
        tx.observe(SERVICES, view.item.ref, msgspec.structs.replace(now.observed, steady=steady))
        if steady:
            messages.append(f"(service {name}) has reached a steady state.")
            telling.service(tx, view.item.ref, "SERVICE_STEADY_STATE", ids, view.now)
    return messages


def _is_there(tx: Transaction, view: View, identity: str) -> bool:
    return tx.get(TASK_SETS, view.scope, view.task_sets[identity].key) is not None


def _observe(tx: Transaction, item: Item[TaskSet, TaskSetObserved], seen: TaskSetObserved) -> None:
    if tx.get(TASK_SETS, item.scope, item.key) is not None:
        tx.observe(TASK_SETS, item.ref, seen)


def _see(tx: Transaction, view: View, **counts: int) -> None:
    now = tx.get(SERVICES, view.scope, view.item.key)
    if now is not None:
        tx.observe(SERVICES, view.item.ref, msgspec.structs.replace(now.observed, **counts))
