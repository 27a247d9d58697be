"""Making tasks: where RunTask and the service scheduler meet."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.services.ec2.records import SECURITY_GROUPS, SUBNETS
from demitasse.services.ecs import telling
from demitasse.services.ecs.records import (
    TASKS,
    CapacityProviderUse,
    ContainerSeen,
    LoadBalancer,
    Network,
    Tags,
    Task,
    TaskObserved,
    task_key,
)
from demitasse.services.ecs.records.tasks import PLATFORM_VERSION
from demitasse.store import Item, Transaction


def new_task(
    tx: Transaction,
    scope: Scope,
    ids: Ids,
    now: datetime,
    *,
    cluster: str,
    task_definition: str,
    network: Network,
    group: str,
    containers: Sequence[str],
    used: MutableMapping[str, int],
    strategy: Sequence[CapacityProviderUse] = (),
    started_by: str = "",
    launch_type: str = "FARGATE",
    platform_version: str = PLATFORM_VERSION,
    overrides: Mapping[str, Any] | None = None,
    service: str = "",
    task_set: str = "",
    load_balancers: tuple[LoadBalancer, ...] = (),
    client_token: str = "",
    tags: Tags | None = None,
) -> Item[Task, TaskObserved]:
    """Keep a new task, in the subnet and with the capacity provider used least so far.

    ``used`` counts, for the tasks that are spread together, each subnet and capacity provider
    that is in use; the new task is added to it.
    """
    subnet = min(network.subnets, key=lambda name: (used.get(name, 0), network.subnets.index(name)))
    provider = choose_provider(strategy, used)
    for each in (subnet, provider):
        used[each] = used.get(each, 0) + 1
    record = tx.get(SUBNETS, scope, subnet)
    identity = ids.hex(32)
    item = tx.create(
        TASKS,
        scope,
        task_key(cluster, identity),
        Task(
            cluster=cluster,
            id=identity,
            task_definition=task_definition,
            created_at=now,
            group=group,
            network=Network((subnet,), network.security_groups, network.assign_public_ip),
            availability_zone=record.desired.availability_zone if record else "",
            started_by=started_by,
            launch_type=launch_type,
            capacity_provider=provider,
            platform_version=platform_version,
            overrides=dict(overrides or {}),
            service=service,
            task_set=task_set,
            load_balancers=load_balancers,
            client_token=client_token,
            tags=tags or {},
        ),
        TaskObserved(containers=tuple(ContainerSeen(name) for name in containers)),
    )
    telling.task(tx, None, item, ids, now)
    return item


def choose_provider(strategy: Sequence[CapacityProviderUse], used: Mapping[str, int]) -> str:
    """The capacity provider of the next task: bases first, then by weight; "" without any."""
    for item in strategy:
        if used.get(item.capacity_provider, 0) < item.base:
            return item.capacity_provider
    weighted = [item for item in strategy if item.weight] or list(strategy[:1])
    if not weighted:
        return ""
    best = min(
        weighted,
        key=lambda item: (
            (used.get(item.capacity_provider, 0) - item.base + 1) / max(item.weight, 1)
        ),
    )
    return best.capacity_provider


def security_groups(
    tx: Transaction, scope: Scope, network: Network, vpc_id: str
) -> tuple[str, ...]:
    """The groups that a task's interface is in: those given, or the VPC's default one."""
    if network.security_groups:
        return network.security_groups
    default = tx.one(SECURITY_GROUPS, scope, "name", f"{vpc_id}/default")
    return (default.key,) if default else ()
