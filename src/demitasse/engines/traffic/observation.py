"""What is seen of a load balancer that runs, in AWS's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """A target's ``TargetHealth.State``. (``unused`` is said by the service above.)"""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"


class Reason(StrEnum):
    """A target's ``TargetHealth.Reason``; a healthy target has none."""

    REGISTRATION_IN_PROGRESS = "Elb.RegistrationInProgress"
    INITIAL_HEALTH_CHECKING = "Elb.InitialHealthChecking"
    RESPONSE_CODE_MISMATCH = "Target.ResponseCodeMismatch"
    TIMEOUT = "Target.Timeout"
    FAILED_HEALTH_CHECKS = "Target.FailedHealthChecks"
    DEREGISTRATION_IN_PROGRESS = "Target.DeregistrationInProgress"
    INTERNAL_ERROR = "Elb.InternalError"


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts since the load balancer's process started: they may go back to 0, never else down.

    ``answers`` are by class: 1 for 1XX … 5 for 5XX.
    """

    requests: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    connection_errors: int = 0
    response_time: float = 0.0
    """Seconds until the target's answer began, averaged over the last 1024 requests."""
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """One target. ``sessions`` counts what is in flight on it: requests and upgraded connections."""

    address: str
    port: int
    state: State
    reason: Reason | None = None
    description: str | None = None
    sessions: int = 0
    counters: Counters = Counters()


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """One target group; its counters hold targets' answers, not the load balancer's own."""

    id: str
    targets: tuple[TargetSeen, ...] = ()
    counters: Counters = Counters()

    def target(self, address: str, port: int) -> TargetSeen:
        """The target at this address and port; ``KeyError`` when it is not there."""
        for seen in self.targets:
            if (seen.address, seen.port) == (address, port):
                return seen
        raise KeyError((address, port))


@dataclass(frozen=True, slots=True)
class ListenerSeen:
    """One listener; its counters hold all answers given, the load balancer's own included."""

    port: int
    active_connections: int = 0
    new_connections: int = 0
    counters: Counters = Counters()


@dataclass(frozen=True, slots=True)
class Observation:
    """A whole load balancer at one moment."""

    id: str
    listeners: tuple[ListenerSeen, ...] = ()
    groups: tuple[GroupSeen, ...] = ()

    def group(self, group_id: str) -> GroupSeen:
        """The target group of this id; ``KeyError`` when it is not there."""
        for seen in self.groups:
            if seen.id == group_id:
                return seen
        raise KeyError(group_id)


def codes_mismatch(status: int) -> str:
    """The description that AWS gives for ``Target.ResponseCodeMismatch``."""
    return f"Health checks failed with these codes: [{status}]"


DESCRIPTIONS: dict[Reason, str] = {
    Reason.REGISTRATION_IN_PROGRESS: "Target registration is in progress",
    Reason.INITIAL_HEALTH_CHECKING: "Initial health checks in progress",
    Reason.TIMEOUT: "Request timed out",
    Reason.FAILED_HEALTH_CHECKS: "Health checks failed",
    Reason.DEREGISTRATION_IN_PROGRESS: "Target deregistration is in progress",
    Reason.INTERNAL_ERROR: "Health checks failed due to an internal error",
}
