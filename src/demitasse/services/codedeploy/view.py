"""What a deployment's plan sees: values, made by ``look``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from demitasse.services.codedeploy.records import Deployment, DeploymentObserved


@dataclass(frozen=True, slots=True)
class SetView:
    """A task set. ``want`` tasks are desired of it, ``healthy`` run and are healthy targets.

    ``failure`` is ECS's reason why its last task failed.
    """

    id: str
    want: int = 0
    healthy: int = 0
    deleting: bool = False
    failure: str = ""

    @property
    def well(self) -> bool:
        """Whether all of its tasks can take requests."""
        return not self.deleting and self.healthy >= self.want


@dataclass(frozen=True, slots=True)
class Route:
    """A listener's default rule, or one of its rules, that forwards: group → weight.

    ``carried_out``: the load balancer does so already.
    """

    arn: str
    weights: Mapping[str, int]
    carried_out: bool = True

    def share(self, group: str) -> float:
        """The part of its requests that goes to a group, 0 to 1."""
        total = sum(self.weights.values())
        return self.weights.get(group, 0) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class View:
    """All that decides.

    ``groups`` are the ARNs of the pair's target groups, "" for one that does not exist.
    ``primary`` is the service's primary task set and ``primary_group`` its target group's ARN.
    ``production`` and ``test`` are the listeners' routes, ``None`` for a listener that does not
    exist; ``test`` is ``()`` where there is none to move. ``service`` says why the service cannot
    be deployed to, ``revision`` why the revision cannot: "" when all is well. ``since`` is when
    the platform began to look; ``balancer`` is what keeps the load balancer from working.
    """

    deployment: Deployment
    seen: DeploymentObserved
    now: datetime
    groups: tuple[str, str]
    production: tuple[Route, ...] | None
    test: tuple[Route, ...] | None = ()
    since: datetime | None = None
    balancer: str = ""
    service: str = ""
    revision: str = ""
    revision_code: str = "ECS_UPDATE_ERROR"
    primary: str = ""
    primary_group: str = ""
    sets: Mapping[str, SetView] = field(default_factory=dict)

    @property
    def original(self) -> SetView | None:
        """The task set that the deployment found, if it is still there."""
        return self.sets.get(self.seen.blue.id) if self.seen.blue else None

    @property
    def replacement(self) -> SetView | None:
        """The task set that the deployment made, if it is there."""
        return self.sets.get(self.seen.green.id) if self.seen.green else None
