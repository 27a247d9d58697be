"""What a load balancer's values refuse."""

from __future__ import annotations

import pytest

from demitasse.engines.traffic.conditions import PathPattern, SourceIp
from demitasse.engines.traffic.spec import (
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Rule,
    Target,
    TargetGroup,
    WeightedGroup,
)

ANSWER = FixedResponse(200)


def test_rules_are_kept_by_priority() -> None:
    late, early = Rule(20, (PathPattern(("/b",)),), ANSWER), Rule(3, (), ANSWER)

    assert Listener(80, ANSWER, (late, early)).rules == (early, late)


def test_two_rules_of_one_priority_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules of one priority"):
        Listener(80, ANSWER, (Rule(1, (), ANSWER), Rule(1, (), ANSWER)))


def test_a_forward_to_an_unknown_group_is_refused() -> None:
    listener = Listener(80, Forward((WeightedGroup("blue"),)))

    with pytest.raises(ValueError, match="unknown target group blue"):
        LoadBalancer("lb", "10.0.0.1", (listener,))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Target("10.0.0.1", 0),
        lambda: Target("10.0.0.256", 80),
        lambda: TargetGroup("g", (Target("10.0.0.1", 80), Target("10.0.0.1", 80, draining=True))),
        lambda: TargetGroup("with space"),
        lambda: WeightedGroup("g", 1000),
        lambda: Forward(()),
        lambda: Forward(tuple(WeightedGroup(f"g{n}") for n in range(6))),
        lambda: LoadBalancer("../lb", "10.0.0.1"),
        lambda: LoadBalancer("lb", "nowhere"),
        lambda: LoadBalancer("lb", "10.0.0.1", (Listener(80, ANSWER), Listener(80, ANSWER))),
        lambda: SourceIp(("10.0.0.0/33",)),
    ],
)
def test_impossible_values_are_refused(make) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        make()
