"""Whatever happens in whatever order: no request to what is not healthy, and an end in the end."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.services.codedeploy.ground import ONE, PRODUCTION, SCOPE, TWO
from tests.unit.services.codedeploy.world import World

from demitasse.clock import ManualClock
from demitasse.services.codedeploy.look import look
from demitasse.services.codedeploy.plan import steps
from demitasse.services.codedeploy.records import (
    DEPLOYMENTS,
    FINAL,
    AutoRollback,
    BlueGreen,
    Config,
    Shift,
)
from demitasse.services.ecs.records import TASK_SETS
from demitasse.services.elbv2.records import LISTENERS, RULES
from demitasse.store import Change

SHIFTS = st.sampled_from(
    [("AllAtOnce", 100, 0), ("TimeBasedCanary", 20, 5), ("TimeBasedLinear", 40, 1)]
)
EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST")
STEPS = st.lists(
    st.sampled_from(
        [
            "look",
            "look",
            "look",
            "crash",
            "carry out",
            "run",
            "run",
            "sicken",
            "remove",
            "minute",
            "minutes",
            "hour",
            "scale",
            "continue",
            "skip",
            "stop",
            "roll back",
        ]
    ),
    max_size=25,
)


class Watched(World):
    """A world that says when a decision was wrong."""

    def begin(self) -> None:
        self.deployment = self.deploy()
        self.judge_no_more = self.store.watch(self._judge)

    def _judge(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.kind in (LISTENERS, RULES) and change.ref.key.startswith(PRODUCTION):
                self._judge_route(change)
            if change.kind is TASK_SETS:
                self._judge_set(change)

    def _judge_route(self, change: Change) -> None:
        before, after = _weights(change.before), _weights(change.after)
        seen = self.seen(self.deployment)
        if seen.green is None or seen.status in FINAL:
            return
        assert after.get(ONE, 0) >= before.get(ONE, 0), "the replacement's share only grows"
        if after.get(ONE, 0) > before.get(ONE, 0):
            item = self.item(self.deployment)
            with self.store.transaction() as tx:
                view = look(tx, item, self.clock.now())
            green = view.sets[seen.green.id]
            assert green.well, "traffic goes only to what is wholly healthy"

    def _judge_set(self, change: Change) -> None:
        """The original goes only when it has no traffic, and its wait is over."""
        if change.before is None or change.ref.key != f"c/web/{self.blue}":
            return
        if change.after is not None and not change.after.desired.deleting:
            return
        if change.before.desired.deleting:
            return
        seen, own = self.seen(self.deployment), self.item(self.deployment).desired
        assert all(weights.get(TWO, 0) == 0 for weights in self.weights())
        assert seen.weight == 100
        assert seen.shifted_at is not None
        assert seen.phase == "terminate"
        waited = (self.clock.now() - seen.shifted_at).total_seconds()
        assert own.skip_wait_at is not None or waited >= own.blue_green.termination_wait * 60

    def reach(self, phase: str) -> None:
        """Let everybody work until the deployment is in this phase, or past it."""
        for number in range(200):
            seen = self.seen(self.deployment)
            if seen.phase == phase or seen.status in FINAL:
                return
            self.act(("look", "carry out", "look", "run", "look", "continue")[number % 6])

    def act(self, step: str) -> None:
        now = self.clock.now()
        active = self.active()
        match step:
            case "look":
                for each in active:
                    self.step(each)
            case "crash":
                self.restarted()
            case "carry out":
                self.carry_out()
            case "run":
                for each in self.sets():
                    self.run_tasks(each)
            case "sicken":
                self.run_tasks(self.sets()[-1], healthy=False)
            case "remove":
                self.remove_deleted()
            case "minute":
                self.clock.advance(60)
            case "minutes":
                self.clock.advance(300)
            case "hour":
                self.clock.advance(3600)
            case "scale":
                self.change_service(desired_count=1 + self.service().desired_count % 3)
            case "continue" | "skip" if self.deployment in active:
                phase = self.seen(self.deployment).phase
                if step == "continue" and phase == "ready":
                    self.ask(self.deployment, continue_at=now)
                elif step == "skip" and phase == "wait":
                    self.ask(self.deployment, skip_wait_at=now)
            case "stop" | "roll back" if self.deployment in active:
                if self.seen(self.deployment).phase != "terminate":
                    self.stop(self.deployment, rollback=step == "roll back")


def _weights(item: object) -> dict[str, int]:
    if item is None:
        return {}
    groups = item.desired.actions[0].groups  # type: ignore[attr-defined]
    return {group.target_group_arn: group.weight for group in groups}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    phase=st.sampled_from(["start", "install", "ready", "shift", "wait"]),
    shift=SHIFTS,
    ready=st.booleans(),
    wait=st.sampled_from([0, 5]),
    rollback=st.sampled_from([None, AutoRollback(True, EVENTS)]),
    happenings=STEPS,
)
def test_nothing_unhealthy_is_ever_shown_and_every_deployment_ends(  # noqa: PLR0917
    phase: str,
    shift: tuple[str, int, int],
    ready: bool,
    wait: int,
    rollback: AutoRollback | None,
    happenings: list[str],
) -> None:
    world = Watched(
        config=Config("id", shift[0], ManualClock().now(), shift[1], shift[2]),
        blue_green=BlueGreen(
            "STOP_DEPLOYMENT" if ready else "CONTINUE_DEPLOYMENT", 30 if ready else 0, wait
        ),
        auto_rollback=rollback,
    )
    world.begin()
    world.reach(phase)
    for each in happenings:
        world.act(each)
    for _ in range(100):
        if not world.active():
            break
        world.go(seconds=60)
    assert world.active() == [], "every deployment ends"
    world.go()
    ended = world.seen(world.deployment)
    assert ended.status in FINAL
    if ended.status == "Succeeded":
        assert ended.green is not None
        assert world.weights() == [{ONE: 1}] * 2
        assert world.service().primary == ended.green.id
        assert world.sets() == [ended.green.id]
    elif ended.rollback or ended.weight == 0:
        assert world.weights() == [{TWO: 1}] * 2
        assert world.service().primary == world.blue
        assert world.sets() == [world.blue]
    if ended.rollback:
        assert world.seen(ended.rollback).status == "Succeeded"
    world.judge_no_more()
    # Whatever was left standing, the next deployment succeeds.
    again = world.deploy(1)
    for _ in range(100):
        if not world.active():
            break
        if world.seen(again).status == "Ready":
            world.ask(again, continue_at=world.clock.now())
        world.go(seconds=60)
    assert world.seen(again).status == "Succeeded"
    assert len(world.sets()) == 1
    with world.store.transaction() as tx:
        assert all(item.observed.status in FINAL for item in tx.page(DEPLOYMENTS, SCOPE))


@given(
    kind=st.sampled_from(["AllAtOnce", "TimeBasedCanary", "TimeBasedLinear"]),
    percentage=st.integers(1, 99),
)
def test_steps_grow_to_a_hundred(kind: str, percentage: int) -> None:
    found = steps(Shift(kind, percentage, 1))
    assert found[-1] == 100
    assert list(found) == sorted(set(found))
    if kind == "TimeBasedLinear":
        growths = [after - before for before, after in itertools.pairwise((0, *found))]
        assert all(0 < each <= percentage for each in growths)
        assert found[0] == percentage
