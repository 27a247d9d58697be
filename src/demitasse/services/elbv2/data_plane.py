"""Brings the traffic engine to what is wanted, and remembers what it was brought to.

Nothing is lost with what is remembered here: it only spares the engine.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from demitasse.clock import Clock
from demitasse.engines.traffic import spec
from demitasse.engines.traffic.observation import Observation
from demitasse.engines.traffic.protocol import Traffic
from demitasse.errors import EngineError, NotFoundInEngine
from demitasse.services.elbv2 import plan

log = logging.getLogger(__name__)

_FIRST_RETRY, _LAST_RETRY = 0.5, 8.0  # a start that fails costs a container each time
_AT_MOST_EVERY = 5.0  # applying again what the engine does not show
_OCCUPIED = re.compile(r"port (\d+) of (\S+) is already in use")


@dataclass(frozen=True, slots=True)
class Brought:
    """``made`` is in force now, ``None`` when nothing new could be applied; ``problem`` says why
    that, or why some listeners are left out. ``again`` is when to try the next time.
    """

    made: spec.LoadBalancer | None
    problem: str = ""
    again: float = 0.0


@dataclass(frozen=True, slots=True)
class _Barred:
    """Ports that somebody else listens on, with the engine's words, left out until a moment."""

    problems: Mapping[int, str]
    until: float


class DataPlane:
    """The traffic engine as the load balancers' controller uses it."""

    def __init__(self, traffic: Traffic, clock: Clock) -> None:
        self._traffic = traffic
        self._clock = clock
        self._applied: dict[str, tuple[spec.LoadBalancer, float]] = {}
        self._barred: dict[str, _Barred] = {}
        self._failures: dict[str, int] = {}

    def serves(self, load_balancer: str) -> bool:
        """Whether it was brought to something and not heard of otherwise since."""
        return load_balancer in self._applied

    def doubt(self, load_balancer: str) -> None:
        """Apply again at the next occasion, even if nothing else is wanted then."""
        self._applied.pop(load_balancer, None)

    def doubt_all(self) -> None:
        """Like ``doubt``, of all; occupied ports are tried again at once."""
        self._applied.clear()
        self._barred.clear()

    async def remove(self, load_balancer: str) -> None:
        """Stop it, and forget about it."""
        await self._traffic.remove(load_balancer)
        for memory in (self._applied, self._barred, self._failures):
            memory.pop(load_balancer, None)

    async def remove_others(self, known: frozenset[str]) -> None:
        """Stop what runs and is not known: deleted while nobody was there to carry it out."""
        for orphan in await self._traffic.running() - known:
            log.info("load balancer %s has no record any more: removing it", orphan)
            await self._traffic.remove(orphan)

    async def bring(self, wanted: spec.LoadBalancer) -> Brought:
        """Apply what is wanted, unless it is so already.

        A listener whose port somebody else listens on must not keep the others from changing: it
        is left out, and tried again after a while.
        """
        barred = self._still_barred(wanted)
        problems = dict(barred.problems) if barred else {}
        while True:
            made = without(wanted, problems)
            applied = self._applied.get(wanted.id)
            if applied is not None and applied[0] == made:
                break
            self._applied.pop(wanted.id, None)
            try:
                await self._traffic.apply(made)
            except EngineError as error:
                port = occupied(error, made)
                if port is None:
                    return Brought(None, str(error), self._wait(wanted.id))
                problems[port] = str(error)
            else:
                self._applied[wanted.id] = (made, self._clock.monotonic())
                break
        if not problems:
            self._barred.pop(wanted.id, None)
            self._failures.pop(wanted.id, None)
        elif barred is None or problems.keys() != barred.problems.keys():
            until = self._clock.monotonic() + self._wait(wanted.id)
            self._barred[wanted.id] = _Barred(problems, until)
        return Brought(made, "; ".join(problems[port] for port in sorted(problems)))

    def _still_barred(self, wanted: spec.LoadBalancer) -> _Barred | None:
        barred = self._barred.get(wanted.id)
        if barred is None or self._clock.monotonic() >= barred.until:
            return None
        ports = {listener.port for listener in wanted.listeners}
        left = {port: words for port, words in barred.problems.items() if port in ports}
        return replace(barred, problems=left) if left else None

    def _wait(self, load_balancer: str) -> float:
        """How long to wait after a failure: longer each time."""
        count = self._failures.get(load_balancer, 0)
        self._failures[load_balancer] = count + 1
        return float(min(_FIRST_RETRY * 2 ** min(count, 8), _LAST_RETRY))

    async def observe(self, wanted: spec.LoadBalancer) -> Observation | None:
        """What the engine sees; ``None`` when it shows nothing, and then it is applied again."""
        try:
            observation = await self._traffic.observe(wanted.id)
        except NotFoundInEngine:
            self.doubt(wanted.id)
            return None
        except EngineError as error:
            log.debug("load balancer %s cannot be observed: %s", wanted.id, error)
            self.doubt(wanted.id)
            return None
        _, since = self._applied.get(wanted.id, (wanted, 0.0))
        stale = self._clock.monotonic() - since > _AT_MOST_EVERY
        if stale and not plan.shows(wanted, observation):
            self.doubt(wanted.id)
        return observation


def without(wanted: spec.LoadBalancer, ports: Mapping[int, str]) -> spec.LoadBalancer:
    """A load balancer without its listeners on some ports; targets are checked all the same."""
    if not ports:
        return wanted
    kept = tuple(listener for listener in wanted.listeners if listener.port not in ports)
    return replace(wanted, listeners=kept)


def occupied(error: EngineError, made: spec.LoadBalancer) -> int | None:
    """The listener's port that the error calls occupied (``Traffic.apply`` names it)."""
    found = _OCCUPIED.search(str(error))
    if found is None:
        return None
    port = int(found[1])
    return port if any(listener.port == port for listener in made.listeners) else None
