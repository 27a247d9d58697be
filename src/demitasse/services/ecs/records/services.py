"""Services, and the events that tell what became of them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.api import Scope
from demitasse.ids import Ids
from demitasse.services.ecs.records.shapes import CapacityProviderUse, LoadBalancer, Network, Tags
from demitasse.store import Item, Kind, Ref, Transaction

EVENTS_KEPT = 100


class CircuitBreaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a rolling deployment that cannot start tasks is given up, and rolled back."""

    enable: bool = False
    rollback: bool = False


class Service(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service as asked for; ``key`` is ``<cluster>/<name>``.

    ``controller`` is ``ECS``, ``CODE_DEPLOY`` or ``EXTERNAL``. ``primary`` is the id of its
    primary task set ("" for none): with ``ECS`` that of its newest deployment. With ``EXTERNAL``
    ``task_definition`` is "" and the task sets say what runs. ``deleting`` since it is deleted.
    """

    cluster: str
    name: str
    created_at: datetime
    created_by: str
    desired_count: int
    task_definition: str = ""
    controller: str = "ECS"
    launch_type: str = "FARGATE"
    strategy: tuple[CapacityProviderUse, ...] = ()
    platform_version: str = "LATEST"
    network: Network | None = None
    load_balancers: tuple[LoadBalancer, ...] = ()
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker | None = None
    grace_period: int | None = None
    primary: str = ""
    role_arn: str = ""
    enable_managed_tags: bool = False
    propagate_tags: str = "NONE"
    client_token: str = ""
    deleting: bool = False
    tags: Tags = msgspec.field(default_factory=dict)


class Event(msgspec.Struct, frozen=True):
    """One line of a service's history."""

    id: str
    at: datetime
    message: str


class ServiceObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen of a service; ``events`` newest first, 100 at most.

    ``steady`` since the last event was that it has reached a steady state; ``inactive_at`` once
    it was deleted and its last task has stopped.
    """

    running: int = 0
    pending: int = 0
    steady: bool = False
    inactive_at: datetime | None = None
    events: tuple[Event, ...] = ()


def _status(item: Item[Service, ServiceObserved]) -> str:
    if item.observed.inactive_at is not None:
        return "INACTIVE"
    return "DRAINING" if item.desired.deleting else "ACTIVE"


status_of = _status


def _target_groups(item: Item[Service, ServiceObserved]) -> tuple[str, ...]:
    if item.observed.inactive_at is not None:
        return ()
    return tuple({each.target_group_arn for each in item.desired.load_balancers})


SERVICES: Kind[Service, ServiceObserved] = Kind(
    "ecs.service",
    Service,
    ServiceObserved,
    {
        "active": lambda item: item.desired.cluster if _status(item) == "ACTIVE" else None,
        "listed": lambda item: item.desired.cluster if _status(item) != "INACTIVE" else None,
        "target-group": _target_groups,
    },
)


def service_key(cluster: str, name: str) -> str:
    """``<cluster>/<name>``."""
    return f"{cluster}/{name}"


def service_arn(scope: Scope, cluster: str, name: str) -> str:
    """``arn:aws:ecs:…:service/<cluster>/<name>``."""
    return scope.arn("ecs", f"service/{cluster}/{name}")


def announce(tx: Transaction, ref: Ref, ids: Ids, now: datetime, *messages: str) -> None:
    """Add events to a service that still is there."""
    item = tx.get(SERVICES, ref.scope, ref.key)
    if item is None or not messages:
        return
    new = tuple(Event(ids.uuid(), now, message) for message in reversed(messages))
    events = (new + item.observed.events)[:EVENTS_KEPT]
    tx.observe(SERVICES, ref, msgspec.structs.replace(item.observed, events=events))
