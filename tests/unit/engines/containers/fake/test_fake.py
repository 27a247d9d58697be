from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from demitasse.clock import ManualClock
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import Container, Event, ExecResult, LogLine, Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import ContainerSpec, HealthCheck
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine

Scenario = Callable[[FakeEngine, ManualClock], Awaitable[None]]


def play(scenario: Scenario) -> None:
    async def one() -> None:
        clock = ManualClock()
        engine = FakeEngine(clock)
        kept: ContainerEngine = engine  # which the type checker verifies
        async with asyncio.timeout(5):
            await scenario(engine, clock)
        await kept.close()

    asyncio.run(one())


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def started(engine: FakeEngine, image: str = "cup", name: str = "a") -> Container:
    made = await engine.create(ContainerSpec(name=name, image=image))
    await engine.start(made)
    return await engine.inspect(made)


def test_an_image_ends_its_containers_by_the_clock() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup", exit_after=10, exit_code=4)
        made = await started(engine)
        await settle()
        clock.advance(9)
        await settle()
        assert (await engine.inspect(made.id)).running
        clock.advance(1)
        await settle()
        seen = await engine.inspect(made.id)
        assert (seen.state, seen.exit_code) == ("exited", 4)
        assert seen.started_at is not None
        assert seen.finished_at is not None
        assert (seen.finished_at - seen.started_at).total_seconds() == 10

    play(scenario)


def test_a_container_that_was_stopped_does_not_end_again() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup", exit_after=10, exit_code=4)
        made = await started(engine)
        await engine.stop(made.id)
        clock.advance(20)
        await settle()
        assert (await engine.inspect(made.id)).exit_code == 143

    play(scenario)


def test_each_run_has_its_own_time() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup", exit_after=10)
        made = await started(engine)
        await settle()
        clock.advance(6)
        await engine.stop(made.id)
        await engine.start(made.id)
        await settle()
        clock.advance(6)
        await settle()
        assert (await engine.inspect(made.id)).running
        clock.advance(4)
        await settle()
        assert (await engine.inspect(made.id)).exit_code == 0

    play(scenario)


def test_the_test_says_when_it_ends() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup")
        made = await started(engine)
        engine.exit("a", 137, oom_killed=True)
        seen = await engine.inspect(made.id)
        assert (seen.exit_code, seen.oom_killed) == (137, True)
        engine.vanish("a")
        with pytest.raises(NotFoundInEngine):
            await engine.inspect(made.id)

    play(scenario)


def test_one_that_is_to_be_restarted_is() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup")
        spec = ContainerSpec(name="a", image="cup", restart="unless-stopped")
        made = await engine.create(spec)
        await engine.start(made)
        engine.exit("a", 1)
        assert (await engine.inspect(made)).state == "restarting"
        await settle()
        clock.advance(0.1)
        await settle()
        seen = await engine.inspect(made)
        assert (seen.state, seen.restarts) == ("running", 1)
        engine.exit("a", 1)
        await engine.stop(made)
        clock.advance(10)
        await settle()
        assert (await engine.inspect(made)).state == "exited"

    play(scenario)


def test_health_comes_at_once_or_when_told() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("good")
        engine.add_image("slow", health="starting")
        for image in ("good", "slow"):
            check = HealthCheck(("CMD", "true"))
            made = await engine.create(ContainerSpec(name=image, image=image, health_check=check))
            await engine.start(made)
        assert (await engine.inspect("good")).health == "healthy"
        assert (await engine.inspect("slow")).health == "starting"
        engine.set_health("slow", "unhealthy")
        assert (await engine.inspect("slow")).health == "unhealthy"

    play(scenario)


def test_failures_come_when_asked_for_and_once() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup")
        engine.fail_next("start", EngineError("no"))
        made = await engine.create(ContainerSpec(name="a", image="cup"))
        with pytest.raises(EngineError, match="no"):
            await engine.start(made)
        await engine.start(made)

    play(scenario)


def test_an_absence_is_noticed_and_ends_with_a_look() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup")
        made = await started(engine)
        async with aclosing(engine.events()) as events:
            assert await anext(events) == Resync()
            engine.go_away()
            with pytest.raises(EngineUnavailable):
                await engine.inspect(made.id)
            engine.exit("a", 3)  # containers go on meanwhile
            engine.come_back()
            assert await anext(events) == Resync()
            assert (await engine.inspect(made.id)).exit_code == 3
            await engine.remove(made.id)
            event = await anext(events)
            assert isinstance(event, Event)
            assert event.action == "destroy"

    play(scenario)


def test_calls_are_recorded() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("127.0.0.1:4566/cup", here=False)
        await engine.pull("127.0.0.1:4566/cup")
        await started(engine, "127.0.0.1:4566/cup")
        await engine.stop("a", timeout=30)
        assert [call.operation for call in engine.calls] == [
            "pull",
            "create",
            "start",
            "inspect",
            "stop",
        ]
        assert engine.pulls == ("127.0.0.1:4566/cup",)
        assert engine.called("stop")[0].options == {"timeout": 30}
        assert engine.specs["a"].image == "127.0.0.1:4566/cup"

    play(scenario)


def test_an_image_has_to_be_pulled_first() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        info = engine.add_image("cup", here=False)
        assert await engine.image("cup") is None
        with pytest.raises(NotFoundInEngine):
            await engine.create(ContainerSpec(name="a", image="cup"))
        assert await engine.pull("docker.io/library/cup:latest") == info
        assert await engine.image("cup") == info
        await engine.remove_image("cup")
        assert await engine.image("cup") is None

    play(scenario)


def test_lines_reach_who_follows() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup", output=[("stderr", b"hello")])
        await started(engine)
        async with aclosing(engine.logs("a", follow=True)) as log:
            first = await anext(log)
            assert (first.stream, first.text) == ("stderr", b"hello")
            clock.advance(1)
            engine.write("a", b"one")
            second = await anext(log)
            assert second == LogLine(first.time + 1_000_000_000, "stdout", b"one")
            engine.write("a", b"two")
            assert (await anext(log)).time == second.time + 1
            engine.exit("a")
            with pytest.raises(StopAsyncIteration):
                await anext(log)

    play(scenario)


def test_commands_answer_as_the_test_says() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        def answer(argv: tuple[str, ...]) -> ExecResult:
            return ExecResult(len(argv), b" ".join(word.encode() for word in argv), b"")

        engine.add_image("cup", exec=answer)
        await started(engine)
        assert await engine.exec("a", ["echo", "hi"]) == ExecResult(2, b"echo hi", b"")

    play(scenario)


def test_a_run_waits_by_the_clock() -> None:
    async def scenario(engine: FakeEngine, clock: ManualClock) -> None:
        engine.add_image("cup", exit_after=50)
        running = asyncio.ensure_future(engine.run(ContainerSpec(name="a", image="cup")))
        await settle()
        assert engine.called("wait")
        clock.advance(50)
        assert (await running).exit_code == 0
        running = asyncio.ensure_future(
            engine.run(ContainerSpec(name="a", image="cup"), timeout=40)
        )
        await settle()
        clock.advance(40)
        with pytest.raises(TimeoutError):
            await running
        assert await engine.list() == ()

    play(scenario)
