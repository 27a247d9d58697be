"""What an observation means for the targets: their health, and which have drained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from demitasse.clock import Waits
from demitasse.engines.traffic import spec
from demitasse.engines.traffic.observation import Observation, State
from demitasse.services.elbv2 import attributes
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.plan.view import GroupView, View
from demitasse.services.elbv2.records import (
    Target,
    TargetObserved,
    enabled,
)
from demitasse.store import Item

CALM_SECONDS = 1.0
BUSY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Findings:
    """``seen``: health to keep, by target key; ``drained``: targets to forget, by their keys, with
    when they were deregistered. ``again`` is when to look the next time, in seconds.
    """

    seen: Mapping[str, TargetObserved]
    drained: Mapping[str, datetime]
    again: float


def findings(view: View, observation: Observation | None, now: datetime, waits: Waits) -> Findings:
    """What the targets' health is, which of them have drained, and when to look again.

    ``observation`` is ``None`` when the engine shows nothing now: what was seen then stays.
    """
    seen: dict[str, TargetObserved] = {}
    drained: dict[str, datetime] = {}
    busy = view.balancer.observed.state == "provisioning"
    for group in view.groups:
        delay = _delay(group)
        for target in group.targets:
            since = target.desired.deregistered_at
            if since is not None:
                busy = True
                over = waits.over(since, delay, now)
                if over or _is_drained(group, target, view, observation):
                    drained[target.key] = since
                continue
            health = _health(group, target, view, observation)
            if health is not None:
                seen[target.key] = health
                busy = busy or health.state == "initial"
    return Findings(seen, drained, BUSY_SECONDS if busy else CALM_SECONDS)


def _delay(group: GroupView) -> float:
    given = {} if group.desired is None else group.desired.attributes
    name = "deregistration_delay.timeout_seconds"
    return float(attributes.value(attributes.TARGET_GROUP, given, name))


def _is_drained(
    group: GroupView,
    target: Item[Target, TargetObserved],
    view: View,
    observation: Observation | None,
) -> bool:
    if not enabled(target.desired, view.balancer.desired):
        return True
    if observation is None:
        return False
    try:
        seen = observation.group(engine_id(group.arn)).target(
            target.desired.address, target.desired.port
        )
    except KeyError:
        return False
    return seen.state is State.DRAINING and seen.sessions == 0


def _health(
    group: GroupView,
    target: Item[Target, TargetObserved],
    view: View,
    observation: Observation | None,
) -> TargetObserved | None:
    if observation is None:
        return None
    try:
        seen = observation.group(engine_id(group.arn)).target(
            target.desired.address, target.desired.port
        )
    except KeyError:
        return None
    if seen.state is State.DRAINING:  # from before it was registered again
        return None
    return TargetObserved(
        state=str(seen.state),
        reason="" if seen.reason is None else str(seen.reason),
        description=seen.description or "",
        registered_at=target.desired.registered_at,
        seen_by=view.balancer.key,
    )


def shows(wanted: spec.LoadBalancer, observation: Observation) -> bool:
    """Whether what is seen has the listeners, groups and targets that are wanted."""
    return {listener.port for listener in wanted.listeners} == {
        seen.port for seen in observation.listeners
    } and {
        (group.id, target.address, target.port)
        for group in wanted.target_groups
        for target in group.targets
    } == {
        (group.id, target.address, target.port)
        for group in observation.groups
        for target in group.targets
    }
