from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.control import attached, settle

from demitasse.api import Scope
from demitasse.clock import ManualClock
from demitasse.control import Controller, ControlLoop, Enqueue, Interest, own
from demitasse.errors import EngineError, StoreError
from demitasse.store import Change, Kind, Ref, Store, Transaction
from demitasse.store.kinds import Nothing

SCOPE = Scope("1", "here")


class Wish(msgspec.Struct, frozen=True):
    number: int = 0


WISHES: Kind[Wish, Nothing] = Kind("test.wish", Wish, Nothing)
Reconcile = Callable[[Ref], Awaitable["float | None"]]


class Probe(Controller):
    """Notes what it was asked to look at, and does what a test says."""

    name = "probe"

    def __init__(self, reconcile: Reconcile | None = None) -> None:
        self.seen: list[str] = []
        self.heard = 0
        self.deaf: list[Exception] = []  # what listening fails with, one after the other
        self.concerns: Interest = own
        self._reconcile = reconcile

    def interests(self) -> dict[Kind[Any, Any], Interest]:
        return {WISHES: self._concerned}

    def _concerned(self, change: Change) -> Iterable[Ref]:
        return self.concerns(change)

    def everything(self, tx: Transaction) -> Iterable[Ref]:
        return tx.refs(WISHES)

    async def reconcile(self, ref: Ref) -> float | None:
        self.seen.append(ref.key)
        return None if self._reconcile is None else await self._reconcile(ref)

    async def listen(self, enqueue: Enqueue) -> None:
        self.heard += 1
        if self.deaf:
            raise self.deaf.pop(0)
        enqueue(Ref(SCOPE, "heard"))
        await asyncio.Event().wait()


class World:
    """A store, a clock that stands still, and one controller in its loop."""

    def __init__(self, reconcile: Reconcile | None = None) -> None:
        self.store, self.clock = Store.open(None), ManualClock()
        self.probe = Probe(reconcile)
        self.loop = ControlLoop(self.probe, self.store, self.clock)

    def wish(self, *keys: str) -> None:
        with self.store.transaction() as tx:
            for key in keys:
                tx.create(WISHES, SCOPE, key, Wish())

    def change(self, key: str, number: int) -> None:
        with self.store.transaction() as tx:
            tx.desire(WISHES, Ref(SCOPE, key), Wish(number))

    def play(self, scenario: Callable[[World], Awaitable[None]]) -> None:
        """Run the loop while a scenario goes on."""

        async def both() -> None:
            running = asyncio.create_task(self.loop.run())
            try:
                await turn()
                await scenario(self)
                assert not running.done(), running
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        asyncio.run(both())


async def turn(times: int = 20) -> None:
    """Let everyone go on who can."""
    for _ in range(times):
        await asyncio.sleep(0)


def test_what_exists_and_what_changes_is_looked_at() -> None:
    world = World()
    world.wish("a", "b")

    async def scenario(world: World) -> None:
        assert sorted(world.probe.seen) == ["a", "b", "heard"]
        world.wish("c")
        world.change("a", 1)
        await turn()
        assert sorted(world.probe.seen) == ["a", "a", "b", "c", "heard"]
        world.change("a", 1)  # no change
        await turn()
        assert len(world.probe.seen) == 5

    world.play(scenario)


def test_a_change_while_everything_is_read_is_not_missed() -> None:
    world = World()
    read = world.probe.everything

    def everything(tx: Transaction) -> Iterable[Ref]:
        found = list(read(tx))
        # Committed right after the list was made: only the watch can tell of it.
        asyncio.get_running_loop().call_soon(world.wish, "late")
        return found

    world.probe.everything = everything  # type: ignore[method-assign]

    async def scenario(world: World) -> None:
        assert "late" in world.probe.seen

    world.play(scenario)


