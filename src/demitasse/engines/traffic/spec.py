"""What a load balancer shall do, as plain values.

The service above makes these from AWS records and hands them over whole; the engine finds out what
to change. All durations are seconds that are really waited: whoever compresses time has already
done it. Everything is checked by the service above; what cannot be rendered raises ``ValueError``
here, when the value is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

from demitasse.engines.traffic.conditions import Condition

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def _check_id(value: str, what: str) -> None:
    if not _ID.fullmatch(value):
        raise ValueError(f"{what} must be letters, digits, '-', '_' or '.', not {value!r}")


class Algorithm(StrEnum):
    """How a target group picks a target (``load_balancing.algorithm.type``)."""

    ROUND_ROBIN = "round_robin"
    LEAST_OUTSTANDING_REQUESTS = "least_outstanding_requests"


class Xff(StrEnum):
    """What becomes of X-Forwarded-For (``routing.http.xff_header_processing.mode``)."""

    APPEND = "append"
    PRESERVE = "preserve"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One registered IP target. ``draining``: deregistered, its requests in flight may finish.

    The caller decides when draining is over (nothing in flight any more, or the deregistration
    delay has passed) and then leaves the target out; what still runs on it is cut then, as AWS
    does.
    """

    address: str
    port: int
    draining: bool = False

    def __post_init__(self) -> None:
        IPv4Address(self.address)
        _check_port(self.port)


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise ValueError(f"a port lies between 1 and 65535, not {port}")


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How targets are judged. ``port`` is ``None`` for AWS's ``traffic-port``.

    ``matcher`` is AWS's: ``"200"``, ``"200,202"``, ``"200-299"`` or a mixture of these.
    """

    path: str = "/"
    port: int | None = None
    matcher: str = "200"
    interval: float = 30.0
    timeout: float = 5.0
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2


@dataclass(frozen=True, slots=True)
class LbCookie:
    """Stickiness by the load balancer's own cookie, AWSALB."""

    duration: float


@dataclass(frozen=True, slots=True)
class AppCookie:
    """Stickiness that follows a cookie of the application."""

    name: str
    duration: float


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group of this load balancer; ``slow_start`` 0 means none."""

    id: str
    targets: tuple[Target, ...] = ()
    health_check: HealthCheck = HealthCheck()
    algorithm: Algorithm = Algorithm.ROUND_ROBIN
    stickiness: LbCookie | AppCookie | None = None
    slow_start: float = 0.0

    def __post_init__(self) -> None:
        _check_id(self.id, "a target group's id")
        seen = [(target.address, target.port) for target in self.targets]
        if len(seen) != len(set(seen)):
            raise ValueError(f"target group {self.id} names a target twice")


@dataclass(frozen=True, slots=True)
class WeightedGroup:
    """A target group (by id) and its share, 0 to 999."""

    group: str
    weight: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 999:
            raise ValueError(f"a weight lies between 0 and 999, not {self.weight}")


@dataclass(frozen=True, slots=True)
class Forward:
    """Send on to one of up to five groups; ``stickiness`` is the group cookie's duration."""

    groups: tuple[WeightedGroup, ...]
    stickiness: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.groups) <= 5:
            raise ValueError("a forward action names one to five target groups")


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the client elsewhere; every part may hold AWS's ``#{…}`` keywords.

    ``path`` starts with ``/``; ``query`` has no leading ``?``. ``status`` is 301 or 302.
    """

    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"
    status: int = 301


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """Answer without a target. ``status`` is a 2XX, 4XX or 5XX code."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True, slots=True)
class Rule:
    """All ``conditions`` must hold; of several rules the lowest ``priority`` that holds acts."""

    priority: int
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class Listener:
    """An HTTP listener. ``rules`` may come in any order; they are kept sorted by priority."""

    port: int
    default: Action
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        _check_port(self.port)
        ordered = tuple(sorted(self.rules, key=lambda rule: rule.priority))
        if len({rule.priority for rule in ordered}) != len(ordered):
            raise ValueError(f"listener {self.port} has two rules of one priority")
        object.__setattr__(self, "rules", ordered)


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """One Application Load Balancer, whole.

    ``id`` names its folder and its container. ``address`` is its own address in the VPC; every
    listener is bound to it, and targets see it as the client.
    ``idle_timeout`` is how long a connection in the middle of a request may be silent,
    ``client_keep_alive`` how long a client's connection may live (``None``: as long as it likes).
    """

    id: str
    address: str
    listeners: tuple[Listener, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    idle_timeout: float = 60.0
    client_keep_alive: float | None = None
    drop_invalid_header_fields: bool = False
    preserve_host_header: bool = False
    xff: Xff = Xff.APPEND
    xff_client_port: bool = False

    def __post_init__(self) -> None:
        _check_id(self.id, "a load balancer's id")
        IPv4Address(self.address)
        ports = [listener.port for listener in self.listeners]
        if len(ports) != len(set(ports)):
            raise ValueError(f"load balancer {self.id} has two listeners on one port")
        known = {group.id for group in self.target_groups}
        if len(known) != len(self.target_groups):
            raise ValueError(f"load balancer {self.id} has two target groups of one id")
        for listener in self.listeners:
            for action in (listener.default, *(rule.action for rule in listener.rules)):
                if isinstance(action, Forward):
                    missing = {each.group for each in action.groups} - known
                    if missing:
                        raise ValueError(f"unknown target group {min(missing)}")

    def group(self, group_id: str) -> TargetGroup:
        """The target group of this id; ``KeyError`` when there is none."""
        for group in self.target_groups:
            if group.id == group_id:
                return group
        raise KeyError(group_id)
