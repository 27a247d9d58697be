"""Whatever is asked, in whatever order, and however the engine fails meanwhile: in the end the
engine does what the records say, nothing else runs, and what is observed is true.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import botocore.exceptions
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.services.elbv2.stand import Stand, fixed, forward

from demitasse.control import ControlLoop
from demitasse.errors import EngineError
from demitasse.services.elbv2 import plan
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.controller import LoadBalancerController
from demitasse.services.elbv2.look import look
from demitasse.services.elbv2.records import (
    LISTENERS,
    LOAD_BALANCERS,
    RULES,
    TARGETS,
    TargetObserved,
    carried_out,
    load_balancer_of,
)

NAMES = ("one", "two")
GROUPS = ("g0", "g1", "g2")
ADDRESSES = ("172.31.0.20", "172.31.16.21", "172.31.32.22")
PORTS = (80, 8080)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("balancer"), st.sampled_from(NAMES)),
        st.tuples(st.just("drop"), st.sampled_from(NAMES)),
        st.tuples(
            st.just("listener"),
            st.sampled_from(NAMES),
            st.sampled_from(PORTS),
            st.sampled_from((*GROUPS, None)),
        ),
        st.tuples(st.just("unlisten"), st.integers(0, 3)),
        st.tuples(st.just("rule"), st.integers(0, 3), st.integers(1, 3), st.sampled_from(GROUPS)),
        st.tuples(st.just("unrule"), st.integers(0, 5)),
        st.tuples(st.just("register"), st.sampled_from(GROUPS), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("deregister"), st.sampled_from(GROUPS), st.sampled_from(ADDRESSES)),
        st.tuples(st.just("fail"), st.booleans()),
        st.tuples(st.just("occupy"), st.sampled_from(PORTS)),
        st.tuples(st.just("crash")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("work"), st.sampled_from((0, 0.25, 1, 10))),
    ),
    max_size=30,
)


BEGINNING: list[tuple[Any, ...]] = [
    ("balancer", "one"),
    ("listener", "one", 80, "g0"),
    ("rule", 0, 1, "g1"),
    ("register", "g0", ADDRESSES[0]),
    ("register", "g1", ADDRESSES[1]),
    ("work", 0),
]


class Play:
    """Carries out steps; what the API refuses is refused, and that is all."""

    def __init__(self) -> None:
        self.stand = Stand()
        self.stand.network()
        self.groups = {name: self.stand.group(name) for name in GROUPS}
        self.balancers: dict[str, str] = {}

    def do(self, name: str, *values: Any) -> None:
        step: Callable[..., None] = getattr(self, f"_{name}")
        try:
            step(*values)
        except botocore.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500  # noqa: PT017

    def _balancer(self, name: str) -> None:
        self.balancers[name] = self.stand.balancer(name)["LoadBalancerArn"]

    def _drop(self, name: str) -> None:
        if name in self.balancers:
            self.stand.elb("DeleteLoadBalancer", LoadBalancerArn=self.balancers.pop(name))

    def _listener(self, name: str, port: int, group: str | None) -> None:
        if name in self.balancers:
            action = fixed(404) if group is None else forward(self.groups[group])
            self.stand.listener(self.balancers[name], port=port, DefaultActions=[action])

    def _unlisten(self, number: int) -> None:
        keys = self._keys(LISTENERS)
        if number < len(keys):
            self.stand.elb("DeleteListener", ListenerArn=keys[number])

    def _rule(self, number: int, priority: int, group: str) -> None:
        keys = self._keys(LISTENERS)
        if number < len(keys):
            self.stand.rule(keys[number], self.groups[group], priority=priority)

    def _unrule(self, number: int) -> None:
        keys = self._keys(RULES)
        if number < len(keys):
            self.stand.elb("DeleteRule", RuleArn=keys[number])

    def _register(self, group: str, address: str) -> None:
        self.stand.register(self.groups[group], address)

    def _deregister(self, group: str, address: str) -> None:
        self.stand.traffic.sessions[address, 8080] = 1
        self.stand.deregister(self.groups[group], address)

    def _fail(self, fails: bool) -> None:
        self.stand.traffic.failure = EngineError("no") if fails else None

    def _occupy(self, port: int) -> None:
        for name in self.balancers.values():
            with self.stand.store.transaction() as tx:
                for item in tx.everywhere(LOAD_BALANCERS):
                    if item.key == name:
                        self.stand.traffic.occupied.add((item.desired.address, port))

    def _crash(self) -> None:
        """The engine loses everything."""
        self.stand.traffic.balancers.clear()

    def _keys(self, kind: Any) -> list[str]:
        with self.stand.store.transaction() as tx:
            return [item.key for item in tx.everywhere(kind)]


@given(steps)
@example([("drop", "one"), ("fail", True), ("restart",)])
@settings(max_examples=150)
def test_it_converges(story: list[tuple[Any, ...]]) -> None:
    play = Play()
    stand = play.stand

    def restart() -> None:
        """The platform is killed and started again: it remembers only what is stored."""
        stand.controller = LoadBalancerController(
            store=stand.store, traffic=stand.traffic, clock=stand.clock, waits=stand.waits
        )
        stand.loop = ControlLoop(stand.controller, stand.store, stand.clock)

    async def act(part: list[tuple[Any, ...]], last: bool) -> None:
        with contextlib.suppress(EngineError):
            await stand.controller.listen(lambda _ref: None)
        for name, *values in part:
            if name == "work":
                await stand.settled(*values)
            else:
                play.do(name, *values)
        if last:
            stand.traffic.failure = None
            stand.traffic.occupied.clear()
            stand.traffic.sessions.clear()
            # The control loop listens again after an error.
            await stand.controller.listen(lambda _ref: None)
            for _ in range(4):
                await stand.settled(10)

    story = [*BEGINNING, *story]
    while ("restart",) in story:
        place = story.index(("restart",))
        part, story = story[:place], story[place + 1 :]
        stand.play(lambda _stand, part=part: act(part, last=False))  # type: ignore[misc]
        restart()
    stand.play(lambda _stand: act(story, last=True))
    _is_true(stand)


def _is_true(stand: Stand) -> None:
    with stand.store.transaction() as tx:
        wanted = {}
        for item in tx.everywhere(LOAD_BALANCERS):
            assert item.observed.state == "active", item.observed
            view = look(tx, item.ref)
            assert view
            wanted[engine_id(item.key)] = plan.compile_spec(view, stand.waits)
        assert stand.traffic.balancers == wanted
        assert all(carried_out(item) for item in tx.everywhere(LISTENERS))
        assert all(carried_out(item) for item in tx.everywhere(RULES))
        for target in tx.everywhere(TARGETS):
            assert target.desired.deregistered_at is None
            user = load_balancer_of(tx, target.scope, target.desired.target_group_arn)
            if user is None:
                assert target.observed == TargetObserved()
            elif target.desired.zone != "us-east-1c":
                assert (target.observed.state, target.observed.seen_by) == ("healthy", user)


def test_after_a_reset_nothing_runs() -> None:
    stand = Stand()
    stand.network()
    stand.listener(stand.balancer()["LoadBalancerArn"], stand.group())

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.store.clear()
        await stand.settled(1)
        assert await stand.traffic.running() == frozenset()

    stand.play(scene)
    asyncio.run(stand.controller.listen(lambda _ref: None))
