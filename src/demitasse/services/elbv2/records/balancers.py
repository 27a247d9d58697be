"""Load balancers."""

from __future__ import annotations

from datetime import datetime

import msgspec

from demitasse.store import Kind

Tags = dict[str, str]
Attributes = dict[str, str]


class Zone(msgspec.Struct, frozen=True):
    """A subnet of a load balancer, with the Availability Zone that it stands in."""

    subnet_id: str
    name: str


class LoadBalancer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An Application Load Balancer; ``key`` is its ARN. ``attributes`` are those set so far."""

    name: str
    scheme: str
    vpc_id: str
    zones: tuple[Zone, ...]
    security_groups: tuple[str, ...]
    address: str
    created_at: datetime
    attributes: Attributes = msgspec.field(default_factory=dict)
    tags: Tags = msgspec.field(default_factory=dict)


class LoadBalancerObserved(msgspec.Struct, frozen=True, omit_defaults=True):
    """``state`` is AWS's: provisioning, active, active_impaired, failed."""

    state: str = "provisioning"
    reason: str = ""


LOAD_BALANCERS: Kind[LoadBalancer, LoadBalancerObserved] = Kind(
    "elbv2.load-balancer",
    LoadBalancer,
    LoadBalancerObserved,
    {
        "name": lambda item: item.desired.name,
        "vpc": lambda item: item.desired.vpc_id,
    },
)
