"""Load balancers in memory: the same Protocol, for tests and for running without Docker.

A target is healthy as soon as it is registered, unless ``health`` says what a health check sees
there. ``send`` routes a request as the real load balancer would.
"""

from __future__ import annotations

from dataclasses import dataclass

from demitasse.engines.traffic.matcher import accepts
from demitasse.engines.traffic.observation import (
    DESCRIPTIONS,
    GroupSeen,
    ListenerSeen,
    Observation,
    Reason,
    State,
    TargetSeen,
    codes_mismatch,
)
from demitasse.engines.traffic.routing import Request, action_for
from demitasse.engines.traffic.spec import (
    FixedResponse,
    Forward,
    LoadBalancer,
    Redirect,
    Target,
    TargetGroup,
)
from demitasse.errors import EngineError, NotFoundInEngine

Check = int | Reason
"""What a health check sees: the answer's status, or why there was none (or none yet)."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a request went: a ``target`` with its group, or an answer of the load balancer."""

    status: int
    group: str | None = None
    target: Target | None = None
    action: FixedResponse | Redirect | None = None


class FakeTraffic:
    """``Traffic`` without a network.

    ``balancers`` holds what was applied. Set ``health[address, port]`` to a status or a ``Reason``
    (``Reason.INITIAL_HEALTH_CHECKING`` keeps a target initial); set ``sessions[address, port]`` for
    requests in flight; add ``(address, port)`` to ``occupied`` for a port somebody else listens on;
    set ``failure`` to make every call raise it.
    """

    def __init__(self) -> None:
        self.balancers: dict[str, LoadBalancer] = {}
        self.health: dict[tuple[str, int], Check] = {}
        self.sessions: dict[tuple[str, int], int] = {}
        self.occupied: set[tuple[str, int]] = set()
        self.failure: EngineError | None = None
        self._turn = 0

    async def apply(self, spec: LoadBalancer) -> None:
        self._fail()
        for listener in spec.listeners:
            if (spec.address, listener.port) in self.occupied:
                raise EngineError(
                    f"port {listener.port} of {spec.address} is already in use (EADDRINUSE)"
                )
        self.balancers[spec.id] = spec

    async def remove(self, load_balancer: str) -> None:
        self._fail()
        self.balancers.pop(load_balancer, None)

    async def running(self) -> frozenset[str]:
        self._fail()
        return frozenset(self.balancers)

    async def observe(self, load_balancer: str) -> Observation:
        self._fail()
        spec = self._spec(load_balancer)
        return Observation(
            id=spec.id,
            listeners=tuple(ListenerSeen(listener.port) for listener in spec.listeners),
            groups=tuple(
                GroupSeen(group.id, tuple(self._seen(group, each) for each in group.targets))
                for group in spec.target_groups
            ),
        )

    def send(self, load_balancer: str, port: int, request: Request) -> Routed:
        """Route one request. ``NotFoundInEngine`` when nobody listens there."""
        spec = self._spec(load_balancer)
        for listener in spec.listeners:
            if listener.port == port:
                break
        else:
            raise NotFoundInEngine(f"{load_balancer} has no listener on port {port}")
        action = action_for(listener, request)
        match action:
            case FixedResponse():
                return Routed(action.status, action=action)
            case Redirect():
                return Routed(action.status, action=action)
            case Forward():
                return self._forward(spec, action)

    def _forward(self, spec: LoadBalancer, action: Forward) -> Routed:
        self._turn += 1
        shares = [each.group for each in action.groups for _ in range(each.weight)]
        if not shares:
            return Routed(503)
        group = spec.group(shares[self._turn * 7919 % len(shares)])
        registered = [each for each in group.targets if not each.draining]
        healthy = [each for each in registered if self._state(group, each)[0] is State.HEALTHY]
        usable = healthy or registered  # fails open
        if not usable:
            return Routed(503, group.id)
        return Routed(200, group.id, usable[self._turn % len(usable)])

    def _state(self, group: TargetGroup, target: Target) -> tuple[State, Reason | None, str | None]:
        if target.draining:
            reason = Reason.DEREGISTRATION_IN_PROGRESS
            return State.DRAINING, reason, DESCRIPTIONS[reason]
        check = self.health.get((target.address, target.port), 0)
        if isinstance(check, Reason):
            initial = check in (Reason.REGISTRATION_IN_PROGRESS, Reason.INITIAL_HEALTH_CHECKING)
            state = State.INITIAL if initial else State.UNHEALTHY
            return state, check, DESCRIPTIONS[check]
        if check == 0 or accepts(group.health_check.matcher, check):
            return State.HEALTHY, None, None
        return State.UNHEALTHY, Reason.RESPONSE_CODE_MISMATCH, codes_mismatch(check)

    def _seen(self, group: TargetGroup, target: Target) -> TargetSeen:
        state, reason, description = self._state(group, target)
        sessions = self.sessions.get((target.address, target.port), 0)
        return TargetSeen(target.address, target.port, state, reason, description, sessions)

    def _spec(self, load_balancer: str) -> LoadBalancer:
        try:
            return self.balancers[load_balancer]
        except KeyError:
            raise NotFoundInEngine(f"load balancer {load_balancer} does not run") from None

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
