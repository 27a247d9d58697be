"""Gives each VPC that something lives in a network of its own, and takes it away again."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from demitasse.control import Controller, Interest, own
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import NetworkSpec
from demitasse.errors import EngineError, EngineUnavailable
from demitasse.services.ec2.records import NETWORK_INTERFACES, VPCS, VpcObserved
from demitasse.store import Change, Kind, Ref, Store, Transaction

_RETRY_SECONDS = 10.0


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
        return None

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
        labels={"demitasse.kind": "vpc", "demitasse.vpc": vpc_id},
    )


def _its_vpc(change: Change) -> Iterable[Ref]:
    return (Ref(change.ref.scope, change.item.desired.vpc_id),)
