from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.unit.services.elbv2.stand import EVERYBODY, HEALTHY, SCOPE, Stand, permit, send

from demitasse.engines.traffic.observation import Reason
from demitasse.errors import EngineUnavailable
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.records import (
    LISTENERS,
    RULES,
    Action,
    Health,
    WeightedGroup,
    carried_out,
    health,
)

INITIAL = ("initial", "Elb.InitialHealthChecking")
REGISTERING = ("initial", "Elb.RegistrationInProgress")
DRAINING = ("draining", "Target.DeregistrationInProgress")
UNUSED = ("unused", "Target.NotInUse")


@pytest.fixture
def stand() -> Stand:
    """With a default security group that admits everybody."""
    stand = Stand()
    permit(stand, stand.default_group, EVERYBODY)
    return stand


def test_it_is_active_when_it_serves_and_not_before(stand: Stand) -> None:
    arn = stand.balancer()["LoadBalancerArn"]

    async def scene(stand: Stand) -> None:
        await stand.settled()
        assert stand.state(arn) == {"Code": "provisioning"}  # the VPC has no network yet
        stand.network()
        await stand.settled()
        assert stand.state(arn) == {"Code": "active"}
        assert (
            stand.applied(arn).address
            == stand.elb("DescribeLoadBalancers")["LoadBalancers"][0]["DNSName"]
        )

    stand.play(scene)


def test_requests_go_where_listeners_and_rules_say(stand: Stand) -> None:
    stand.network()
    arn, customer, employee = (
        stand.balancer()["LoadBalancerArn"],
        stand.group("customer"),
        stand.group("employee"),
    )
    listener = stand.listener(arn, customer)
    rule = stand.rule(listener, employee)
    stand.register(customer, "172.31.0.20")
    stand.register(employee, "172.31.0.30")

    async def scene(stand: Stand) -> None:
        assert stand.health(customer) == {"172.31.0.20": REGISTERING}
        await stand.settled()
        assert stand.health(customer) == {"172.31.0.20": HEALTHY}
        assert send(stand, arn).target.address == "172.31.0.20"
        assert send(stand, arn, "/admin/suppliers").target.address == "172.31.0.30"
        stand.elb("DeleteRule", RuleArn=rule)
        await stand.settled()
        assert send(stand, arn, "/admin/suppliers").target.address == "172.31.0.20"
        assert stand.health(employee) == {"172.31.0.30": UNUSED}

    stand.play(scene)


def test_health_is_what_the_engine_sees(stand: Stand) -> None:
    stand.network()
    group = stand.group()
    stand.listener(stand.balancer()["LoadBalancerArn"], group)
    stand.traffic.health["172.31.0.20", 8080] = Reason.INITIAL_HEALTH_CHECKING
    stand.register(group, "172.31.0.20")

    async def scene(stand: Stand) -> None:
        await stand.settled()
        assert stand.health(group) == {"172.31.0.20": INITIAL}
        stand.traffic.health["172.31.0.20", 8080] = 503
        await stand.settled(0.25)  # watched closely while it is initial
        output = stand.elb("DescribeTargetHealth", TargetGroupArn=group)
        assert output["TargetHealthDescriptions"][0]["TargetHealth"] == {
            "State": "unhealthy",
            "Reason": "Target.ResponseCodeMismatch",
            "Description": "Health checks failed with these codes: [503]",
        }
        stand.traffic.health["172.31.0.20", 8080] = 200
        await stand.settled(1)
        assert stand.health(group) == {"172.31.0.20": HEALTHY}

    stand.play(scene)


def test_a_deregistered_target_drains_while_requests_are_in_flight(stand: Stand) -> None:
    stand.network()
    arn, group = stand.balancer()["LoadBalancerArn"], stand.group()
    stand.listener(arn, group)
    stand.register(group, "172.31.0.20", "172.31.0.21")
    stand.traffic.sessions["172.31.0.20", 8080] = 2

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.deregister(group, "172.31.0.20")
        assert stand.health(group)["172.31.0.20"] == DRAINING  # from that moment on
        await stand.settled(0.25)
        assert stand.health(group)["172.31.0.20"] == DRAINING
        assert {send(stand, arn).target.address for _ in range(9)} == {"172.31.0.21"}
        stand.traffic.sessions["172.31.0.20", 8080] = 0
        await stand.settled(0.25)
        assert list(stand.health(group)) == ["172.31.0.21"]
        assert [t.address for t in stand.applied(arn).target_groups[0].targets] == ["172.31.0.21"]

    stand.play(scene)


def test_draining_ends_with_the_deregistration_delay_compressed() -> None:
    stand = Stand(compression=10)
    stand.network()
    arn, group = stand.balancer()["LoadBalancerArn"], stand.group()
    stand.listener(arn, group)
    stand.register(group, "172.31.0.20")
    stand.traffic.sessions["172.31.0.20", 8080] = 1

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.deregister(group, "172.31.0.20")
        await stand.settled(29.9)
        assert stand.health(group) == {"172.31.0.20": DRAINING}
        await stand.settled(0.25)
        assert stand.health(group) == {}

    stand.play(scene)


def test_a_draining_target_can_be_registered_again(stand: Stand) -> None:
    stand.network()
    group = stand.group()
    stand.listener(stand.balancer()["LoadBalancerArn"], group)
    stand.register(group, "172.31.0.20")
    stand.traffic.sessions["172.31.0.20", 8080] = 1

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.deregister(group, "172.31.0.20")
        await stand.settled(0.25)
        stand.register(group, "172.31.0.20")
        assert stand.health(group) == {"172.31.0.20": REGISTERING}
        await stand.settled(0.25)
        assert stand.health(group) == {"172.31.0.20": HEALTHY}

    stand.play(scene)


