"""Properties of the plan: whatever happens, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from demitasse.services.codepipeline import plan as p
from demitasse.services.codepipeline.plan import ActionView, RunView, View

STAGES = ("Source", "Build", "Deploy")
ORDERS = (1, 1, 2)
"""The run orders of each stage's actions."""
MODES = ("SUPERSEDED", "QUEUED", "PARALLEL")


@dataclass
class Run:
    """An execution in the model."""

    number: int
    mode: str
    status: str = "InProgress"
    at: int = 0
    entered: bool = False
    actions: dict[str, str] = field(default_factory=dict)
    stop: str = ""
    retry: bool = False
    retried: int = 0
    failed: bool = False
    outdated: bool = False
    begun: list[tuple[int, int, str]] = field(default_factory=list)
    """Stage, attempt and action, each time that one began."""
    passed: list[int] = field(default_factory=list)


class Model:
    """Carries decisions out as the applier does, and complains of what must not be."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.runs: list[Run] = []
        self.disabled: set[str] = set()

    def view(self) -> View:
        return View(
            tuple(self._view(run) for run in self.runs if self._counts(run)),
            frozenset(self.disabled),
        )

    @staticmethod
    def _counts(run: Run) -> bool:
        return run.retry or run.status in ("InProgress", "Stopping")

    @staticmethod
    def _view(run: Run) -> RunView:
        actions = tuple(
            ActionView(f"a{at}", order, run.actions.get(f"a{at}", ""))
            for at, order in enumerate(ORDERS)
        )
        return RunView(
            key=str(run.number),
            number=run.number,
            stage=STAGES[run.at],
            status=run.status,
            mode=run.mode,
            entered=run.entered,
            actions=actions if run.entered else (),
            stop=run.stop,
            retry=STAGES[run.at] if run.retry else "",
            outdated=run.outdated,
        )

    def settle(self) -> None:
        """Until nothing is left to decide, which must be soon."""
        for _ in range(100):
            decisions = p.plan(self.view())
            if not decisions:
                self.check()
                return
            for decision in decisions:
                self.carry_out(decision)
            self.check()
        raise AssertionError("the plan does not converge")

    def carry_out(self, decision: p.Decision) -> None:
        run = self.runs[int(decision.run)]
        match decision:
            case p.Begin(action=action):
                self._begin(run, action)
            case p.Supersede(by=other):
                assert int(other) > run.number
                assert not run.entered
                run.status = "Superseded"
            case p.Enter():
                assert STAGES[run.at] not in self.disabled
                run.entered, run.actions = True, {}
            case p.Pass():
                assert set(run.actions.values()) == {"Succeeded"}
                assert len(run.actions) == len(ORDERS)
                run.passed.append(run.at)
                if run.at == len(STAGES) - 1:
                    run.status = "Succeeded"
                elif run.stop:
                    run.status, run.failed = "Stopped", False
                else:
                    run.at, run.entered = run.at + 1, False
            case p.Fail():
                assert "InProgress" not in run.actions.values()
                run.status, run.failed = "Failed", True
            case p.RetryAsAsked():
                run.retry, run.status, run.entered, run.stop = False, "InProgress", True, ""
                run.retried += 1
                run.actions = {k: v for k, v in run.actions.items() if v == "Succeeded"}
            case p.Stopping():
                run.status = "Stopping"
            case p.Cancel():
                assert run.outdated
                assert run.mode != "PARALLEL"
                run.status = "Cancelled"
            case p.Stop():
                assert run.stop == "abandon" or "InProgress" not in run.actions.values()
                for name, status in run.actions.items():
                    if status == "InProgress":
                        run.actions[name] = "Abandoned"
                run.status, run.failed = "Stopped", run.entered

    @staticmethod
    def _begin(run: Run, action: str) -> None:
        assert run.entered
        assert run.status == "InProgress"
        assert not run.stop, "nothing begins once it was asked to stop"
        assert not run.outdated or run.mode == "PARALLEL", "nothing begins after an update"
        assert run.passed == list(range(run.at)), "all stages before have succeeded"
        order = ORDERS[int(action[1:])]
        lower = [f"a{at}" for at, each in enumerate(ORDERS) if each < order]
        assert all(run.actions.get(each) == "Succeeded" for each in lower)
        run.begun.append((run.at, run.retried, action))
        assert run.begun.count(run.begun[-1]) == 1, "never twice in an attempt"
        run.actions[action] = "InProgress"

    def check(self) -> None:
        if self.mode == "PARALLEL":
            return
        for at, _ in enumerate(STAGES):
            inside = [
                run
                for run in self.runs
                if run.at == at and run.entered and run.status in ("InProgress", "Stopping")
            ]
            assert len(inside) <= 1, "one execution in a stage at a time"


class Step:
    """What a world may do to a pipeline."""

    kinds = st.sampled_from(
        [
            "start",
            "succeed",
            "succeed",
            "fail",
            "stop",
            "abandon",
            "retry",
            "close",
            "open",
            "update",
        ]
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MODES),
    st.lists(st.tuples(Step.kinds, st.integers(0, 5), st.integers(0, 2)), max_size=40),
)
def test_whatever_happens(mode: str, steps: list[tuple[str, int, int]]) -> None:
    model = Model(mode)
    for kind, which, where in steps:
        happen(model, kind, which, where)
        model.settle()
    # And when the world lets it, all of it comes to an end.
    model.disabled.clear()
    model.settle()
    for _ in range(200):
        busy = [run for run in model.runs if "InProgress" in run.actions.values()]
        busy = [run for run in busy if run.status in ("InProgress", "Stopping")]
        if not busy:
            break
        finish(busy[0], "Succeeded")
        model.settle()
    final = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"}
    assert {run.status for run in model.runs} <= final
    if mode != "SUPERSEDED":
        assert "Superseded" not in {run.status for run in model.runs}


def happen(model: Model, kind: str, which: int, where: int) -> None:
    if kind == "start":
        model.runs.append(Run(len(model.runs), model.mode))
        return
    if kind == "close":
        model.disabled.add(STAGES[where])
        return
    if kind == "open":
        model.disabled.discard(STAGES[where])
        return
    if kind == "update":
        for each in model.runs:
            each.outdated = True
        return
    if not model.runs:
        return
    run = model.runs[which % len(model.runs)]
    active = run.status in ("InProgress", "Stopping")
    if kind in ("succeed", "fail") and active:
        finish(run, "Succeeded" if kind == "succeed" else "Failed")
    elif kind in ("stop", "abandon") and active:
        run.stop = "abandon" if kind == "abandon" or run.stop == "abandon" else "wait"
    elif kind == "retry" and not (active or run.outdated) and run.failed and latest(model, run):
        run.retry = True


def latest(model: Model, run: Run) -> bool:
    """Only the execution that entered a stage last is retried there."""
    return model.mode == "PARALLEL" or not any(
        other.at >= run.at and (other.entered or other.at > run.at)
        for other in model.runs[run.number + 1 :]
    )


def finish(run: Run, status: str) -> None:
    for name, now in run.actions.items():
        if now == "InProgress":
            run.actions[name] = status
            return


def test_in_queued_mode_they_go_in_by_turn() -> None:
    runs = [
        RunView(key=str(number), number=number, stage="Build", mode="QUEUED")
        for number in (3, 1, 2)
    ]
    assert p.plan(View(tuple(runs))) == [p.Enter("1")]


def test_one_that_waits_at_a_closed_transition_gives_way_to_the_newest() -> None:
    runs = tuple(RunView(key=str(n), number=n, stage="Build") for n in (1, 2, 3))
    decisions = p.plan(View(runs, frozenset({"Build"})))
    assert decisions == [p.Supersede("1", "3"), p.Supersede("2", "3")]


RUN = RunView(key="1", number=1, stage="Build", entered=True)


@pytest.mark.parametrize(
    ("statuses", "changes", "decided"),
    [
        (("", "", ""), {}, [p.Begin("1", "a"), p.Begin("1", "b")]),
        (("Succeeded", "InProgress", ""), {}, []),
        (("Succeeded", "Succeeded", ""), {}, [p.Begin("1", "c")]),
        (("Failed", "InProgress", ""), {}, []),
        (("Failed", "Succeeded", ""), {}, [p.Fail("1")]),
        (("Failed", "Succeeded", ""), {"on_failure": "RETRY"}, [p.RetryByItself("1")]),
        (("Failed", "Succeeded", ""), {"on_failure": "ROLLBACK"}, [p.FailAndRollBack("1")]),
        (("Failed", "Succeeded", ""), {"on_failure": "RETRY", "stop": "wait"}, [p.Fail("1")]),
        (("Succeeded",) * 3, {}, [p.Pass("1")]),
        (("Succeeded",) * 3, {"stop": "wait"}, [p.Pass("1")]),
        (("Succeeded", "Succeeded", ""), {"stop": "wait"}, [p.Stop("1")]),
        (("Succeeded", "InProgress", ""), {"stop": "wait"}, [p.Stopping("1")]),
        (("Succeeded", "InProgress", ""), {"stop": "wait", "status": "Stopping"}, []),
        (("Succeeded", "InProgress", ""), {"stop": "abandon"}, [p.Stop("1")]),
    ],
)
def test_within_a_stage(
    statuses: tuple[str, ...], changes: dict[str, str], decided: list[p.Decision]
) -> None:
    actions = tuple(
        ActionView(name, order, status)
        for name, order, status in zip("abc", ORDERS, statuses, strict=True)
    )
    assert p.plan(View((replace(RUN, actions=actions, **changes),))) == decided
