"""Load balancers for tests: the lab's, one with everything, and any at all."""

from __future__ import annotations

from hypothesis import strategies as st

from demitasse.engines.traffic.conditions import HostHeader, PathPattern
from demitasse.engines.traffic.spec import (
    AppCookie,
    FixedResponse,
    Forward,
    HealthCheck,
    LbCookie,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    Target,
    TargetGroup,
    WeightedGroup,
)

LAB = LoadBalancer(
    id="lab",
    address="172.31.0.10",
    listeners=(
        Listener(
            80,
            Forward((WeightedGroup("customer"),)),
            (Rule(1, (PathPattern(("/admin/*",)),), Forward((WeightedGroup("employee"),))),),
        ),
    ),
    target_groups=(
        TargetGroup("customer", (Target("172.31.1.5", 8080), Target("172.31.1.6", 8080))),
        TargetGroup("employee", (), HealthCheck(path="/admin/suppliers", interval=3.0)),
    ),
)

EVERYTHING = LoadBalancer(
    id="everything",
    address="172.31.0.11",
    listeners=(
        Listener(
            80,
            FixedResponse(404, "text/plain", "nothing here\n"),
            (
                Rule(
                    1,
                    (PathPattern(("/shop",)), HostHeader(("*.example.com",))),
                    Forward((WeightedGroup("a", 1), WeightedGroup("b", 3)), stickiness=60.0),
                ),
                Rule(5, (PathPattern(("/old/*",)),), Redirect(host="new.#{host}", status=302)),
            ),
        ),
        Listener(8080, Forward((WeightedGroup("a", 0),))),
    ),
    target_groups=(
        TargetGroup("a", (Target("10.0.0.1", 80),), stickiness=LbCookie(3600.0)),
        TargetGroup(
            "b",
            (Target("10.0.0.2", 81, draining=True),),
            HealthCheck(port=8081, matcher="200-204"),
            stickiness=AppCookie("session", 60.0),
            slow_start=30.0,
        ),
    ),
    client_keep_alive=3600.0,
    drop_invalid_header_fields=True,
)


def _groups() -> st.SearchStrategy[tuple[TargetGroup, ...]]:
    targets = st.lists(
        st.builds(
            Target,
            st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
            st.sampled_from([80, 81]),
            st.booleans(),
        ),
        max_size=5,
        unique_by=lambda target: (target.address, target.port),
    ).map(tuple)
    return st.tuples(*(st.builds(TargetGroup, st.just(name), targets) for name in ("a", "b")))


def load_balancers() -> st.SearchStrategy[LoadBalancer]:
    """Load balancers that differ in targets and weights, sometimes in structure."""
    weight = st.integers(0, 3)
    forward = st.tuples(weight, weight).map(
        lambda pair: Forward((WeightedGroup("a", pair[0]), WeightedGroup("b", pair[1])))
    )
    listener = st.builds(
        lambda default, ruled: Listener(
            80, default, (Rule(1, (PathPattern(("/x",)),), FixedResponse(200)),) if ruled else ()
        ),
        forward,
        st.booleans(),
    )
    return st.builds(
        lambda one, groups: LoadBalancer("lb", "10.0.0.9", (one,), groups), listener, _groups()
    )
