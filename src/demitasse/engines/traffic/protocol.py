"""What the service above may ask of load balancers. ``fake.py`` and ``engine.py`` do it."""

from __future__ import annotations

from typing import Protocol

from demitasse.engines.traffic.observation import Observation
from demitasse.engines.traffic.spec import LoadBalancer


class Traffic(Protocol):
    """Load balancers that really listen, forward and check health.

    Every call may raise ``EngineError`` (with the engine's own message) and ``EngineUnavailable``
    (nothing can be reached now; the same call later may succeed). Calls for different load
    balancers may run at once; calls for the same one wait for each other.
    """

    async def apply(self, spec: LoadBalancer) -> None:
        """Make the load balancer be as said, from whatever state it is in.

        Idempotent, and cheap when nothing changed. When it returns, new requests are treated by
        ``spec``. When it raises, what ran before goes on running: a port that somebody else
        listens on (``EADDRINUSE``), for instance, gives ``EngineError`` naming address and port.
        """

    async def remove(self, load_balancer: str) -> None:
        """Stop and forget the load balancer of this id, its address included; also if absent."""

    async def observe(self, load_balancer: str) -> Observation:
        """What is seen of it now; ``NotFoundInEngine`` when it does not run."""

    async def running(self) -> frozenset[str]:
        """The ids of all load balancers of this installation that run."""
