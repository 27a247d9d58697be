"""Deciding what a DB instance needs next. Pure.

``next_step`` looks at what is asked, at what was seen so far, and at the container now; each step
brings the instance nearer to what is asked, from any state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from demitasse.services.rds.records import DbInstance, DbInstanceObserved
from demitasse.services.rds.servers import login_digest


class Step(Enum):
    """What to do next."""

    CREATE = auto()  # image, volume, address, container
    REPLACE = auto()  # the container is of an older specification: remove it, keep its data
    START = auto()
    STOP = auto()
    REBOOT = auto()
    SET_UP = auto()  # tell the server of its master user
    LOG_IN = auto()  # try as a client would
    DESTROY = auto()
    NOTHING = auto()


_NOT_SERVING = frozenset({Step.CREATE, Step.REPLACE, Step.START})


@dataclass(frozen=True, slots=True)
class Seen:
    """The container as it is now. ``current``: it is of the specification wanted."""

    running: bool
    current: bool


def next_step(desired: DbInstance, observed: DbInstanceObserved, container: Seen | None) -> Step:
    """The next step for an instance."""
    if desired.wanted == "deleted":
        return Step.DESTROY
    if desired.wanted == "stopped":
        running = container is not None and container.running
        return Step.STOP if running or observed.status != "stopped" else Step.NOTHING
    if container is None:
        return Step.CREATE
    if not container.current:
        return Step.REPLACE
    if observed.reboots < desired.reboots:
        return Step.REBOOT
    if not container.running:
        return Step.START
    if observed.login != login_digest(desired):
        return Step.SET_UP
    return Step.LOG_IN


def status(desired: DbInstance, observed: DbInstanceObserved, step: Step = Step.NOTHING) -> str:
    """The DBInstanceStatus while ``step`` towards what is asked is under way.

    Without a step: what can be said before anybody has looked at the container.
    """
    if desired.wanted == "deleted":
        return "deleting"
    if desired.wanted == "stopped":
        return "stopped" if observed.status == "stopped" else "stopping"
    if not observed.was_available:
        tries_again = observed.status == "failed" and step in {Step.CREATE, Step.NOTHING}
        return "failed" if tries_again else "creating"
    if observed.reboots < desired.reboots:
        return "rebooting"
    if observed.status in {"stopping", "stopped", "starting"} or step in _NOT_SERVING:
        return "starting"
    if observed.login != login_digest(desired):
        return "resetting-master-credentials"  # the one thing that set-up changes later
    return observed.status
