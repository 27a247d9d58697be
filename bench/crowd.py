"""An account with thousands of resources, made by the platform's own operations before it starts.

Clusters and services are made by the operations themselves; load balancers, of which an account may
have fifty, are written as records like the first one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from demitasse.accounts import identity
from demitasse.api import Call, Caller, Scope
from demitasse.clock import SystemClock
from demitasse.dispatch import Dispatcher
from demitasse.ids import RandomIds
from demitasse.platform import APIS
from demitasse.services.base import Site
from demitasse.services.elbv2.records import LOAD_BALANCERS
from demitasse.settings import Settings
from demitasse.store import Store

PER_CLUSTER = 1000
"""Services in a cluster; AWS allows 5,000."""


def name(number: int) -> str:
    """Of the cluster, the service or the load balancer of this number."""
    return f"bench-{number:05d}"


class _Account:
    """Calls operations as the wire would."""

    def __init__(self, settings: Settings, store: Store) -> None:
        clock, self._ids = SystemClock(), RandomIds()
        site = Site(settings.endpoint, settings.registry, settings.vpc_cidr)
        self._dispatch = Dispatcher(APIS, store, clock, self._ids, site)
        self.scope = Scope(settings.account, settings.region)
        account = settings.account
        self._caller = Caller(account, f"arn:aws:iam::{account}:root", account, "")

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        call = Call(service, operation, self.scope, self._caller, self._ids.uuid())
        output = self._dispatch(call, given)
        assert isinstance(output, dict)  # none of these waits for anything
        return output


def fill(settings: Settings, count: int) -> None:
    """``count`` clusters, services and load balancers in the state file of a stopped platform."""
    identity(settings.identity_file, RandomIds())
    store = Store.open(settings.state_file)
    # Nothing is lost if this is: do not wait for the disk ten thousand times.
    store._db.execute("PRAGMA synchronous = OFF")  # noqa: SLF001
    try:
        account = _Account(settings, store)
        _load_balancers(account, store, count)
        _clusters_and_services(account, count)
    finally:
        store.close()


def _clusters_and_services(account: _Account, count: int) -> None:
    for number in range(count):
        account.call("ecs", "CreateCluster", clusterName=name(number))
    definition = account.call(
        "ecs",
        "RegisterTaskDefinition",
        family="bench",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "web"}],
    )["taskDefinition"]["taskDefinitionArn"]
    subnets = _subnets(account)
    for number in range(count):
        account.call(
            "ecs",
            "CreateService",
            cluster=name(number // PER_CLUSTER),
            serviceName=name(number),
            taskDefinition=definition,
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
        )


def _load_balancers(account: _Account, store: Store, count: int) -> None:
    first = account.call("elbv2", "CreateLoadBalancer", Name=name(0), Subnets=_subnets(account))[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    with store.transaction() as tx:
        model = tx.get(LOAD_BALANCERS, account.scope, first)
        assert model is not None
        for number in range(1, count):
            key = first.replace(name(0), name(number))
            desired = msgspec.structs.replace(model.desired, name=name(number))
            tx.create(LOAD_BALANCERS, account.scope, key, desired, model.observed)


def _subnets(account: _Account) -> list[str]:
    found = account.call("ec2", "DescribeSubnets")["Subnets"]
    return [each["SubnetId"] for each in found][:2]
