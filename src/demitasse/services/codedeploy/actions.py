"""What a deployment's plan may say is to be done; ``apply`` does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Begin:
    """Note the original and its target group."""

    blue: str
    group: str


@dataclass(frozen=True, slots=True)
class Enter:
    """The next phase begins."""

    phase: str
    status: str = "InProgress"


@dataclass(frozen=True, slots=True)
class Weigh:
    """Every production route of the pair: ``percent`` to ``green``, the rest to ``blue``."""

    percent: int
    blue: str
    green: str


@dataclass(frozen=True, slots=True)
class Carried:
    """The load balancer does as it was last told."""


@dataclass(frozen=True, slots=True)
class Test:
    """These routes of the test listener forward to ``group`` alone."""

    routes: tuple[str, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Every production route of the pair forwards to ``group`` alone, with no trace of the other."""

    group: str
    other: str


@dataclass(frozen=True, slots=True)
class CreateGreen:
    """Create the replacement task set, in this target group."""

    group: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Drain and stop a task set."""

    id: str


@dataclass(frozen=True, slots=True)
class MakePrimary:
    """A task set serves production from now on."""

    id: str


@dataclass(frozen=True, slots=True)
class End:
    """The deployment is over; ``rollback``: another one that undoes it begins.

    ``kept`` is why none begins although one was asked for.
    """

    status: str
    code: str = ""
    message: str = ""
    rollback: bool = False
    kept: str = ""


Action = Begin | Enter | Weigh | Carried | Test | Settle | CreateGreen | Delete | MakePrimary | End


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, in this order, and the seconds after which to look again at the latest."""

    actions: tuple[Action, ...] = ()
    again: float | None = None


NOTHING = Plan()
