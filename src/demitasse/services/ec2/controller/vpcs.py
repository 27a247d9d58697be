"""Gives each VPC that something lives in a network of its own, and takes it away again."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from demitasse.api import Scope
from demitasse.control import Controller, Enqueue, Interest, own
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import NetworkSpec
from demitasse.errors import EngineError, EngineUnavailable
from demitasse.services.ec2.records import NETWORK_INTERFACES, VPCS, VpcObserved
from demitasse.store import Change, Kind, Ref, Store, Transaction

_RETRY_SECONDS = 10.0
_LOOK_SECONDS = 30.0  # nobody tells when a network is removed by hand
_VPC_LABEL = "demitasse.vpc"
_NOWHERE = Scope("", "")


class VpcController(Controller):
    """One container network per VPC, from its first network interface on."""

    name = "ec2.vpc"

    def __init__(self, *, store: Store, containers: ContainerEngine) -> None:
        self._store = store
        self._containers = containers

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {VPCS: own, NETWORK_INTERFACES: _its_vpc}

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(VPCS)

    async def reconcile(self, ref: Ref) -> float | None:
        with self._store.transaction() as tx:
            vpc = tx.get(VPCS, ref.scope, ref.key)
            inhabited = tx.count(NETWORK_INTERFACES, ref.scope, ("vpc", ref.key)) > 0
        if vpc is None:
            await self._containers.remove_network(network_name(ref.key))
            return None
        if not inhabited:
            return None
        try:
            network = await self._containers.ensure_network(network_spec(ref.key, vpc.desired.cidr))
        except EngineUnavailable:
            raise
        except EngineError as error:
            self._observe(ref, VpcObserved(error=str(error)))
            return _RETRY_SECONDS
        self._observe(ref, VpcObserved(network=network.name))
        return _LOOK_SECONDS

    async def listen(self, enqueue: Enqueue) -> None:
        """Once: look at networks whose VPC is gone, should a stop have come between the two."""
        networks = await self._containers.networks()
        with self._store.transaction() as tx:
            known = {ref.key for ref in tx.refs(VPCS)}
        for network in networks:
            vpc_id = network.labels.get(_VPC_LABEL, "")
            if vpc_id and vpc_id not in known:
                enqueue(Ref(_NOWHERE, vpc_id))

    def _observe(self, ref: Ref, observed: VpcObserved) -> None:
        with self._store.transaction() as tx:
            if tx.get(VPCS, ref.scope, ref.key) is not None:
                tx.observe(VPCS, ref, observed)


def network_name(vpc_id: str) -> str:
    """The container network of a VPC."""
    return f"demitasse-{vpc_id}"


def network_spec(vpc_id: str, cidr: str) -> NetworkSpec:
    """The network as it is asked of the engine; the router has the block's first address."""
    return NetworkSpec(
        name=network_name(vpc_id),
        cidr=cidr,
        gateway=str(ipaddress.ip_network(cidr)[1]),
        labels={"demitasse.kind": "vpc", _VPC_LABEL: vpc_id},
    )


def _its_vpc(change: Change) -> Iterable[Ref]:
    return (Ref(change.ref.scope, change.item.desired.vpc_id),)
