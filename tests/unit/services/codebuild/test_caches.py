"""A project's cached folders: whose they are, and when they go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.kit.control import attached, settle
from tests.kit.stand import SCOPE
from tests.unit.services.codebuild.world import World

from demitasse.control import ControlLoop
from demitasse.engines.containers.spec import VolumeSpec
from demitasse.services.codebuild import specs
from demitasse.services.codebuild.controller import CacheController
from demitasse.store import Ref

CACHE = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}


class Caching(World):
    """A world with a project that caches, and the controller that clears away after it."""

    def __init__(self) -> None:
        super().__init__()
        controller = CacheController(store=self.stand.store, containers=self.containers)
        self.loop = ControlLoop(controller, self.stand.store, self.stand.clock)
        self.project(cache=CACHE)

    def built(self) -> str:
        """A build that has its volume, and runs."""
        build_id = self.start()
        self.work()
        return build_id

    def ends(self, build_id: str) -> None:
        self.runs_through(build_id)
        self.work()
        self.leaves(build_id)
        self.work()

    def volumes(self) -> list[str]:
        """The volumes that there are once the controller has worked."""

        async def look() -> list[str]:
            await settle([self.loop])
            return [each.name for each in await self.containers.volumes()]

        return asyncio.run(look())


@pytest.fixture
def world() -> Iterator[Caching]:
    made = Caching()
    with attached(made.loop, made.stand.store):
        yield made


def test_builds_of_a_project_share_its_cache(world: Caching) -> None:
    first, second = world.built(), world.built()
    (name,) = world.volumes()
    for build_id in (first, second):
        mounts = world.containers.specs[specs.container_name(build_id)].mounts
        assert name in [getattr(each, "name", "") for each in mounts]
    for build_id in (first, second):
        world.ends(build_id)
    assert world.volumes() == [name]


def test_a_cache_goes_with_its_project(world: Caching) -> None:
    world.ends(world.built())
    assert len(world.volumes()) == 1
    world.call("DeleteProject", name="app")
    assert world.volumes() == []


def test_a_cache_stays_for_the_build_that_has_it(world: Caching) -> None:
    build_id = world.built()
    world.call("DeleteProject", name="app")
    assert len(world.volumes()) == 1
    world.ends(build_id)
    assert world.volumes() == []


def test_an_invalidated_cache_goes_and_the_next_build_begins_anew(world: Caching) -> None:
    world.ends(world.built())
    (before,) = world.volumes()
    world.call("InvalidateProjectCache", projectName="app")
    assert world.volumes() == []
    world.ends(world.built())
    (after,) = world.volumes()
    assert after != before


def test_docker_tells_whose_caches_there_are_when_it_is_seen_again(world: Caching) -> None:
    """Such as those of projects that were deleted while the platform did not run."""
    world.ends(world.built())
    other = VolumeSpec(name="data", labels={"demitasse.kind": "database"})
    asyncio.run(world.containers.ensure_volume(other))
    controller = CacheController(store=world.stand.store, containers=world.containers)
    seen: list[Ref] = []

    async def listen() -> None:
        listening = asyncio.create_task(controller.listen(seen.append))
        for _ in range(50):
            await asyncio.sleep(0)
        listening.cancel()

    asyncio.run(listen())
    assert seen == [Ref(SCOPE, "app")]
