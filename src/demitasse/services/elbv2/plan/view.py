"""What decides about a load balancer: its records, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demitasse.services.ec2.records import Permission
from demitasse.services.elbv2.records import (
    Applied,
    Listener,
    LoadBalancer,
    LoadBalancerObserved,
    Rule,
    Target,
    TargetGroup,
    TargetObserved,
)
from demitasse.store import Item


@dataclass(frozen=True, slots=True)
class GroupView:
    """A target group that a load balancer uses; ``desired`` is ``None`` when its record is gone."""

    arn: str
    desired: TargetGroup | None
    targets: tuple[Item[Target, TargetObserved], ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All records that decide what one load balancer does.

    ``permissions`` are the rules of its security groups; ``members`` are the addresses of the
    interfaces in the groups that these rules refer to.
    """

    balancer: Item[LoadBalancer, LoadBalancerObserved]
    listeners: tuple[Item[Listener, Applied], ...] = ()
    rules: tuple[Item[Rule, Applied], ...] = ()
    groups: tuple[GroupView, ...] = ()
    permissions: tuple[Permission, ...] = ()
    members: Mapping[str, tuple[str, ...]] | None = None


# Records → the engine's values
