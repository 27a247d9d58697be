"""ECS's own events, as its developer guide gives them ("Amazon ECS events").

Each is told in the transaction of the change that it tells of. What nobody has a rule for costs a
look-up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from demitasse.ids import Ids
from demitasse.services.ecs import describe
from demitasse.services.ecs.records import (
    TASKS,
    Stop,
    Task,
    TaskObserved,
    cluster_arn,
    find_task_definition,
    service_arn,
    task_arn,
)
from demitasse.services.ecs.records.tasks import desired_status
from demitasse.services.events.records import emit, is_heard
from demitasse.store import Item, Ref, Transaction

SOURCE = "aws.ecs"
_NOT_TOLD = ("tags", "healthStatus", "inferenceAccelerators")
_TYPES = {
    "SERVICE_STEADY_STATE": "INFO",
    "SERVICE_TASK_START_IMPAIRED": "WARN",
    "SERVICE_DEPLOYMENT_FAILED": "ERROR",
}

TaskItem = Item[Task, TaskObserved]


def task(
    tx: Transaction, before: TaskItem | None, after: TaskItem, ids: Ids, now: datetime
) -> None:
    """Tell that a task is in another state, if it is: its own, a container's or the wanted one."""
    if before is not None and _state(before) == _state(after):
        return
    if not is_heard(tx, after.scope, SOURCE):
        return
    own = after.desired
    definition = find_task_definition(tx, after.scope, own.task_definition)
    shown = describe.task(after, definition.desired if definition else None, with_tags=False)
    detail = {name: _plain(value) for name, value in shown.items() if name not in _NOT_TOLD}
    detail = {name: value for name, value in detail.items() if value is not None}
    for attachment in detail["attachments"]:
        attachment["type"] = "eni"  # the API's name for it is longer
    detail["updatedAt"] = _plain(now)
    emit(
        tx,
        after.scope,
        ids,
        now,
        source=SOURCE,
        detail_type="ECS Task State Change",
        detail=detail,
        resources=(task_arn(after.scope, own.cluster, own.id),),
    )


def stop_task(tx: Transaction, item: TaskItem, stop: Stop, ids: Ids) -> TaskItem:
    """Ask a task to stop, and tell."""
    after = tx.desire(TASKS, item.ref, msgspec.structs.replace(item.desired, stop=stop))
    task(tx, item, after, ids, stop.at)
    return after


def deployment(
    tx: Transaction,
    service: Ref,
    deployment_id: str,
    *,
    name: str,
    reason: str,
    ids: Ids,
    now: datetime,
) -> None:
    """Tell what became of a rolling deployment: ``SERVICE_DEPLOYMENT_IN_PROGRESS`` …"""
    cluster, _, service_name = service.key.partition("/")
    emit(
        tx,
        service.scope,
        ids,
        now,
        source=SOURCE,
        detail_type="ECS Deployment State Change",
        detail={
            "eventType": _TYPES.get(name, "INFO"),
            "eventName": name,
            "deploymentId": deployment_id,
            "updatedAt": _plain(now),
            "reason": reason,
        },
        resources=(service_arn(service.scope, cluster, service_name),),
    )


def service(tx: Transaction, ref: Ref, name: str, ids: Ids, now: datetime) -> None:
    """Tell of a service: ``SERVICE_STEADY_STATE``, ``SERVICE_TASK_START_IMPAIRED``."""
    cluster, _, service_name = ref.key.partition("/")
    emit(
        tx,
        ref.scope,
        ids,
        now,
        source=SOURCE,
        detail_type="ECS Service Action",
        detail={
            "eventType": _TYPES[name],
            "eventName": name,
            "clusterArn": cluster_arn(ref.scope, cluster),
            "createdAt": _plain(now),
        },
        resources=(service_arn(ref.scope, cluster, service_name),),
    )


def _state(item: TaskItem) -> tuple[Any, ...]:
    seen = item.observed
    return (
        seen.status,
        desired_status(item),
        seen.interface,
        tuple((each.name, each.status) for each in seen.containers),
    )


def _plain(value: Any) -> Any:
    """A part of a description as JSON has it, times as ECS writes them."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    if isinstance(value, dict):
        plain = {name: _plain(each) for name, each in value.items()}
        return {name: each for name, each in plain.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