def test_an_exception_stops_neither_other_records_nor_the_loop() -> None:
    async def reconcile(ref: Ref) -> None:
        if ref.key == "bad":
            raise ZeroDivisionError

    world = World(reconcile)
    world.wish("bad", "good")

    async def scenario(world: World) -> None:
        assert sorted(world.probe.seen) == ["bad", "good", "heard"]
        world.wish("later")
        await turn()
        assert "later" in world.probe.seen

    world.play(scenario)


@pytest.mark.parametrize("error", [EngineError("gone"), StoreError("full"), KeyError("bug")])
def test_a_failure_is_tried_again_with_growing_waits(error: Exception) -> None:
    async def reconcile(_ref: Ref) -> None:
        if len(world.probe.seen) < 6:
            raise error

    world = World(reconcile)
    world.wish("a")
    tried: list[float] = []

    async def scenario(world: World) -> None:
        count = 1
        while count < 6:
            world.clock.advance(0.25)
            await turn()
            if world.probe.seen.count("a") > count:
                count = world.probe.seen.count("a")
                tried.append(world.clock.monotonic())
        waits = [later - earlier for earlier, later in zip([0.0, *tried], tried, strict=False)]
        assert waits == [0.25, 0.5, 1.0, 2.0, 4.0]
        world.clock.advance(1000)
        await turn()
        assert world.probe.seen.count("a") == 6, "what succeeded rests"

    world.probe.listen = _silent  # type: ignore[method-assign]
    world.play(scenario)


def test_success_forgets_earlier_failures() -> None:
    bad = True

    async def reconcile(_ref: Ref) -> None:
        if bad:
            raise EngineError("not now")

    world = World(reconcile)
    world.probe.listen = _silent  # type: ignore[method-assign]
    world.wish("a")

    async def scenario(world: World) -> None:
        nonlocal bad
        for wait in (0.25, 0.5):
            world.clock.advance(wait)
            await turn()
        bad = False
        world.clock.advance(1)
        await turn()
        bad = True
        world.change("a", 1)
        await turn()
        count = world.probe.seen.count("a")
        world.clock.advance(0.25)
        await turn()
        assert world.probe.seen.count("a") == count + 1, "the first wait is a short one again"

    world.play(scenario)


async def _silent(_enqueue: Enqueue) -> None:
    await asyncio.Event().wait()


def test_it_looks_again_when_it_said_so() -> None:
    async def reconcile(_ref: Ref) -> float:
        return 10

    world = World(reconcile)
    world.wish("a")

    async def scenario(world: World) -> None:
        for expected in (1, 2, 3):
            assert world.probe.seen.count("a") == expected
            world.clock.advance(9.5)
            await turn()
            assert world.probe.seen.count("a") == expected
            world.clock.advance(0.5)
            await turn()

    world.play(scenario)


def test_a_change_is_looked_at_without_waiting_for_the_retry() -> None:
    async def reconcile(ref: Ref) -> None:
        if ref.key == "a" and world.probe.seen.count("a") < 3:
            raise EngineError("not yet")

    world = World(reconcile)
    world.wish("a")

    async def scenario(world: World) -> None:
        world.change("a", 1)
        world.change("a", 2)
        await turn()
        assert world.probe.seen.count("a") == 2
        world.clock.advance(60)
        await turn()
        assert world.probe.seen.count("a") == 3

    world.play(scenario)


@pytest.mark.parametrize("error", [EngineError("the engine went away"), ValueError("a bug")])
def test_a_listener_that_fails_is_listened_to_again(error: Exception) -> None:
    world = World()
    world.probe.deaf = [error, error]

    async def scenario(world: World) -> None:
        assert (world.probe.heard, world.probe.seen) == (1, [])
        world.clock.advance(1)
        await turn()
        assert (world.probe.heard, world.probe.seen) == (2, [])
        world.clock.advance(1)
        await turn()
        assert (world.probe.heard, world.probe.seen) == (3, ["heard"])

    world.play(scenario)


