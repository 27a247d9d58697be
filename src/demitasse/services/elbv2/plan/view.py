"""What decides about a load balancer: its records, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

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
    """All records that decide what one load balancer does."""

    balancer: Item[LoadBalancer, LoadBalancerObserved]
    listeners: tuple[Item[Listener, Applied], ...] = ()
    rules: tuple[Item[Rule, Applied], ...] = ()
    groups: tuple[GroupView, ...] = ()