def test_a_target_in_a_zone_that_is_not_enabled_gets_nothing(stand: Stand) -> None:
    stand.network()
    arn, group = stand.balancer()["LoadBalancerArn"], stand.group()
    stand.listener(arn, group)
    stand.register(group, "172.31.32.9")  # in the third zone; the load balancer has two

    async def scene(stand: Stand) -> None:
        await stand.settled()
        assert stand.applied(arn).target_groups[0].targets == ()
        assert stand.health(group) == {"172.31.32.9": UNUSED}
        stand.elb("SetSubnets", LoadBalancerArn=arn, Subnets=stand.subnets[:3])
        await stand.settled()
        assert stand.health(group) == {"172.31.32.9": HEALTHY}

    stand.play(scene)


def test_what_was_seen_before_a_group_was_left_does_not_count_when_it_is_used_again(
    stand: Stand,
) -> None:
    stand.network()
    arn, group = stand.balancer()["LoadBalancerArn"], stand.group()
    listener = stand.listener(arn)
    rule = stand.rule(listener, group)
    stand.register(group, "172.31.0.20", "172.31.0.21")

    async def scene(stand: Stand) -> None:
        await stand.settled()
        assert stand.health(group)["172.31.0.20"] == HEALTHY
        stand.traffic.sessions["172.31.0.21", 8080] = 1
        stand.deregister(group, "172.31.0.21")
        stand.elb("DeleteRule", RuleArn=rule)
        await stand.settled()
        assert stand.health(group) == {"172.31.0.20": UNUSED}
        stand.rule(listener, group)
        assert stand.health(group) == {"172.31.0.20": REGISTERING}

    stand.play(scene)


def test_another_service_moves_traffic_and_waits_until_it_has_moved(stand: Stand) -> None:
    stand.network()
    arn, blue, green = stand.balancer()["LoadBalancerArn"], stand.group("b"), stand.group("g")
    key = stand.listener(arn, blue)
    rule_key = stand.rule(key, blue)
    stand.register(green, "172.31.0.30")

    async def scene(stand: Stand) -> None:
        await stand.settled()
        to_green = (Action("forward", groups=(WeightedGroup(green),)),)
        with stand.store.transaction() as tx:
            listener = tx.get(LISTENERS, SCOPE, key)
            rule = tx.get(RULES, SCOPE, rule_key)
            assert listener
            assert rule
            assert carried_out(listener)
            assert carried_out(rule)
            after = tx.desire(
                LISTENERS, listener.ref, msgspec.structs.replace(listener.desired, actions=to_green)
            )
            assert not carried_out(after)
        stand.traffic.failure = EngineUnavailable("away")
        await stand.settled()
        with stand.store.transaction() as tx:
            assert not carried_out(tx.get(LISTENERS, SCOPE, key))  # type: ignore[arg-type]
            assert carried_out(tx.get(RULES, SCOPE, rule_key))  # type: ignore[arg-type]
        stand.traffic.failure = None
        await stand.settled(1)
        with stand.store.transaction() as tx:
            assert carried_out(tx.get(LISTENERS, SCOPE, key))  # type: ignore[arg-type]
            assert health(tx, SCOPE, green, "172.31.0.30", 8080) == Health("healthy")
            assert health(tx, SCOPE, green, "172.31.0.31", 8080) is None
        assert send(stand, arn).group == engine_id(green)

    stand.play(scene)


def test_what_is_deleted_ends_and_so_do_orphans(stand: Stand) -> None:
    stand.network()
    one, two = stand.balancer("one")["LoadBalancerArn"], stand.balancer("two")["LoadBalancerArn"]

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.elb("DeleteLoadBalancer", LoadBalancerArn=one)
        await stand.settled()
        assert await stand.traffic.running() == {engine_id(two)}

    stand.play(scene)
    stand.elb("DeleteLoadBalancer", LoadBalancerArn=two)  # while no controller runs
    asyncio.run(stand.controller.listen(lambda _ref: None))
    assert asyncio.run(stand.traffic.running()) == frozenset()


def test_the_same_is_not_applied_twice_nor_written_twice(stand: Stand) -> None:
    stand.network()
    group = stand.group()
    stand.listener(stand.balancer()["LoadBalancerArn"], group)
    stand.register(group, "172.31.0.20")
    applied: list[Any] = []
    real = stand.traffic.apply

    async def count(spec: Any) -> None:
        applied.append(spec)
        await real(spec)

    stand.traffic.apply = count  # type: ignore[method-assign]

    async def scene(stand: Stand) -> None:
        await stand.settled()
        changes: list[Any] = []
        unwatch = stand.store.watch(changes.extend)
        await stand.settled(1)
        await stand.settled(1)
        unwatch()
        assert len(applied) == 1
        assert changes == []

    stand.play(scene)


def test_a_target_that_came_back_while_it_was_looked_at_is_not_forgotten(stand: Stand) -> None:
    stand.network()
    group = stand.group()
    stand.listener(stand.balancer()["LoadBalancerArn"], group)
    stand.register(group, "172.31.0.20")
    observe = stand.traffic.observe

    async def meanwhile(load_balancer: str) -> Any:
        seen = await observe(load_balancer)
        stand.traffic.observe = observe  # type: ignore[method-assign]
        stand.clock.advance(1)
        stand.register(group, "172.31.0.20")
        stand.clock.advance(1)
        stand.traffic.sessions["172.31.0.20", 8080] = 1
        stand.deregister(group, "172.31.0.20")
        return seen

    async def scene(stand: Stand) -> None:
        await stand.settled()
        stand.deregister(group, "172.31.0.20")
        stand.traffic.observe = meanwhile  # type: ignore[method-assign]
        await stand.settled()
        assert stand.health(group) == {"172.31.0.20": DRAINING}

    stand.play(scene)
