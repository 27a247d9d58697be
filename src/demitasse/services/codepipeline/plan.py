"""What is to happen next in a pipeline: from its executions as they are now, decisions.

Follows "How pipeline executions work" of CodePipeline's user guide: a stage holds one execution at
a time; in SUPERSEDED mode one that waits before a stage gives way to a newer one, in QUEUED mode
they go in by turn, in PARALLEL mode they do not see each other. Within a stage all actions of one
run order begin together, when all of the lower ones have succeeded. An update of the pipeline
cancels what is under way ("Edit a pipeline"), except in PARALLEL mode, where each execution goes
on through the structure that it started with.

The applier carries the decisions out and asks again until there are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

NOT_BEGUN = ""


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action of the stage in which an execution is; ``status`` is AWS's, or ``NOT_BEGUN``."""

    name: str
    order: int
    status: str = NOT_BEGUN


@dataclass(frozen=True, slots=True)
class RunView:
    """An execution. ``stage`` is the name of the stage that it is in, or waits to enter.

    ``stop`` is "", "wait" or "abandon". ``retry`` is the stage that it was asked to run again.
    ``on_failure`` is what the stage wants when it fails, once: FAIL, RETRY or ROLLBACK.
    ``outdated``: the pipeline was updated since it started.
    """

    key: str
    number: int
    stage: str
    status: str = "InProgress"
    mode: str = "SUPERSEDED"
    entered: bool = False
    actions: tuple[ActionView, ...] = ()
    stop: str = ""
    retry: str = ""
    on_failure: str = "FAIL"
    outdated: bool = False

    @property
    def active(self) -> bool:
        """Whether it goes on by itself."""
        return self.status in ("InProgress", "Stopping")


@dataclass(frozen=True, slots=True)
class View:
    """A pipeline's executions that are not at their end, and the stages that none may enter."""

    runs: tuple[RunView, ...]
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """Something to do with the execution called ``run``."""

    run: str


class Enter(Decision):
    """It goes into the stage before which it waits."""


class Pass(Decision):
    """Its stage has succeeded: it waits before the next, or has succeeded itself."""


class Fail(Decision):
    """Its stage has failed, and so has it."""


class FailAndRollBack(Fail):
    """It has failed; the stage is to run again with what last succeeded there."""


class RetryByItself(Decision):
    """Its stage has failed, and runs again as the stage's onFailure wants."""


class RetryAsAsked(Decision):
    """The stage that it was asked to retry runs again."""


class Stopping(Decision):
    """It ends when the actions in progress have."""


class Stop(Decision):
    """It ends here; actions in progress are abandoned."""


class Cancel(Decision):
    """It ends here, because the pipeline is another one now."""


@dataclass(frozen=True, slots=True)
class Begin(Decision):
    """One of its actions begins."""

    action: str


@dataclass(frozen=True, slots=True)
class Supersede(Decision):
    """It gives way to a newer one."""

    by: str


def plan(view: View) -> list[Decision]:
    """The decisions that are due now, at most one stage's worth for each execution."""
    runs = sorted(view.runs, key=lambda run: run.number)
    held = {run.stage for run in runs if run.active and run.entered and run.mode != "PARALLEL"}
    decided: list[Decision] = []
    for run in runs:
        if run.retry and not run.active:
            if run.mode == "PARALLEL" or run.retry not in held:
                held.add(run.retry)
                decided.append(RetryAsAsked(run.key))
        elif not run.active:
            continue
        elif run.outdated and run.mode != "PARALLEL":
            decided.append(Cancel(run.key))
        elif run.stop == "abandon":
            decided.append(Stop(run.key))
        elif run.entered:
            decided.extend(_within(run))
        elif run.stop:
            decided.append(Stop(run.key))
        elif run.mode == "PARALLEL" and run.stage not in view.disabled:
            decided.append(Enter(run.key))
        elif _is_free(run, view, held):
            held.add(run.stage)
            decided.append(Enter(run.key))
        else:
            decided.extend(_wait(run, runs))
    return decided


def _is_free(run: RunView, view: View, held: set[str]) -> bool:
    return run.stage not in view.disabled and run.stage not in held


def _wait(run: RunView, runs: list[RunView]) -> Iterator[Decision]:
    """An execution that waits gives way to the newest one that waits at the same place."""
    if run.mode != "SUPERSEDED":
        return
    newer = [
        other
        for other in runs
        if other.number > run.number
        and other.mode == "SUPERSEDED"
        and other.stage == run.stage
        and other.active
        and not (other.entered or other.stop)
    ]
    if newer:
        yield Supersede(run.key, newer[-1].key)


def _within(run: RunView) -> Iterator[Decision]:
    statuses = [action.status for action in run.actions]
    if "InProgress" in statuses:
        if run.stop and run.status != "Stopping":
            yield Stopping(run.key)
        return
    if "Failed" in statuses or "Abandoned" in statuses:
        yield _failure(run)
        return
    left = [action for action in run.actions if action.status != "Succeeded"]
    if not left:
        # One that has done everything has not been stopped.
        yield Pass(run.key)
    elif run.stop:
        yield Stop(run.key)
    else:
        order = min(action.order for action in left)
        yield from (Begin(run.key, action.name) for action in left if action.order == order)


def _failure(run: RunView) -> Decision:
    if run.stop or run.on_failure == "FAIL":
        return Fail(run.key)
    return RetryByItself(run.key) if run.on_failure == "RETRY" else FailAndRollBack(run.key)
