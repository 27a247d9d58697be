"""One suite for the container engine and its fake: what passes here may be built upon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from demitasse.clock import SystemClock
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.containers.errors import (
    AddressInUse,
    CannotPull,
    CannotStart,
    ImageMissing,
    InUse,
    NameConflict,
    NetworkOverlap,
    PullNotFound,
)
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import Event, LogLine, Resync
from demitasse.engines.containers.protocol import ContainerEngine
from demitasse.engines.containers.spec import (
    RUN_LABEL,
    ContainerSpec,
    HealthCheck,
    NetworkSpec,
    OwnAddress,
    SharedWith,
    Volume,
    VolumeSpec,
)
from demitasse.errors import EngineError, EngineUnavailable, NotFoundInEngine

INSTALLATION = f"contract-{os.getpid()}"
RANGE = f"10.213.{os.getpid() % 250}"

SCRIPTS = {
    "forever": "trap 'exit 143' TERM; while :; do sleep 0.02; done",
    "says": "echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three; exit 3",
    "nothing": "exit 0",
}


@dataclass
class World:
    """An engine and the means to say what a container does."""

    engine: ContainerEngine
    image: str | None

    def spec(self, name: str, program: str = "forever", **more: Any) -> ContainerSpec:
        image = self.image or program
        command = ("sh", "-c", SCRIPTS[program]) if self.image else None
        return ContainerSpec(
            name=f"{INSTALLATION}-{name}", image=image, entrypoint=command, stop_timeout=2, **more
        )

    def network(self, name: str, third: str = "0/28") -> NetworkSpec:
        return NetworkSpec(name=f"{INSTALLATION}-{name}", cidr=f"{RANGE}.{third}")

    async def started(self, name: str, program: str = "forever", **more: Any) -> str:
        made = await self.engine.create(self.spec(name, program, **more))
        await self.engine.start(made)
        return made


@asynccontextmanager
async def fake_world() -> AsyncGenerator[World, None]:
    engine = FakeEngine(SystemClock(), INSTALLATION)
    engine.add_image("forever")
    engine.add_image("nothing", exit_after=0)
    engine.add_image(
        "says",
        output=[("stdout", b"one"), ("stderr", b"two"), ("stdout", b"three")],
        exit_after=0,
        exit_code=3,
    )
    yield World(engine, image=None)
    await engine.close()


@asynccontextmanager
async def docker_world(image: str) -> AsyncGenerator[World, None]:
    engine = DockerEngine(INSTALLATION, SystemClock())
    try:
        yield World(engine, image=image)
    finally:
        for container in await engine.list():
            await engine.remove(container.id, force=True)
        for network in await engine.networks():
            await engine.remove_network(network.name)
        for volume in await engine.volumes():
            await engine.remove_volume(volume.name)
        await engine.close()


Scenario = Callable[[World], Awaitable[None]]
Play = Callable[[Scenario], None]


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.docker)])
def play(request: pytest.FixtureRequest) -> Play:
    """Plays a scenario in a fresh world, which is empty again afterwards."""
    image = request.getfixturevalue("busybox_image") if request.param == "docker" else None

    async def one(scenario: Scenario) -> None:
        world = docker_world(image) if image else fake_world()
        async with asyncio.timeout(60), world as it:
            await scenario(it)

    return lambda scenario: asyncio.run(one(scenario))


async def read(lines: AsyncGenerator[LogLine, None]) -> list[LogLine]:
    async with aclosing(lines):
        return [line async for line in lines]


# ── The engine ────────────────────────────────────────────────────────────────────────────────


def test_it_says_what_it_is(play: Play) -> None:
    async def scenario(world: World) -> None:
        info = await world.engine.ping()
        assert info.version
        assert info.api_version.startswith("1.")
        assert info.architecture
        assert world.engine.installation == INSTALLATION

    play(scenario)


# ── Life of a container ───────────────────────────────────────────────────────────────────────


def test_a_created_container_waits_to_be_started(play: Play) -> None:
    async def scenario(world: World) -> None:
        spec = world.spec("a", labels={"demitasse.kind": "test", "colour": "red"})
        made = await world.engine.create(spec)
        seen = await world.engine.inspect(made)
        assert (seen.id, seen.name, seen.image) == (made, spec.name, spec.image)
        assert seen.state == "created"
        assert not seen.running
        assert seen.labels["colour"] == "red"
        assert seen.labels["demitasse.installation"] == INSTALLATION
        assert seen.labels["demitasse.spec"] == spec.digest()
        assert seen.image_id.startswith("sha256:")
        assert (seen.exit_code, seen.started_at, seen.finished_at) == (None, None, None)
        assert seen.created_at is not None

    play(scenario)


def test_creating_twice_makes_one(play: Play) -> None:
    async def scenario(world: World) -> None:
        spec = world.spec("a", environment={"A": "1"})
        made = await world.started("a", environment={"A": "1"})
        assert await world.engine.create(spec) == made
        assert (await world.engine.inspect(made)).running
        assert len(await world.engine.list()) == 1

    play(scenario)


def test_a_name_stands_for_one_specification(play: Play) -> None:
    async def scenario(world: World) -> None:
        spec = world.spec("a")
        await world.engine.create(spec)
        with pytest.raises(NameConflict, match=spec.name):
            await world.engine.create(replace(spec, environment={"A": "1"}))

    play(scenario)


def test_a_container_needs_its_image_here(play: Play) -> None:
    async def scenario(world: World) -> None:
        spec = replace(world.spec("a"), image="no-such-image:1")
        with pytest.raises(ImageMissing, match="no-such-image:1"):
            await world.engine.create(spec)
        assert await world.engine.list() == ()

    play(scenario)


def test_a_started_container_runs_until_it_is_stopped(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        seen = await world.engine.inspect(made)
        assert seen.running
        assert seen.pid > 0
        assert seen.started_at is not None
        assert seen.exit_code is None
        await world.engine.start(made)
        await world.engine.stop(made, timeout=5)
        seen = await world.engine.inspect(made)
        assert (seen.state, seen.exit_code, seen.pid) == ("exited", 143, 0)
        assert seen.finished_at is not None
        await world.engine.stop(made)

    play(scenario)


def test_a_container_can_be_started_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        await world.engine.stop(made, timeout=5)
        await world.engine.start(made)
        seen = await world.engine.inspect(made)
        assert seen.running
        assert (seen.exit_code, seen.finished_at) == (None, None)

    play(scenario)


def test_a_killed_container_says_137(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        await world.engine.kill(made)
        assert await world.engine.wait(made) == 137
        seen = await world.engine.inspect(made)
        assert (seen.state, seen.exit_code, seen.oom_killed) == ("exited", 137, False)
        await world.engine.kill(made)

    play(scenario)


def test_a_running_container_is_removed_only_by_force(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        with pytest.raises(InUse):
            await world.engine.remove(made)
        await world.engine.remove(made, force=True)
        with pytest.raises(NotFoundInEngine):
            await world.engine.inspect(made)
        await world.engine.remove(made)

    play(scenario)


def test_the_name_serves_as_well_as_the_id(play: Play) -> None:
    async def scenario(world: World) -> None:
        name = world.spec("a").name
        made = await world.engine.create(world.spec("a"))
        await world.engine.start(name)
        assert (await world.engine.inspect(name)).id == made
        await world.engine.stop(name, timeout=5)
        await world.engine.remove(name)
        assert await world.engine.list() == ()

    play(scenario)


def test_what_is_not_there_is_not_found(play: Play) -> None:
    async def scenario(world: World) -> None:
        for missing in ("no-such-container", "0" * 64, "what/is this?"):
            for ask in (
                world.engine.start,
                world.engine.stop,
                world.engine.kill,
                world.engine.inspect,
                world.engine.wait,
                lambda it: world.engine.exec(it, ["true"]),
                lambda it: read(world.engine.logs(it)),
            ):
                with pytest.raises(NotFoundInEngine):
                    await ask(missing)
            await world.engine.remove(missing)

    play(scenario)


def test_waiting_tells_the_exit_code(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a", "says")
        assert await world.engine.wait(made) == 3
        assert await world.engine.wait(made) == 3

    play(scenario)


def test_one_that_never_ran_is_stopped_already(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.engine.create(world.spec("a"))
        await world.engine.stop(made)
        await world.engine.kill(made)
        assert await world.engine.wait(made) == 0
        assert (await world.engine.inspect(made)).state == "created"

    play(scenario)


def test_one_that_is_to_go_on_is_started_again_until_stopped(play: Play) -> None:
    async def scenario(world: World) -> None:
        async with aclosing(world.engine.events()) as events:
            await anext(events)
            made = await world.started("a", "says", restart="unless-stopped")
            actions: list[str] = []
            while actions.count("start") < 2:
                event = await anext(events)
                assert isinstance(event, Event)
                actions.append(event.action)
        assert actions == ["create", "start", "die", "start"]
        assert (await world.engine.inspect(made)).restarts >= 1
        await world.engine.stop(made, timeout=1)
        assert (await world.engine.inspect(made)).state == "exited"

    play(scenario)


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────


def test_a_list_is_narrowed_by_labels(play: Play) -> None:
    async def scenario(world: World) -> None:
        first = await world.engine.create(world.spec("a", labels={"task": "1", "role": "pause"}))
        second = await world.engine.create(world.spec("b", labels={"task": "2"}))
        listed = world.engine.list
        assert {each.id for each in await listed()} == {first, second}
        assert [each.id for each in await listed({"task": "2"})] == [second]
        assert {each.id for each in await listed({"task": None})} == {first, second}
        assert [each.id for each in await listed({"task": None, "role": None})] == [first]
        assert await listed({"task": "3"}) == ()

    play(scenario)


def test_a_list_tells_state_and_exit_code(play: Play) -> None:
    async def scenario(world: World) -> None:
        network = await world.engine.ensure_network(world.network("n"))
        await world.engine.create(world.spec("a"))
        running = await world.started("b", network=OwnAddress(network.name))
        await world.engine.wait(await world.started("c", "says"))
        by_name = {each.name.rpartition("-")[2]: each for each in await world.engine.list()}
        assert [by_name[name].state for name in "abc"] == ["created", "running", "exited"]
        assert [by_name[name].exit_code for name in "abc"] == [None, None, 3]
        assert by_name["b"].addresses == (await world.engine.inspect(running)).addresses
        assert by_name["b"].image == world.spec("b").image
        assert all(each.created_at is not None for each in by_name.values())

    play(scenario)


# ── What they write ───────────────────────────────────────────────────────────────────────────


def test_logs_keep_order_and_stream(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a", "says")
        await world.engine.wait(made)
        lines = await read(world.engine.logs(made))
        assert [(line.stream, line.text) for line in lines] == [
            ("stdout", b"one"),
            ("stderr", b"two"),
            ("stdout", b"three"),
        ]
        times = [line.time for line in lines]
        assert times == sorted(set(times))

    play(scenario)


def test_logs_begin_where_asked(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a", "says")
        await world.engine.wait(made)
        lines = await read(world.engine.logs(made))
        assert await read(world.engine.logs(made, since=lines[1].time)) == lines[1:]
        assert await read(world.engine.logs(made, since=lines[1].time + 1)) == lines[2:]
        assert await read(world.engine.logs(made, since=lines[2].time + 1)) == []

    play(scenario)


def test_a_followed_log_ends_with_its_container(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a", "says")
        lines = await read(world.engine.logs(made, follow=True))
        assert [line.text for line in lines] == [b"one", b"two", b"three"]

    play(scenario)


def test_a_followed_log_ends_when_its_container_is_removed(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        following = asyncio.ensure_future(read(world.engine.logs(made, follow=True)))
        await asyncio.sleep(0.1)
        await world.engine.remove(made, force=True)
        assert await following == []

    play(scenario)


# ── Commands ──────────────────────────────────────────────────────────────────────────────────


def test_a_command_runs_only_in_a_running_container(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        assert (await world.engine.exec(made, ["true"])).exit_code == 0
        await world.engine.stop(made, timeout=5)
        with pytest.raises(EngineError, match="not running"):
            await world.engine.exec(made, ["true"])

    play(scenario)


def test_a_run_answers_and_leaves_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        result = await world.engine.run(world.spec("a", "says"))
        assert (result.exit_code, result.stdout, result.stderr) == (3, b"one\nthree\n", b"two\n")
        assert await world.engine.list() == ()

    play(scenario)


def test_a_run_that_takes_too_long_leaves_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(TimeoutError):
            await world.engine.run(world.spec("a"), timeout=0.5)
        assert await world.engine.list() == ()

    play(scenario)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05, 0.5])
def test_a_cancelled_run_leaves_nothing(play: Play, after: float) -> None:
    async def scenario(world: World) -> None:
        await world.engine.ping()
        running = asyncio.ensure_future(world.engine.run(world.spec("a")))
        await asyncio.sleep(after)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await world.engine.list() == ()

    play(scenario)


def test_a_run_takes_the_place_of_one_left_over(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.started("a")
        result = await world.engine.run(world.spec("a", "nothing"))
        assert result.exit_code == 0
        assert await world.engine.list() == ()

    play(scenario)


def test_runs_that_nobody_waits_for_are_discarded(play: Play) -> None:
    """As a platform that was killed leaves them: made only, or at work, or over."""

    async def scenario(world: World) -> None:
        left = {RUN_LABEL: "yes"}
        await world.engine.create(world.spec("made", labels=left))
        await world.started("at-work", labels=left)
        await world.engine.wait(await world.started("over", "nothing", labels=left))
        await world.started("task")
        async with aclosing(world.engine.events()) as events:
            assert await anext(events) == Resync()
            ours = asyncio.ensure_future(world.engine.run(world.spec("ours")))
            assert getattr(await anext(events), "action", None) == "create"
        await world.engine.discard_runs()
        names = {each.name.rpartition("-")[2] for each in await world.engine.list()}
        assert names == {"task", "ours"}
        ours.cancel()
        await asyncio.gather(ours, return_exceptions=True)

    play(scenario)


# ── Events ────────────────────────────────────────────────────────────────────────────────────


def test_events_begin_with_a_look_at_everything(play: Play) -> None:
    async def scenario(world: World) -> None:
        async with aclosing(world.engine.events()) as events:
            assert await anext(events) == Resync()
            labels = {"task": "1"}
            made = await world.started("a", "says", labels=labels)
            await world.engine.wait(made)
            await world.engine.remove(made)
            seen: list[Event] = []
            while not seen or seen[-1].action != "destroy":
                event = await anext(events)
                assert isinstance(event, Event)
                seen.append(event)
        assert [each.action for each in seen] == ["create", "start", "die", "destroy"]
        assert {(each.id, each.name) for each in seen} == {(made, world.spec("a").name)}
        assert [each.exit_code for each in seen] == [None, None, 3, None]
        assert all(each.labels["task"] == "1" for each in seen)
        assert [each.time for each in seen] == sorted(each.time for each in seen)

    play(scenario)


def test_health_is_told(play: Play) -> None:
    async def scenario(world: World) -> None:
        async with aclosing(world.engine.events()) as events:
            await anext(events)
            check = HealthCheck(("CMD", "true"), interval=0.2, timeout=5)
            made = await world.started("a", health_check=check)
            async for event in events:
                if isinstance(event, Event) and event.action == "health_status":
                    assert event.health == "healthy"
                    break
        assert (await world.engine.inspect(made)).health == "healthy"
        assert [each.health for each in await world.engine.list()] == ["healthy"]

    play(scenario)


# ── Networks ──────────────────────────────────────────────────────────────────────────────────


def test_a_network_is_made_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        spec = world.network("n")
        first = await world.engine.ensure_network(spec)
        assert (first.name, first.cidr, first.gateway) == (spec.name, spec.cidr, f"{RANGE}.1")
        assert first.labels["demitasse.installation"] == INSTALLATION
        assert await world.engine.ensure_network(spec) == first
        assert await world.engine.networks() == (first,)
        with pytest.raises(NameConflict, match=spec.cidr):
            await world.engine.ensure_network(replace(spec, cidr=f"{RANGE}.32/28"))
        await world.engine.remove_network(spec.name)
        await world.engine.remove_network(spec.name)
        assert await world.engine.networks() == ()

    play(scenario)


def test_an_overlap_names_the_range(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.engine.ensure_network(world.network("n"))
        with pytest.raises(NetworkOverlap, match=rf"{RANGE}\.8/29"):
            await world.engine.ensure_network(world.network("m", "8/29"))

    play(scenario)


def test_a_network_in_use_stays(play: Play) -> None:
    async def scenario(world: World) -> None:
        network = await world.engine.ensure_network(world.network("n"))
        made = await world.started("a", network=OwnAddress(network.name))
        with pytest.raises(InUse):
            await world.engine.remove_network(network.name)
        await world.engine.remove(made, force=True)
        await world.engine.remove_network(network.name)

    play(scenario)


def test_a_container_has_the_address_it_asked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        network = await world.engine.ensure_network(world.network("n"))
        first = await world.started("a", network=OwnAddress(network.name, f"{RANGE}.5"))
        other = await world.started("b", network=OwnAddress(network.name))
        assert (await world.engine.inspect(first)).addresses == {network.name: f"{RANGE}.5"}
        assert (await world.engine.inspect(other)).addresses[network.name].startswith(RANGE)
        third = await world.engine.create(
            world.spec("c", network=OwnAddress(network.name, f"{RANGE}.5"))
        )
        with pytest.raises(AddressInUse):
            await world.engine.start(third)
        await world.engine.stop(first, timeout=5)
        assert (await world.engine.inspect(first)).addresses == {}
        await world.engine.start(third)

    play(scenario)


def test_a_network_can_be_shared_with_a_container_that_runs(play: Play) -> None:
    async def scenario(world: World) -> None:
        pause = await world.started("pause")
        made = await world.started("a", network=SharedWith(pause))
        assert (await world.engine.inspect(made)).addresses == {}
        await world.engine.stop(made, timeout=5)
        await world.engine.stop(pause, timeout=5)
        with pytest.raises(CannotStart):
            await world.engine.start(made)

    play(scenario)


def test_a_container_does_not_start_without_its_network(play: Play) -> None:
    async def scenario(world: World) -> None:
        lost = await world.engine.create(world.spec("a", network=OwnAddress("no-such-network")))
        with pytest.raises(CannotStart, match="no-such-network"):
            await world.engine.start(lost)
        alone = await world.engine.create(world.spec("b", network=SharedWith("no-such-container")))
        with pytest.raises(CannotStart, match="no-such-container"):
            await world.engine.start(alone)

    play(scenario)


# ── Volumes ───────────────────────────────────────────────────────────────────────────────────


def test_a_volume_outlives_its_containers(play: Play) -> None:
    async def scenario(world: World) -> None:
        spec = VolumeSpec(name=f"{INSTALLATION}-v", labels={"task": "1"})
        first = await world.engine.ensure_volume(spec)
        assert first.labels["task"] == "1"
        assert await world.engine.ensure_volume(spec) == first
        made = await world.engine.create(world.spec("a", mounts=(Volume(spec.name, "/data"),)))
        with pytest.raises(InUse):
            await world.engine.remove_volume(spec.name)
        await world.engine.remove(made)
        assert await world.engine.volumes() == (first,)
        await world.engine.remove_volume(spec.name)
        await world.engine.remove_volume(spec.name)
        assert await world.engine.volumes() == ()

    play(scenario)


# ── Images and figures ────────────────────────────────────────────────────────────────────────


def test_images_are_here_or_not(play: Play) -> None:
    async def scenario(world: World) -> None:
        reference = world.spec("a").image
        info = await world.engine.image(reference)
        assert info is not None
        assert info.id.startswith("sha256:")
        assert info.size_bytes > 0
        assert await world.engine.image(info.id) == info
        for missing in ("no-such-image:1", "Not A Reference", "sha256:" + "0" * 64):
            assert await world.engine.image(missing) is None
            await world.engine.remove_image(missing)

    play(scenario)


def test_an_image_in_use_stays(play: Play) -> None:
    async def scenario(world: World) -> None:
        made = await world.started("a")
        seen = await world.engine.inspect(made)
        with pytest.raises(InUse):
            await world.engine.remove_image(seen.image_id)

    play(scenario)


def test_what_is_no_reference_cannot_be_pulled(play: Play) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(CannotPull, match="invalid reference format"):
            await world.engine.pull("customer?fromImage=other")
        with pytest.raises(CannotPull, match="must be lowercase"):
            await world.engine.pull("127.0.0.1:9/Customer")

    play(scenario)


# ── An engine that is away ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["fake", "docker"])
def test_an_engine_that_is_away_says_so(kind: str) -> None:
    async def scenario() -> None:
        if kind == "fake":
            engine: Any = FakeEngine(SystemClock(), INSTALLATION)
            engine.go_away()
        else:
            engine = DockerEngine(INSTALLATION, SystemClock(), "unix:///no/such/docker.sock")
        spec = ContainerSpec(name="a", image="a")
        for ask in (
            engine.ping,
            engine.list,
            engine.networks,
            engine.volumes,
            lambda: engine.create(spec),
            lambda: engine.start("a"),
            lambda: engine.remove("a"),
            lambda: engine.inspect("a"),
            lambda: engine.run(spec),
            lambda: engine.pull("a"),
            lambda: engine.image("a"),
            lambda: read(engine.logs("a")),
        ):
            with pytest.raises(EngineUnavailable, match=r"docker\.sock|socket"):
                await ask()
        async with aclosing(engine.events()) as events:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.2)
        await engine.close()

    asyncio.run(scenario())


def test_an_unknown_image_is_not_found_by_the_fake() -> None:
    async def scenario() -> None:
        engine = FakeEngine(SystemClock(), INSTALLATION)
        with pytest.raises(PullNotFound, match=r"docker\.io/library/customer:latest: not found"):
            await engine.pull("customer")

    asyncio.run(scenario())
