"""Clusters, and the two capacity providers that Fargate has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services.base import Context
from demitasse.services.ecs import describe
from demitasse.services.ecs.operations import names, tags
from demitasse.services.ecs.operations.api import api
from demitasse.services.ecs.records import (
    CLUSTERS,
    SERVICES,
    TASKS,
    CapacityProviderUse,
    Cluster,
    cluster_arn,
)
from demitasse.services.ecs.records.shapes import read
from demitasse.store import Item
from demitasse.store.kinds import Nothing

CAPACITY_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_NOT_CARRIED_OUT = ("configuration", "serviceConnectDefaults")
_LIVE = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")
_ENDING = ("DEACTIVATING", "STOPPING", "DEPROVISIONING")


@api.operation("CreateCluster")
def create_cluster(ctx: Context, given: Input) -> Output:
    """A cluster that exists is given back as it is, as on AWS."""
    name = given.get("clusterName") or "default"
    if not names.NAME.fullmatch(name):
        raise names.invalid(
            "The cluster name must have 1 to 255 letters, numbers, hyphens and underscores."
        )
    _refuse(given)
    existing = ctx.tx.get(CLUSTERS, ctx.scope, name)
    if existing is not None and existing.desired.active:
        return {"cluster": _show(ctx, existing)}
    providers = _providers(given.get("capacityProviders", ()))
    cluster = Cluster(
        created_at=ctx.now,
        capacity_providers=providers,
        default_strategy=strategy(given.get("defaultCapacityProviderStrategy"), among=providers),
        container_insights=_insights(given),
        tags=tags.checked(given.get("tags")),
    )
    if existing is None:
        item = ctx.tx.create(CLUSTERS, ctx.scope, name, cluster)
    else:
        item = ctx.tx.desire(CLUSTERS, existing.ref, cluster)
    return {"cluster": _show(ctx, item)}


@api.operation("DescribeClusters")
def describe_clusters(ctx: Context, given: Input) -> Output:
    """Deleted clusters are shown as ``INACTIVE``."""
    wanted = names.unique(given.get("clusters") or ["default"], "Clusters", 100)
    include = frozenset(given.get("include", ()))
    clusters, failures = [], []
    for each in wanted:
        name = names.cluster_name(ctx, each)
        item = ctx.tx.get(CLUSTERS, ctx.scope, name)
        if item is None:
            failures.append(names.missing(cluster_arn(ctx.scope, name)))
        else:
            clusters.append(_show(ctx, item, include))
    return {"clusters": clusters, "failures": failures}


@api.operation("ListClusters")
def list_clusters(ctx: Context, given: Input) -> Output:
    """Active clusters, by name."""

    def rows(after: str, limit: int) -> list[tuple[str, str]]:
        found = ctx.tx.page(
            CLUSTERS, ctx.scope, after=after, limit=limit, where=("status", "ACTIVE")
        )
        return [(item.key, cluster_arn(ctx.scope, item.key)) for item in found]

    return names.page(given, "clusterArns", rows)


@api.operation("UpdateCluster")
def update_cluster(ctx: Context, given: Input) -> Output:
    """Change the settings of a cluster. ``ClusterNotFoundException``."""
    item = names.active_cluster(ctx, given["cluster"])
    _refuse(given)
    if given.get("settings"):
        changed = msgspec.structs.replace(item.desired, container_insights=_insights(given))
        item = ctx.tx.desire(CLUSTERS, item.ref, changed)
    return {"cluster": _show(ctx, item)}


@api.operation("UpdateClusterSettings")
def update_cluster_settings(ctx: Context, given: Input) -> Output:
    """Change the settings of a cluster. ``ClusterNotFoundException``."""
    item = names.active_cluster(ctx, given["cluster"])
    changed = msgspec.structs.replace(item.desired, container_insights=_insights(given))
    return {"cluster": _show(ctx, ctx.tx.desire(CLUSTERS, item.ref, changed))}


@api.operation("PutClusterCapacityProviders")
def put_cluster_capacity_providers(ctx: Context, given: Input) -> Output:
    """Replace the capacity providers of a cluster, and its default strategy."""
    item = names.active_cluster(ctx, given["cluster"])
    providers = _providers(given["capacityProviders"])
    changed = msgspec.structs.replace(
        item.desired,
        capacity_providers=providers,
        default_strategy=strategy(given["defaultCapacityProviderStrategy"], among=providers),
    )
    return {"cluster": _show(ctx, ctx.tx.desire(CLUSTERS, item.ref, changed))}


@api.operation("DeleteCluster")
def delete_cluster(ctx: Context, given: Input) -> Output:
    """Delete a cluster that has no services and no tasks; it is shown as ``INACTIVE``."""
    item = names.active_cluster(ctx, given["cluster"])
    if ctx.tx.one(SERVICES, ctx.scope, "active", item.key) is not None:
        raise ServiceError(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        )
    if any(
        ctx.tx.one(TASKS, ctx.scope, "status", f"{item.key}/{status}") is not None
        for status in (*_LIVE, *_ENDING)
    ):
        raise ServiceError(
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
        )
    gone = ctx.tx.desire(CLUSTERS, item.ref, msgspec.structs.replace(item.desired, active=False))
    return {"cluster": _show(ctx, gone)}


@api.operation("DescribeCapacityProviders")
def describe_capacity_providers(ctx: Context, given: Input) -> Output:
    """FARGATE and FARGATE_SPOT are there in every account."""
    if given.get("cluster"):
        names.active_cluster(ctx, given["cluster"])
    wanted = given.get("capacityProviders") or CAPACITY_PROVIDERS
    prefix = ctx.scope.arn("ecs", "capacity-provider/")
    found, failures = [], []
    for each in dict.fromkeys(wanted):
        name = each.removeprefix(prefix)
        if name not in CAPACITY_PROVIDERS:
            failures.append(names.missing(prefix + name))
            continue
        found.append(
            {
                "capacityProviderArn": prefix + name,
                "name": name,
                "status": "ACTIVE",
                "type": name,
                "tags": [],
            }
        )
    return {"capacityProviders": found, "failures": failures}


@api.operation("ListContainerInstances")
def list_container_instances(ctx: Context, given: Input) -> Output:
    """There are none: all tasks run on Fargate."""
    names.active_cluster(ctx, given.get("cluster"))
    return {"containerInstanceArns": []}


def strategy(
    given: Iterable[dict[str, Any]] | None, *, among: Collection[str] = CAPACITY_PROVIDERS
) -> tuple[CapacityProviderUse, ...]:
    """A capacity provider strategy, checked. ``InvalidParameterException``."""
    items = tuple(
        read(CapacityProviderUse, each, f"capacityProviderStrategy[{number}]")
        for number, each in enumerate(given or ())
    )
    for item in items:
        if item.capacity_provider not in among:
            raise names.invalid(
                "The specified capacity provider strategy contains a capacity provider that is not"
                f" associated with the cluster: {item.capacity_provider}."
            )
        if not 0 <= item.weight <= 1000 or not 0 <= item.base <= 100_000:
            raise names.invalid(
                "The weight of a capacity provider must be between 0 and 1000, its base between"
                " 0 and 100000."
            )
    if len({item.capacity_provider for item in items}) < len(items):
        raise names.invalid("A capacity provider strategy cannot name a capacity provider twice.")
    if sum(item.base > 0 for item in items) > 1:
        raise names.invalid(
            "Only one capacity provider in a capacity provider strategy can have a base defined."
        )
    if items and not any(item.weight for item in items) and len(items) > 1:
        raise names.invalid(
            "At least one capacity provider of a strategy must have a weight greater than zero."
        )
    return items


def _providers(given: Iterable[str]) -> tuple[str, ...]:
    providers = tuple(dict.fromkeys(given))
    for each in providers:
        if each not in CAPACITY_PROVIDERS:
            raise names.invalid(
                f"The specified capacity provider was not found. Specify a valid name: {each}"
            )
    return providers


def _insights(given: Input) -> str:
    value = "disabled"
    for setting in given.get("settings", ()):
        value = setting.get("value", "")
        if value not in ("enabled", "disabled", "enhanced"):
            raise names.invalid(f"Invalid value for containerInsights: {value}")
        if value != "disabled":
            raise NotSupported(f"The cluster setting containerInsights = {value}")
    return value


def _refuse(given: Input) -> None:
    for member in _NOT_CARRIED_OUT:
        if given.get(member):
            raise NotSupported(member)


def _show(
    ctx: Context, item: Item[Cluster, Nothing], include: Collection[str] = describe.ALL
) -> Output:
    counts = {
        status: ctx.tx.count(TASKS, ctx.scope, ("status", f"{item.key}/{status}"))
        for status in _LIVE
    }
    services = ctx.tx.count(SERVICES, ctx.scope, ("active", item.key))
    listed = ctx.tx.count(SERVICES, ctx.scope, ("listed", item.key))
    running = counts.pop("RUNNING")
    return describe.cluster(
        item,
        running=running,
        pending=sum(counts.values()),
        services=services,
        draining=listed - services,
        include=include,
    )
