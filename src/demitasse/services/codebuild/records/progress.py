"""How a build goes on and ends: its phases written down, with the events that say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from demitasse.ids import Ids
from demitasse.services.codebuild.records.builds import BUILDS, BuildItem, Phase
from demitasse.services.codebuild.records.telling import tell_phase, tell_state
from demitasse.services.sts.records import EVERYWHERE, SESSIONS
from demitasse.store import Ref, Transaction


@dataclass(frozen=True, slots=True)
class Ending:
    """How a phase ended: AWS's status, and the context's code and message."""

    status: str
    code: str = ""
    message: str = ""


SUCCEEDED = Ending("SUCCEEDED")


def note(
    tx: Transaction,
    item: BuildItem,
    ids: Ids,
    now: datetime,
    phases: tuple[Phase, ...],
    **what: Any,
) -> BuildItem:
    """Write down phases and what else was seen. A phase that ends is told once."""
    seen = msgspec.structs.replace(
        item.observed, phases=phases, current_phase=phases[-1].type, **what
    )
    told = {each.type for each in item.observed.phases if each.ended_at is not None}
    after = tx.observe(BUILDS, item.ref, seen)
    for each in phases:
        if each.ended_at is not None and each.type not in told:
            tell_phase(tx, after, each, ids, now)
    return after


def enter(  # noqa: PLR0917 - as note
    tx: Transaction,
    item: BuildItem,
    ids: Ids,
    now: datetime,
    phase: str,
    ending: Ending,
    **what: Any,
) -> BuildItem:
    """End the phase that a build is in, if it has not ended, and begin another."""
    phases = (*ended(item.observed.phases, ending, now), Phase(phase, now))
    return note(tx, item, ids, now, phases, **what)


def complete(  # noqa: PLR0917 - as note
    tx: Transaction, item: BuildItem, ids: Ids, now: datetime, ending: Ending, status: str
) -> BuildItem:
    """End a build with ``status``, and the phase that it is in as ``ending`` says.

    Its credentials are good for nothing from then on.
    """
    tx.delete(SESSIONS, Ref(EVERYWHERE, item.observed.session))
    phases = (*ended(item.observed.phases, ending, now), Phase("COMPLETED", now, status=""))
    after = note(tx, item, ids, now, phases, status=status, ended_at=now)
    tell_state(tx, after, ids, now)
    return after


def ended(phases: tuple[Phase, ...], ending: Ending, now: datetime) -> tuple[Phase, ...]:
    """The phases with the last one ended, if it had not."""
    last = phases[-1]
    if last.ended_at is not None:
        return phases
    over = msgspec.structs.replace(
        last, status=ending.status, ended_at=now, code=ending.code, message=ending.message
    )
    return (*phases[:-1], over)
