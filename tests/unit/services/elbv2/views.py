"""Records of a load balancer, drawn at random, as the plan sees them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import strategies as st
from tests.unit.services.elbv2.stand import SCOPE

from demitasse.clock import Waits
from demitasse.services.elbv2 import plan
from demitasse.services.elbv2.records import (
    Action,
    Applied,
    Condition,
    FixedResponse,
    Listener,
    LoadBalancer,
    LoadBalancerObserved,
    Rule,
    Target,
    TargetGroup,
    TargetObserved,
    WeightedGroup,
    Zone,
    target_key,
)
from demitasse.store import Item

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PREFIX = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
LB = f"{PREFIX}loadbalancer/app/front/00000000000000aa"
ADDRESS = "172.31.0.5"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c", "all")
WAITS = Waits(1)


def group_arn(number: int) -> str:
    return f"{PREFIX}targetgroup/tg-{number}/{number:016x}"


def balancer(**more: object) -> Item[LoadBalancer, LoadBalancerObserved]:
    desired = LoadBalancer(
        name="front",
        scheme="internet-facing",
        vpc_id="vpc-1",
        zones=(Zone("subnet-1", ZONES[0]), Zone("subnet-2", ZONES[1])),
        security_groups=(),
        address=ADDRESS,
        created_at=NOW,
    )
    desired = msgspec.structs.replace(desired, **more)
    return Item(SCOPE, LB, desired, LoadBalancerObserved("active"), 1)


targets = st.builds(
    lambda group, last, port, zone, drains: Target(
        group_arn(group),
        f"172.31.0.{last}",
        port,
        zone,
        NOW,
        deregistered_at=NOW if drains else None,
    ),
    group=st.integers(0, 3),
    last=st.integers(10, 14),
    port=st.sampled_from([80, 8080]),
    zone=st.sampled_from(ZONES),
    drains=st.booleans(),
)
forwards = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 999)),
    min_size=1,
    max_size=4,
    unique_by=lambda pair: pair[0],
).map(
    lambda pairs: (
        Action("forward", groups=tuple(WeightedGroup(group_arn(g), weight) for g, weight in pairs)),
    )
)
actions = st.one_of(
    forwards, st.just((Action("fixed-response", fixed_response=FixedResponse("404")),))
)
conditions = st.one_of(
    st.just(Condition("path-pattern", ("/admin/*",))),
    st.just(Condition("source-ip", ("127.0.0.1/32",))),
    st.just(Condition("source-ip", ("2001:db8::/32",))),
)


@st.composite
def views(draw: st.DrawFn) -> plan.View:
    found = draw(
        st.lists(targets, max_size=12, unique_by=lambda t: (t.target_group_arn, t.address, t.port))
    )
    listeners = []
    rules = []
    for port in draw(st.lists(st.integers(1, 65535), max_size=3, unique=True)):
        key = f"{PREFIX}listener/app/front/00000000000000aa/{port:016x}"
        desired = Listener(LB, port, draw(actions), f"{key}/default", NOW)
        listeners.append(Item(SCOPE, key, desired, Applied(), 1))
        for priority in draw(st.lists(st.integers(1, 50000), max_size=4, unique=True)):
            tests = tuple(draw(st.lists(conditions, min_size=1, max_size=2)))
            rule = Rule(LB, key, priority, tests, draw(actions), NOW)
            rules.append(Item(SCOPE, f"{key}/{priority:016x}", rule, Applied(), 1))
    groups = tuple(
        plan.GroupView(
            group_arn(number),
            TargetGroup(f"tg-{number}", 8080, "vpc-1", NOW),
            tuple(
                Item(
                    SCOPE,
                    target_key(t.target_group_arn, t.address, t.port),
                    t,
                    TargetObserved(),
                    1,
                )
                for t in found
                if t.target_group_arn == group_arn(number)
            ),
        )
        for number in range(4)
    )
    return plan.View(balancer(), tuple(listeners), tuple(rules), groups)
