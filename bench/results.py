"""What a subject hands back: claims with their verdicts, and the tables behind them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Claim:
    """A promised figure beside the measured one."""

    what: str
    goal: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Table:
    """Rows under a head; ``notes`` say how they came about."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass
class Result:
    """All that one subject found; ``excuse`` is what to know of it where a goal is not met."""

    title: str
    claims: list[Claim] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    excuse: str = ""

    @property
    def met(self) -> bool:
        """Whether every goal is."""
        return all(claim.met for claim in self.claims)


def at_most(what: str, value: float, goal: float, unit: str) -> Claim:
    """A figure that must not exceed its goal."""
    return Claim(what, f"≤ {goal:g} {unit}", f"{value:.3g} {unit}", value <= goal)


def at_least(what: str, value: float, goal: float, unit: str) -> Claim:
    """A figure that must reach its goal."""
    return Claim(what, f"≥ {goal:g} {unit}", f"{value:.3g} {unit}", value >= goal)


def median(values: Iterable[float]) -> float:
    """The middle value; NaN, which meets no goal, when there is none."""
    known = list(values)
    return statistics.median(known) if known else float("nan")