def test_a_state_that_cannot_be_read_at_the_start_is_read_again() -> None:
    world = World()
    world.wish("a")
    read, failures = world.probe.everything, [StoreError("disk I/O error")]

    def everything(tx: Transaction) -> Iterable[Ref]:
        if failures:
            raise failures.pop()
        return read(tx)

    world.probe.everything = everything  # type: ignore[method-assign]

    async def scenario(world: World) -> None:
        assert world.probe.seen == []
        world.clock.advance(1)
        await turn()
        assert sorted(world.probe.seen) == ["a", "heard"]

    world.play(scenario)


def test_a_bug_in_an_interest_does_not_fail_who_made_the_change() -> None:
    world = World()

    def concerned(change: Change) -> Iterable[Ref]:
        if change.ref.key == "odd":
            raise KeyError("odd")
        return own(change)

    world.probe.concerns = concerned

    async def scenario(world: World) -> None:
        world.wish("odd", "even")
        await turn()
        assert "even" in world.probe.seen

    world.play(scenario)


def test_two_workers_work_on_different_records_but_never_on_the_same() -> None:
    working: list[str] = []
    most = 0
    gates = {key: asyncio.Event() for key in "ab"}

    async def reconcile(ref: Ref) -> None:
        nonlocal most
        assert ref.key not in working
        working.append(ref.key)
        most = max(most, len(working))
        if ref.key in gates:
            await gates[ref.key].wait()
        working.remove(ref.key)

    world = World(reconcile)
    world.wish("a", "b")

    async def scenario(world: World) -> None:
        assert working == ["a", "b"]
        world.change("a", 1)
        world.change("a", 2)
        await turn()
        assert world.probe.seen.count("a") == 1, "the same record waits for the work on it"
        gates["b"].set()
        gates["a"].set()
        await turn()
        assert world.probe.seen.count("a") == 2, "and is looked at once more, for both changes"

    world.play(scenario)
    assert most == 3, "a, b and what the listener told of, all at once"


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), min_size=1, max_size=30
    )
)
def test_however_changes_and_failures_fall_the_last_state_is_seen(
    moves: list[tuple[str, int, bool]],
) -> None:
    seen: dict[str, int] = {}
    failing = False

    async def reconcile(ref: Ref) -> None:
        if failing:
            raise EngineError("no")
        with world.store.transaction() as tx:
            item = tx.get(WISHES, SCOPE, ref.key)
        await asyncio.sleep(0)
        seen[ref.key] = item.desired.number if item is not None else -1

    world = World(reconcile)
    world.wish(*"abc")

    async def scenario(world: World) -> None:
        nonlocal failing
        for key, number, fails in moves:
            failing = fails
            world.change(key, number)
            await turn(number)
        failing = False
        await turn()
        world.clock.advance(60)
        await turn()
        with world.store.transaction() as tx:
            wanted = {item.key: item.desired.number for item in tx.page(WISHES, SCOPE)}
        assert {key: seen[key] for key in wanted} == wanted

    world.play(scenario)


def test_it_stops_watching_when_it_ends() -> None:
    world = World()
    world.play(lambda _world: turn())
    world.wish("after")
    assert world.loop.queue.idle


def test_settle_works_until_nothing_is_queued_and_tells_of_unrest() -> None:
    async def calm() -> list[str]:
        world = World()
        world.wish("a", "b")
        with attached(world.loop, world.store):
            world.wish("c")
            await settle([world.loop])
        return world.probe.seen

    assert asyncio.run(calm()) == ["a", "b", "c"]

    async def restless() -> None:
        async def reconcile(ref: Ref) -> None:
            world.loop.queue.add(ref)

        world = World(reconcile)
        world.wish("a")
        with attached(world.loop, world.store):
            await settle([world.loop], rounds=10)

    with pytest.raises(AssertionError, match="10 rounds"):
        asyncio.run(restless())
