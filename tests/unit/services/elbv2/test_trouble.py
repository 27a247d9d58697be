"""Load balancers when something is in their way: said, tried again, and never at the cost of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.services.elbv2.stand import EVERYBODY, HEALTHY, SCOPE, Stand, permit, send

from demitasse.engines.containers.observation import Event, Resync
from demitasse.errors import EngineError
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.records import (
    LISTENERS,
    RULES,
    carried_out,
)
from demitasse.store import Ref


@pytest.fixture
def stand() -> Stand:
    """With a default security group that admits everybody."""
    stand = Stand()
    permit(stand, stand.default_group, EVERYBODY)
    return stand


def test_a_vpc_without_network_is_said(stand: Stand) -> None:
    arn = stand.balancer()["LoadBalancerArn"]

    async def scene(stand: Stand) -> None:
        stand.network("", "Pool overlaps with other one on this address space")
        await stand.settled()
        assert stand.state(arn) == {
            "Code": "failed",
            "Reason": "Pool overlaps with other one on this address space",
        }

    stand.play(scene)


def test_an_occupied_port_is_said_and_all_else_goes_on(stand: Stand) -> None:
    stand.network()
    made = stand.balancer()
    arn, group = made["LoadBalancerArn"], stand.group()
    stand.traffic.occupied.add((made["DNSName"], 8080))
    bad = stand.listener(arn, port=8080)
    bad_rule = stand.rule(bad, group)
    good = stand.listener(arn, group)

    def done(key: str) -> bool:
        with stand.store.transaction() as tx:
            item = tx.get(RULES if "listener-rule" in key else LISTENERS, SCOPE, key)
            assert item
            return carried_out(item)  # type: ignore[arg-type]

    async def scene(stand: Stand) -> None:
        await stand.settled()
        state = stand.state(arn)
        assert state["Code"] == "active_impaired"
        assert "port 8080" in state["Reason"]
        assert [done(good), done(bad), done(bad_rule)] == [True, False, False]
        stand.register(group, "172.31.0.20")  # what comes later is carried out as well
        await stand.settled()
        assert send(stand, arn).target.address == "172.31.0.20"
        assert stand.health(group) == {"172.31.0.20": HEALTHY}
        stand.traffic.occupied.clear()
        await stand.settled(1)  # tried again by itself
        assert stand.state(arn) == {"Code": "active"}
        assert [done(good), done(bad), done(bad_rule)] == [True, True, True]

    stand.play(scene)


def test_without_the_listener_of_an_occupied_port_all_is_well_at_once(stand: Stand) -> None:
    stand.network()
    made = stand.balancer()
    arn = made["LoadBalancerArn"]
    for port in (8080, 8081):
        stand.traffic.occupied.add((made["DNSName"], port))
    bad = [stand.listener(arn, port=8080), stand.listener(arn, port=8081)]
    stand.listener(arn)

    async def scene(stand: Stand) -> None:
        await stand.settled()
        reason = stand.state(arn)["Reason"]
        assert "8080" in reason
        assert "8081" in reason
        stand.elb("DeleteListener", ListenerArn=bad[0])
        await stand.settled()
        assert "8080" not in stand.state(arn)["Reason"]
        stand.elb("DeleteListener", ListenerArn=bad[1])
        await stand.settled()
        assert stand.state(arn) == {"Code": "active"}

    stand.play(scene)


def test_an_occupied_port_is_not_tried_at_every_look(stand: Stand) -> None:
    stand.network()
    made = stand.balancer()
    stand.traffic.occupied.add((made["DNSName"], 8080))
    stand.listener(made["LoadBalancerArn"], port=8080)
    tries: list[float] = []
    real = stand.traffic.apply

    async def count(spec: Any) -> None:
        if spec.listeners:
            tries.append(stand.clock.monotonic())
        await real(spec)

    stand.traffic.apply = count  # type: ignore[method-assign]

    async def scene(stand: Stand) -> None:
        for _ in range(40):
            await stand.settled(1)
        assert len(tries) < 12
        assert tries[-1] > 25

    stand.play(scene)


def test_one_that_never_served_has_failed_until_it_does(stand: Stand) -> None:
    stand.network()
    made = stand.balancer()
    stand.traffic.failure = EngineError("HAProxy's image is missing")

    async def scene(stand: Stand) -> None:
        await stand.settled()
        assert stand.state(made["LoadBalancerArn"]) == {
            "Code": "failed",
            "Reason": "HAProxy's image is missing",
        }
        stand.traffic.failure = None
        await stand.settled(1)
        assert stand.state(made["LoadBalancerArn"]) == {"Code": "active"}

    stand.play(scene)


def test_one_that_vanished_is_brought_back(stand: Stand) -> None:
    stand.network()
    arn = stand.balancer()["LoadBalancerArn"]
    stand.listener(arn)

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.traffic.balancers.clear()
        await stand.settled(1)  # seen at the next look
        await stand.settled(0.2)  # and made again
        assert stand.applied(arn)

    stand.play(scene)


def test_failures_wait_longer_each_time_and_a_success_begins_anew(stand: Stand) -> None:
    stand.network()
    arn = stand.balancer()["LoadBalancerArn"]
    ref = Ref(SCOPE, arn)

    async def scene() -> None:
        failed = EngineError("no")
        for expected in (0.5, 1, 2, 4, 8, 8):
            stand.traffic.failure = failed
            assert await stand.controller.reconcile(ref) == expected
        stand.traffic.failure = None
        assert await stand.controller.reconcile(ref) == 1
        stand.listener(arn)
        stand.traffic.failure = failed
        assert await stand.controller.reconcile(ref) == 0.5

    asyncio.run(scene())


class Events:
    """A container engine that tells what it is told to tell."""

    def __init__(self, *events: Event | Resync) -> None:
        self._events = events

    async def events(self) -> AsyncIterator[Event | Resync]:
        for event in self._events:
            yield event


def test_an_ended_container_is_looked_at_at_once_but_not_one_that_never_served(
    stand: Stand,
) -> None:
    stand.network()
    one, two = stand.balancer("one")["LoadBalancerArn"], stand.balancer("two")["LoadBalancerArn"]

    def told(*events: Event | Resync) -> list[str]:
        stand.controller._containers = Events(*events)  # type: ignore[assignment]
        queued: list[Ref] = []
        asyncio.run(stand.controller.listen(queued.append))
        return [ref.key for ref in queued]

    def died(arn: str, action: str = "die") -> Event:
        name = f"demitasse-test-load-balancer-{engine_id(arn)}"
        return Event(action=action, id="c1", name=name)

    asyncio.run(stand.controller.reconcile(Ref(SCOPE, one)))
    assert told(died(two), died(one, "start"), died(one), died(one, "destroy")) == [one]
    asyncio.run(stand.controller.reconcile(Ref(SCOPE, one)))
    assert stand.traffic.balancers.keys() == {engine_id(one)}
    assert sorted(told(Resync())) == sorted([one, two])
