"""The platform is killed at every point, Docker goes away, things vanish: everything is mended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.services.ecs.stand import IMAGE, Stand

from demitasse.engines.containers.spec import ContainerSpec, OwnAddress, VolumeSpec
from demitasse.services.ecs.records import TASKS, task_ref

CALLS = ("create", "start", "stop", "remove", "list", "inspect", "pull")


class Crash:
    """Stops every controller at the n-th call of the engine, before or after it has an effect."""

    def __init__(self, stand: Stand, at: int, *, after: bool) -> None:
        self.left = at
        self.reached = asyncio.Event()
        self._after = after
        self._undo: list[tuple[str, Any]] = []
        self._stand = stand
        for name in CALLS:
            original = getattr(stand.engine, name)
            self._undo.append((name, original))
            setattr(stand.engine, name, self._wrapped(original))

    def _wrapped(self, original: Any) -> Any:
        async def call(*given: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self._after:
                await self._die()
            answer = await original(*given, **more)
            if self.left <= 0:
                await self._die()
            return answer

        return call

    async def _die(self) -> None:
        self.reached.set()
        await asyncio.Event().wait()  # until it is cancelled: nothing goes on from here

    def heal(self) -> None:
        for name, original in self._undo:
            setattr(self._stand.engine, name, original)


def two_tasks(stand: Stand) -> None:
    stand.cluster()
    stand.register()
    group = stand.target_group()
    stand.service(
        desiredCount=2,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
    )


async def upto(stand: Stand, at: int, *, after: bool) -> bool:
    """Work until the crash; whether it came to that."""
    crash = Crash(stand, at, after=after)
    try:
        async with stand.working():
            for _ in range(60):
                for _ in range(30):
                    await asyncio.sleep(0)
                stand.balance()
                if crash.reached.is_set():
                    return True
                stand.clock.advance(0.1)
        return False
    finally:
        crash.heal()


def at_rest(stand: Stand, count: int) -> None:
    """As many tasks as wanted, and nothing else anywhere."""
    assert len(stand.running()) == count
    assert len(stand.tasks()) == count
    assert len(stand.names()) == count
    assert len(stand.names("pause")) == count
    assert stand.interfaces() == count


@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_while_a_service_starts(after: bool) -> None:
    async def whole(at: int) -> bool:
        stand = Stand()
        two_tasks(stand)
        reached = await upto(stand, at, after=after)
        async with stand.working():
            await stand.until(lambda: "steady" in stand.messages()[0], seconds=60)
            await stand.later(31, step=1)
            at_rest(stand, 2)
        return reached

    at = int(after)
    while asyncio.run(whole(at := at + 2)):
        pass
    assert at > 10


@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_while_a_service_is_deployed_and_scaled_down(after: bool) -> None:
    async def whole(at: int) -> bool:
        stand = Stand()
        two_tasks(stand)
        async with stand.working():
            await stand.until(lambda: "steady" in stand.messages()[0])
        stand.ecs(
            "UpdateService", cluster="c", service="web", forceNewDeployment=True, desiredCount=1
        )
        reached = await upto(stand, at, after=after)
        async with stand.working():
            await stand.until(lambda: "steady" in stand.messages()[0], seconds=60)
            await stand.later(31, step=1)
            at_rest(stand, 1)
            assert len(stand.see_service()["deployments"]) == 1
        return reached

    at = int(after)
    while asyncio.run(whole(at := at + 2)):
        pass
    assert at > 10


def test_running_tasks_are_adopted_as_they_are() -> None:
    stand = Stand()
    two_tasks(stand)

    async def whole() -> None:
        async with stand.working():
            await stand.until(lambda: "steady" in stand.messages()[0])
        before = sorted(each["taskArn"] for each in stand.running())
        made = len(stand.engine.called("create"))
        async with stand.working():
            await stand.later(10)
        assert sorted(each["taskArn"] for each in stand.running()) == before
        assert len(stand.engine.called("create")) == made

    asyncio.run(whole())


def test_a_task_that_ended_while_the_platform_was_down_is_replaced() -> None:
    stand = Stand()
    two_tasks(stand)

    async def whole() -> None:
        async with stand.working():
            await stand.until(lambda: "steady" in stand.messages()[0])
        stand.engine.exit(stand.names()[0], 1)
        stand.engine.vanish(stand.names()[1])
        async with stand.working():
            await stand.until(lambda: len(stand.tasks(desiredStatus="STOPPED")) == 2)
            await stand.until(lambda: "steady" in stand.messages()[0])
            await stand.later(5)
            at_rest(stand, 2)

    asyncio.run(whole())


def test_docker_restarted_everything_comes_back() -> None:
    stand = Stand()
    two_tasks(stand)

    async def scenario() -> None:
        await stand.until(lambda: "steady" in stand.messages()[0])
        stand.engine.go_away()
        await stand.later(5)
        for name in (*stand.names(), *stand.names("pause")):
            stand.engine.exit(name, 137)
        stand.engine.come_back()
        await stand.until(lambda: len(stand.tasks(desiredStatus="STOPPED")) == 2)
        await stand.until(lambda: "steady" in stand.messages()[0], seconds=60)
        await stand.later(40, step=1)
        at_rest(stand, 2)

    stand.run(scenario)


def test_what_belongs_to_no_task_is_removed() -> None:
    stand = Stand()
    two_tasks(stand)

    async def scenario() -> None:
        await stand.until(lambda: "steady" in stand.messages()[0])
        labels = {
            "demitasse.kind": "task",
            "demitasse.task": "arn:aws:ecs:us-east-1:123456789012:task/c/0123",
            "demitasse.container": "web",
        }
        orphan = ContainerSpec(
            name="demitasse-task-0123-web",
            image=IMAGE,
            labels=labels,
            network=OwnAddress(f"demitasse-{stand.vpc}"),
        )
        await stand.engine.start(await stand.engine.create(orphan))
        await stand.engine.ensure_volume(VolumeSpec(name="left", labels=labels))
        await stand.later(31, step=1)
        at_rest(stand, 2)
        assert await stand.engine.volumes() == ()

    stand.run(scenario)


def test_without_its_network_a_task_is_replaced() -> None:
    stand = Stand()
    two_tasks(stand)

    async def scenario() -> None:
        await stand.until(lambda: "steady" in stand.messages()[0])
        stand.engine.exit(stand.names("pause")[0], 137)
        await stand.until(lambda: len(stand.tasks(desiredStatus="STOPPED")) == 1)
        await stand.until(lambda: "steady" in stand.messages()[0])
        at_rest(stand, 2)

    stand.run(scenario)


def test_a_task_whose_record_is_gone_is_swept_at_once() -> None:
    stand = Stand()
    stand.cluster()
    stand.register()
    arn = stand.run_task()

    async def scenario() -> None:
        await stand.until(stand.running)
        ref = task_ref(arn)
        assert ref is not None
        with stand.store.transaction() as tx:
            tx.delete(TASKS, ref)
        await stand.calm()
        assert stand.names() == []
        assert stand.names("pause") == []

    stand.run(scenario)


def test_an_event_is_believed_before_a_list_that_does_not_show_it_yet() -> None:
    """Docker says ``die`` before its list says ``exited``; nothing else would wake us again."""
    stand = Stand()
    two_tasks(stand)

    async def scenario() -> None:
        await stand.until(lambda: "steady" in stand.messages()[0])
        before = await stand.engine.list()
        original = stand.engine.list

        async def late(labels: Any = None) -> Any:
            stand.engine.list = original  # type: ignore[method-assign]
            now = {each.id for each in await original(labels)}
            return tuple(each for each in before if each.id in now)

        stand.engine.list = late  # type: ignore[method-assign]
        stand.engine.exit(stand.names()[0], 137)
        await stand.calm()
        assert len(stand.tasks(desiredStatus="STOPPED")) == 1

    stand.run(scenario)
