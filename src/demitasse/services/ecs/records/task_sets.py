"""Task sets: the versions of a service that have tasks.

A service of the ``ECS`` controller has one for each of its deployments, and the rolling
deployment decides how many tasks each may have. A service of the ``CODE_DEPLOY`` or ``EXTERNAL``
controller has those that were made for it, each with the tasks that its scale says. CodeDeploy
writes them through the functions below.
"""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.services.ecs.records.services import SERVICES, Service, ServiceObserved
from demitasse.services.ecs.records.shapes import CapacityProviderUse, LoadBalancer, Network, Tags
from demitasse.store import Item, Kind, Ref, Transaction


class TaskSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task set as asked for; ``key`` is ``<cluster>/<service>/<id>``, id ``ecs-svc/<digits>``.

    ``scale`` is a percentage of the service's desired count; it means nothing for the deployments
    of the ``ECS`` controller. ``deleting`` once it is to disappear as soon as its tasks have
    stopped.
    """

    cluster: str
    service: str
    id: str
    task_definition: str
    created_at: datetime
    updated_at: datetime
    launch_type: str = "FARGATE"
    strategy: tuple[CapacityProviderUse, ...] = ()
    platform_version: str = "LATEST"
    network: Network | None = None
    load_balancers: tuple[LoadBalancer, ...] = ()
    scale: float = 100.0
    external_id: str = ""
    started_by: str = ""
    client_token: str = ""
    deleting: bool = False
    tags: Tags = msgspec.field(default_factory=dict)


class TaskSetObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen of a task set.

    ``healthy`` counts the running tasks that pass every check they have. ``failures`` counts the
    tasks that failed in a row, the last of them at ``failed_at`` with ``failure`` as its reason;
    ``complete_once`` once it has been in a steady state. ``digests`` are the images' digests as
    the first task resolved them, by container: all tasks of a set run the same.
    """

    desired: int = 0
    running: int = 0
    pending: int = 0
    healthy: int = 0
    stability: str = "STABILIZING"
    stability_at: datetime | None = None
    rollout: str = "IN_PROGRESS"
    rollout_reason: str = ""
    failures: int = 0
    failed_at: datetime | None = None
    failure: str = ""
    complete_once: bool = False
    updated_at: datetime | None = None
    digests: dict[str, str] = msgspec.field(default_factory=dict)


TASK_SETS: Kind[TaskSet, TaskSetObserved] = Kind(
    "ecs.task-set",
    TaskSet,
    TaskSetObserved,
    {"definition": lambda item: item.desired.task_definition},
)


def new_id(ids: Ids) -> str:
    """``ecs-svc/`` and 19 digits, as ECS names deployments and task sets."""
    return f"ecs-svc/{int(ids.hex(15), 16) % 10**19:019d}"


def task_set_key(cluster: str, service: str, task_set_id: str) -> str:
    """``<cluster>/<service>/<id>``."""
    return f"{cluster}/{service}/{task_set_id}"


def task_set_arn(scope: Scope, cluster: str, service: str, task_set_id: str) -> str:
    """``arn:aws:ecs:…:task-set/<cluster>/<service>/<id>``."""
    return scope.arn("ecs", f"task-set/{task_set_key(cluster, service, task_set_id)}")


def task_sets_of(
    tx: Transaction, service: Item[Service, ServiceObserved]
) -> list[Item[TaskSet, TaskSetObserved]]:
    """The service's task sets, newest first."""
    found = tx.page(TASK_SETS, service.scope, prefix=f"{service.key}/")
    return sorted(found, key=lambda item: (item.desired.created_at, item.key), reverse=True)


def computed_desired_count(desired_count: int, scale: float) -> int:
    """How many tasks a task set is to have: the share of the service's count, rounded up."""
    return math.ceil(round(desired_count * scale / 100, 6))


def create_task_set(
    tx: Transaction,
    service: Item[Service, ServiceObserved],
    ids: Ids,
    now: datetime,
    *,
    task_definition: str,
    network: Network | None = None,
    load_balancers: tuple[LoadBalancer, ...] | None = None,
    launch_type: str = "",
    strategy: tuple[CapacityProviderUse, ...] | None = None,
    platform_version: str = "",
    scale: float = 100.0,
    external_id: str = "",
    started_by: str = "",
    client_token: str = "",
    tags: Tags | None = None,
) -> Item[TaskSet, TaskSetObserved]:
    """Give a service another task set; what is left out is the service's own.

    It starts no traffic: the tasks register in ``load_balancers``' target groups, and whoever
    made the set moves the listeners and then calls ``set_primary``.
    """
    own = service.desired
    identity = new_id(ids)
    return tx.create(
        TASK_SETS,
        service.scope,
        task_set_key(own.cluster, own.name, identity),
        TaskSet(
            cluster=own.cluster,
            service=own.name,
            id=identity,
            task_definition=task_definition,
            created_at=now,
            updated_at=now,
            launch_type=launch_type or own.launch_type,
            strategy=own.strategy if strategy is None else strategy,
            platform_version=platform_version or own.platform_version,
            network=own.network if network is None else network,
            load_balancers=own.load_balancers if load_balancers is None else load_balancers,
            scale=scale,
            external_id=external_id,
            started_by=started_by,
            client_token=client_token,
            tags=tags or {},
        ),
        TaskSetObserved(stability_at=now, updated_at=now),
    )


def scale_task_set(tx: Transaction, ref: Ref, scale: float, now: datetime) -> None:
    """Change a task set's share of the service's desired count. ``NotStored``."""
    item = tx.get(TASK_SETS, ref.scope, ref.key)
    if item is not None:
        changed = msgspec.structs.replace(item.desired, scale=scale, updated_at=now)
        tx.desire(TASK_SETS, ref, changed)


def count_failure(tx: Transaction, ref: Ref, reason: str, now: datetime) -> int:
    """Note that a task of a set failed; how many have in a row, 0 when there is no such set."""
    item = tx.get(TASK_SETS, ref.scope, ref.key)
    if item is None:
        return 0
    count = item.observed.failures + 1
    seen = msgspec.structs.replace(item.observed, failures=count, failed_at=now, failure=reason)
    tx.observe(TASK_SETS, ref, seen)
    return count


def delete_task_set(tx: Transaction, ref: Ref, now: datetime) -> None:
    """Stop a task set's tasks (targets drain first) and forget it once they have stopped."""
    item = tx.get(TASK_SETS, ref.scope, ref.key)
    if item is not None and not item.desired.deleting:
        changed = msgspec.structs.replace(item.desired, deleting=True, scale=0.0, updated_at=now)
        tx.desire(TASK_SETS, ref, changed)


def set_primary(
    tx: Transaction, service: Item[Service, ServiceObserved], task_set_id: str
) -> Item[Service, ServiceObserved]:
    """Say which task set serves production; the service then shows what that set shows."""
    chosen = tx.get(TASK_SETS, service.scope, f"{service.key}/{task_set_id}")
    own = msgspec.structs.replace(service.desired, primary=task_set_id)
    if chosen is not None and own.controller == "CODE_DEPLOY":
        own = msgspec.structs.replace(
            own,
            task_definition=chosen.desired.task_definition,
            load_balancers=chosen.desired.load_balancers,
            network=chosen.desired.network,
            platform_version=chosen.desired.platform_version,
            launch_type=chosen.desired.launch_type,
            strategy=chosen.desired.strategy,
        )
    return tx.desire(SERVICES, service.ref, own)
