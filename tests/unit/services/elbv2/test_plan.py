"""Properties of the plan: whatever the records say, the engine is told no more and no less."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.elbv2.stand import SCOPE
from tests.unit.services.elbv2.views import (
    ADDRESS,
    NOW,
    WAITS,
    ZONES,
    balancer,
    group_arn,
    views,
)

from demitasse.clock import Waits
from demitasse.engines.addresses.seen import as_seen
from demitasse.engines.traffic import spec
from demitasse.services.elbv2 import plan
from demitasse.services.elbv2.arns import engine_id
from demitasse.services.elbv2.records import (
    Applied,
    HealthCheck,
    TargetGroup,
    carried_out,
    digest,
)
from demitasse.store import Item


def expected(view: plan.View) -> set[tuple[str, str, int, bool]]:
    return {
        (
            engine_id(group.arn),
            t.desired.address,
            t.desired.port,
            t.desired.deregistered_at is not None,
        )
        for group in view.groups
        for t in group.targets
        if t.desired.zone in (ZONES[0], ZONES[1], "all")
    }


@given(views())
def test_every_registered_target_of_an_enabled_zone_appears_once_and_nothing_else(
    view: plan.View,
) -> None:
    made = plan.compile_spec(view, WAITS)
    found = [
        (group.id, target.address, target.port, target.draining)
        for group in made.target_groups
        for target in group.targets
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected(view)


@given(views())
def test_listeners_and_priorities_are_kept_but_for_rules_that_can_never_hold(
    view: plan.View,
) -> None:
    made = plan.compile_spec(view, WAITS)
    assert [each.port for each in made.listeners] == sorted(
        each.desired.port for each in view.listeners
    )
    for listener in view.listeners:
        [same] = [each for each in made.listeners if each.port == listener.desired.port]
        possible = [
            rule.desired.priority
            for rule in view.rules
            if rule.desired.listener_arn == listener.key
            and all("2001:db8::/32" not in each.values for each in rule.desired.conditions)
        ]
        assert [rule.priority for rule in same.rules] == sorted(possible)


@given(views(), st.randoms())
def test_the_order_of_the_records_does_not_matter(view: plan.View, random: object) -> None:
    def mixed(items: tuple[object, ...]) -> tuple[object, ...]:
        shuffled = list(items)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        return tuple(shuffled)

    other = plan.View(
        view.balancer,
        mixed(view.listeners),  # type: ignore[arg-type]
        mixed(view.rules),  # type: ignore[arg-type]
        mixed(view.groups),  # type: ignore[arg-type]
    )
    assert plan.compile_spec(other, WAITS) == plan.compile_spec(view, WAITS)


@given(views())
def test_a_digest_changes_with_what_decides_and_with_nothing_else(view: plan.View) -> None:
    for item in view.listeners:
        desired = item.desired
        assert digest(msgspec.structs.replace(desired, tags={"a": "b"})) == digest(desired)
        assert digest(msgspec.structs.replace(desired, port=desired.port % 65535 + 1)) != digest(
            desired
        )
        applied = Item(SCOPE, item.key, desired, Applied(digest(desired)), 2)
        assert carried_out(applied)
        assert not carried_out(item)
    for rule in view.rules:
        other = msgspec.structs.replace(rule.desired, priority=rule.desired.priority % 50000 + 1)
        assert digest(other) != digest(rule.desired)


# who may connect

networks = st.builds(
    lambda number, bits: str(IPv4Network((number, bits), strict=False)),
    st.one_of(
        st.integers(0, 2**32 - 1), st.integers(0, 2**24 - 1).map(lambda low: (127 << 24) + low)
    ),
    st.integers(0, 32),
)


@given(st.lists(networks, max_size=4), st.integers(0, 2**32 - 1))
def test_a_network_admits_its_addresses_and_this_machine_where_it_names_it(
    cidrs: list[str], client: int
) -> None:
    made = [IPv4Network(each) for each in as_seen(cidrs, ADDRESS)]
    address = IPv4Address(client)
    named = any(address in IPv4Network(each) for each in cidrs)
    machine = any(IPv4Address("127.0.0.1") in IPv4Network(each) for each in cidrs)
    admitted = any(address in each for each in made)
    assert admitted == (named or (machine and address == IPv4Address(ADDRESS)))


# attributes and waits


def one_group(**more: object) -> spec.TargetGroup:
    desired = msgspec.structs.replace(TargetGroup("tg", 8080, "vpc-1", NOW), **more)
    view = plan.View(balancer(), groups=(plan.GroupView(group_arn(1), desired),))
    [made] = plan.compile_spec(view, WAITS).target_groups
    return made


@pytest.mark.parametrize(
    ("compression", "interval"), [(10, 3.0), (30, 1.0), (120, 0.25), (1000, 0.25)]
)
def test_a_health_checks_interval_is_compressed_and_its_timeout_is_not(
    compression: float, interval: float
) -> None:
    check = HealthCheck("9000", "/admin/suppliers", 30, 5, 4, 3, "200-299")
    assert one_group(health_check=check).health_check == spec.HealthCheck(
        "/admin/suppliers", 9000, "200-299", 30.0, 5.0, 4, 3
    )
    view = plan.View(
        balancer(),
        groups=(plan.GroupView(group_arn(1), TargetGroup("tg", 8080, "vpc-1", NOW, check)),),
    )
    compressed = plan.compile_spec(view, Waits(compression)).target_groups[0].health_check
    assert compressed.interval == interval
    assert compressed.timeout == 5.0


@pytest.mark.parametrize(
    ("attributes", "stickiness"),
    [
        ({}, None),
        ({"stickiness.type": "app_cookie"}, None),
        ({"stickiness.enabled": "true"}, spec.LbCookie(86400)),
        (
            {"stickiness.enabled": "true", "stickiness.lb_cookie.duration_seconds": "60"},
            spec.LbCookie(60),
        ),
        (
            {
                "stickiness.enabled": "true",
                "stickiness.type": "app_cookie",
                "stickiness.app_cookie.cookie_name": "session",
                "stickiness.app_cookie.duration_seconds": "5",
            },
            spec.AppCookie("session", 5),
        ),
    ],
)
def test_stickiness(attributes: dict[str, str], stickiness: object) -> None:
    assert one_group(attributes=attributes).stickiness == stickiness


def test_algorithm_and_slow_start() -> None:
    made = one_group(attributes={"load_balancing.algorithm.type": "least_outstanding_requests"})
    assert made.algorithm is spec.Algorithm.LEAST_OUTSTANDING_REQUESTS
    assert one_group(attributes={"slow_start.duration_seconds": "30"}).slow_start == 30.0
    assert one_group().slow_start == 0.0


def test_attributes_of_the_load_balancer() -> None:
    given = {
        "idle_timeout.timeout_seconds": "10",
        "client_keep_alive.seconds": "61",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.preserve_host_header.enabled": "true",
        "routing.http.xff_client_port.enabled": "true",
        "routing.http.xff_header_processing.mode": "remove",
    }
    assert plan.compile_spec(plan.View(balancer(attributes=given)), WAITS) == spec.LoadBalancer(
        id="front-00000000000000aa",
        address=ADDRESS,
        idle_timeout=10,
        client_keep_alive=61,
        drop_invalid_header_fields=True,
        preserve_host_header=True,
        xff=spec.Xff.REMOVE,
        xff_client_port=True,
    )


def test_a_group_whose_record_is_gone_has_no_targets() -> None:
    view = plan.View(balancer(), groups=(plan.GroupView(group_arn(1), None),))
    [made] = plan.compile_spec(view, WAITS).target_groups
    assert made.targets == ()
