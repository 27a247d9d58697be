from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.kit.control import attached, settle
from tests.kit.stand import SCOPE
from tests.unit.services.ec2.stand import Ec2

from demitasse.control import ControlLoop, Enqueue
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import Network
from demitasse.engines.containers.spec import NetworkSpec
from demitasse.errors import EngineUnavailable
from demitasse.services.ec2.controller import VpcController
from demitasse.services.ec2.records import VPCS, VpcObserved
from demitasse.store import Ref


class World:
    """EC2 with its controller and containers in memory."""

    def __init__(self, ec2: Ec2) -> None:
        self.ec2 = ec2
        self.engine = FakeEngine(ec2.stand.clock)
        self.controller = VpcController(store=ec2.store, containers=self.engine)
        self.vpc = ec2.vpc("10.0.0.0/16")
        self.subnet = ec2.subnet_of(self.vpc)

    def work(self, seconds: float = 0) -> None:
        self.ec2.stand.settle(self.controller, seconds=seconds)

    def observed(self) -> VpcObserved:
        with self.ec2.store.transaction() as tx:
            item = tx.get(VPCS, SCOPE, self.vpc)
        assert item is not None
        return item.observed

    def networks(self) -> list[Network]:
        return list(asyncio.run(self.engine.networks()))

    def live(self) -> str:
        return str(self.ec2.interface(self.subnet)["NetworkInterfaceId"])


@pytest.fixture
def world(ec2: Ec2) -> World:
    return World(ec2)


def test_a_vpc_has_a_network_once_something_lives_in_it(world: World) -> None:
    world.work()
    assert world.networks() == []
    world.live()
    world.work()
    (network,) = world.networks()
    assert network.name == f"demitasse-{world.vpc}" == world.observed().network
    assert (network.cidr, network.gateway) == ("10.0.0.0/16", "10.0.0.1")
    assert network.labels["demitasse.kind"] == "vpc"
    assert network.labels["demitasse.vpc"] == world.vpc


def test_looking_again_changes_nothing(world: World) -> None:
    world.live()
    world.work(seconds=120)
    before = world.networks()
    world.work(seconds=120)
    assert world.networks() == before


def test_the_network_goes_with_the_vpc(world: World) -> None:
    interface = world.live()
    world.work()
    world.ec2.call("DeleteNetworkInterface", NetworkInterfaceId=interface)
    world.ec2.call("DeleteSubnet", SubnetId=world.subnet)

    async def delete() -> None:
        world.ec2.call("DeleteVpc", VpcId=world.vpc)
        await world.controller.reconcile(Ref(SCOPE, world.vpc))

    asyncio.run(delete())
    assert world.networks() == []


def test_a_network_whose_vpc_went_while_nobody_looked_goes_at_the_next_start(world: World) -> None:
    world.live()
    world.work()
    orphan = NetworkSpec(
        name="demitasse-vpc-gone",
        cidr="10.9.0.0/16",
        gateway="10.9.0.1",
        labels={"demitasse.kind": "vpc", "demitasse.vpc": "vpc-gone"},
    )
    asyncio.run(world.engine.ensure_network(orphan))
    queued: list[Ref] = []
    enqueue: Enqueue = queued.append
    asyncio.run(world.controller.listen(enqueue))
    (ref,) = queued
    assert asyncio.run(world.controller.reconcile(ref)) is None
    assert [network.name for network in world.networks()] == [f"demitasse-{world.vpc}"]


async def later(world: World, loop: ControlLoop, seconds: float) -> None:
    """Let time go on, and the loop work on what that queues."""
    await asyncio.sleep(0)  # timers that were just asked for begin
    world.ec2.stand.clock.advance(seconds)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await settle([loop])


def while_working(world: World, scenario: Callable[[ControlLoop], Awaitable[None]]) -> None:
    """Run a scenario with the controller's loop attached."""

    async def work() -> None:
        loop = ControlLoop(world.controller, world.ec2.store, world.ec2.stand.clock)
        with attached(loop, world.ec2.store):
            await settle([loop])
            await scenario(loop)
        await loop.queue.close()

    asyncio.run(work())


def test_a_network_that_somebody_removed_comes_back(world: World) -> None:
    world.live()

    async def scenario(loop: ControlLoop) -> None:
        await world.engine.remove_network(f"demitasse-{world.vpc}")
        await later(world, loop, 29)
        assert await world.engine.networks() == ()
        await later(world, loop, 1)
        assert len(await world.engine.networks()) == 1

    while_working(world, scenario)


def test_ranges_that_overlap_are_told_and_tried_again(world: World) -> None:
    beside = NetworkSpec(name="somebody-elses", cidr="10.0.0.0/8", gateway="10.0.0.1", labels={})
    asyncio.run(world.engine.ensure_network(beside))
    world.live()
    world.work()
    assert "overlaps" in world.observed().error
    assert world.observed().network == ""

    async def scenario(loop: ControlLoop) -> None:
        await world.engine.remove_network("somebody-elses")
        await later(world, loop, 10)
        assert world.observed() == VpcObserved(network=f"demitasse-{world.vpc}")

    while_working(world, scenario)


def test_an_engine_that_is_away_is_waited_for(world: World) -> None:
    world.live()
    world.engine.go_away()
    with pytest.raises(EngineUnavailable):
        asyncio.run(world.controller.reconcile(Ref(SCOPE, world.vpc)))
    assert world.observed() == VpcObserved()
    world.engine.come_back()
    world.work()
    assert world.observed().network


def test_a_vpc_that_goes_while_its_network_is_made_leaves_nothing_behind(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    interface = world.live()
    ensure = world.engine.ensure_network

    async def slowly(spec: NetworkSpec) -> Network:
        made = await ensure(spec)
        world.ec2.call("DeleteNetworkInterface", NetworkInterfaceId=interface)
        world.ec2.call("DeleteSubnet", SubnetId=world.subnet)
        world.ec2.call("DeleteVpc", VpcId=world.vpc)
        return made

    world.engine.ensure_network = slowly  # type: ignore[method-assign]
    world.work()
    assert world.networks() == []
    assert caplog.records == [], "nothing went wrong"
