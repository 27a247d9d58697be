"""Which changes reach which interfaces' filters, and where these are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest
from tests.kit.control import attached, settle
from tests.kit.stand import SCOPE
from tests.unit.services.ec2.stand import Ec2

from demitasse.control import ControlLoop
from demitasse.engines.containers.fake import FakeEngine
from demitasse.engines.containers.observation import Container
from demitasse.engines.containers.spec import ContainerSpec
from demitasse.engines.firewall.fake import FakeFirewall
from demitasse.engines.firewall.spec import Filter, Rule
from demitasse.services.ec2.controller import InterfaceController
from demitasse.services.ec2.records import (
    INTERFACE_LABEL,
    NETWORK_INTERFACES,
    NetworkInterfaceObserved,
    give_back,
    interface_arn,
    put_in_groups,
    take_address,
)
from demitasse.store import Ref

DATABASE = "arn:aws:rds:us-east-1:000000000000:db:d"
TASKS = "arn:aws:ecs:us-east-1:000000000000:task/c/"


class World:
    """EC2 with its controller, and interfaces of a database and of tasks."""

    def __init__(self, ec2: Ec2) -> None:
        self.ec2, self.store = ec2, ec2.store
        self.engine = FakeEngine(ec2.stand.clock)
        self.engine.add_image("pause")
        self.firewall = FakeFirewall(self.engine)
        self.controller = InterfaceController(
            store=self.store, containers=self.engine, firewall=self.firewall
        )
        self.loop = ControlLoop(self.controller, self.store, ec2.stand.clock)
        self.subnet = ec2.subnet

    def group(self, name: str, *, admits: str = "") -> str:
        made = self.ec2.group(name)
        if admits:
            self.admit(made, UserIdGroupPairs=[{"GroupId": admits}])
        return made

    def admit(self, group: str, **peers: object) -> None:
        one = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, **peers}
        self.ec2.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[one])

    def interface(self, owner: str, *groups: str) -> Ref:
        with self.store.transaction() as tx:
            return take_address(
                tx, SCOPE, self.ec2.stand.ids, self.subnet, owner=owner, description="",
                security_groups=groups,
            ).ref  # fmt: skip

    def address(self, ref: Ref) -> str:
        with self.store.transaction() as tx:
            item = tx.get(NETWORK_INTERFACES, *ref)
        assert item is not None
        return item.desired.private_ip

    def observed(self, ref: Ref) -> NetworkInterfaceObserved:
        with self.store.transaction() as tx:
            item = tx.get(NETWORK_INTERFACES, *ref)
        assert item is not None
        return item.observed

    def peers(self, ref: Ref) -> set[str]:
        """The addresses that an interface's filter admits."""
        wanted, _ = self.firewall.filters[ref.key]
        return {peer for rule in wanted.ingress for peer in rule.peers}

    async def carry(self, ref: Ref) -> str:
        """Start the container that carries an interface; its id."""
        labels = {INTERFACE_LABEL: interface_arn(ref)}
        made = await self.engine.create(ContainerSpec(name=ref.key, image="pause", labels=labels))
        await self.engine.start(made)
        return made

    def play(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            with attached(self.loop, self.store):
                await scenario()

        asyncio.run(whole())

    async def settle(self) -> None:
        await settle([self.loop])


@pytest.fixture
def world(ec2: Ec2) -> World:
    return World(ec2)


def test_an_address_of_the_machine_is_filtered_at_once(world: World) -> None:
    async def scenario() -> None:
        database = world.interface(DATABASE, world.group("vault"))
        await world.settle()
        everywhere = (Rule(("0.0.0.0/0",)),)
        expected = Filter(database.key, world.address(database), egress=everywhere)
        assert world.firewall.filters == {database.key: (expected, None)}
        assert world.observed(database) == NetworkInterfaceObserved("machine")

        with world.store.transaction() as tx:
            give_back(tx, SCOPE, DATABASE)
        await world.settle()
        assert world.firewall.filters == {}

    world.play(scenario)


def test_a_task_is_filtered_in_the_container_that_carries_its_interface(world: World) -> None:
    async def scenario() -> None:
        task = world.interface(f"{TASKS}1", world.group("room"))
        await world.settle()
        assert world.firewall.filters == {}
        container = await world.carry(task)
        await world.controller.reconcile(task)
        assert world.firewall.filters[task.key][1] == container
        assert world.observed(task) == NetworkInterfaceObserved(container)

        await world.engine.remove(container, force=True)
        again = await world.carry(task)
        await world.controller.reconcile(task)
        assert world.observed(task) == NetworkInterfaceObserved(again)

    world.play(scenario)


def test_a_container_that_the_engines_list_is_late_to_show_running_is_found(world: World) -> None:
    async def scenario() -> None:
        task = world.interface(f"{TASKS}1", world.group("room"))
        await world.settle()
        container = await world.carry(task)
        listed = world.engine.list

        async def late(labels: Mapping[str, str | None] | None = None) -> tuple[Container, ...]:
            return tuple(replace(each, state="created") for each in await listed(labels))

        world.engine.list = late  # type: ignore[method-assign]
        await world.controller.reconcile(task)
        assert world.observed(task) == NetworkInterfaceObserved(container)

    world.play(scenario)


def test_what_a_task_waits_for_is_looked_at_again_without_an_event(world: World) -> None:
    async def scenario() -> None:
        task = world.interface(f"{TASKS}1", world.group("room"))
        unused = Ref(SCOPE, str(world.ec2.interface(world.subnet)["NetworkInterfaceId"]))
        assert await world.controller.reconcile(task) is not None
        assert await world.controller.reconcile(unused) is None

    world.play(scenario)


def test_rules_reach_the_members_of_their_group_and_no_others(world: World) -> None:
    async def scenario() -> None:
        room, vault = world.group("room"), world.group("vault")
        one = world.interface(DATABASE, room, vault)
        other = world.interface(f"{DATABASE}2", vault)
        await world.settle()
        world.admit(room, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
        await world.settle()
        assert world.peers(one) == {"10.0.0.0/8"}
        assert world.peers(other) == set()

    world.play(scenario)


def test_who_joins_and_leaves_a_group_is_admitted_and_no_longer(world: World) -> None:
    async def scenario() -> None:
        room, elsewhere = world.group("room"), world.group("elsewhere")
        vault = world.group("vault", admits=room)
        database = world.interface(DATABASE, vault)
        await world.settle()
        assert world.peers(database) == set()
        task = world.interface(f"{TASKS}1", room)
        await world.settle()
        assert world.peers(database) == {f"{world.address(task)}/32"}
        with world.store.transaction() as tx:
            put_in_groups(tx, SCOPE, f"{TASKS}1", (elsewhere,))
        await world.settle()
        assert world.peers(database) == set()

    world.play(scenario)


def test_members_of_a_group_that_admits_itself_learn_of_each_other(world: World) -> None:
    async def scenario() -> None:
        group = world.group("friends")
        world.admit(group, UserIdGroupPairs=[{"GroupId": group}])
        first = world.interface(DATABASE, group)
        await world.settle()
        second = world.interface(f"{DATABASE}2", group)
        await world.settle()
        assert world.peers(first) == {f"{world.address(second)}/32"}
        assert world.peers(second) == {f"{world.address(first)}/32"}

    world.play(scenario)


def test_the_default_group_admits_everybody_until_its_own_rule_is_taken_away(world: World) -> None:
    async def scenario() -> None:
        found = world.ec2.call("DescribeSecurityGroups", GroupNames=["default"])
        default = found["SecurityGroups"][0]["GroupId"]
        database = world.interface(DATABASE, default)
        await world.settle()
        assert world.peers(database) == {"0.0.0.0/0"}
        own = found["SecurityGroups"][0]["IpPermissions"]
        world.ec2.call("RevokeSecurityGroupIngress", GroupId=default, IpPermissions=own)
        await world.settle()
        assert world.peers(database) == set()

    world.play(scenario)


def test_what_is_in_force_is_not_told_again(world: World) -> None:
    async def scenario() -> None:
        group = world.group("vault")
        database = world.interface(DATABASE, group)
        await world.settle()
        world.firewall.filters.clear()
        world.ec2.call("CreateTags", Resources=[group], Tags=[{"Key": "a", "Value": "b"}])
        await world.settle()
        await world.controller.reconcile(database)
        assert world.firewall.filters == {}

    world.play(scenario)


def test_a_machine_that_cannot_filter_is_not_passed_over(world: World) -> None:
    async def scenario() -> None:
        world.firewall.lacking = "no nftables"
        database = world.interface(DATABASE, world.group("vault"))
        await world.settle()
        assert world.firewall.filters == {}
        assert world.observed(database) == NetworkInterfaceObserved("machine", "no nftables")

    world.play(scenario)


def test_at_a_start_everything_is_told_anew_and_what_is_unknown_is_removed(world: World) -> None:
    async def scenario() -> None:
        database = world.interface(DATABASE, world.group("vault"))
        task = world.interface(f"{TASKS}1", world.group("room"))
        await world.firewall.guard(Filter("eni-gone", "10.0.0.1"), None)
        container = await world.carry(task)
        running = asyncio.ensure_future(world.loop.run())
        try:
            await _until(lambda: world.firewall.filters.keys() == {database.key, task.key})
            # The same container, started again, has a network without filters.
            world.firewall.filters.clear()
            await world.engine.stop(container)
            await world.engine.start(container)
            await _until(lambda: world.firewall.filters.keys() == {task.key})
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0)
    assert holds()
