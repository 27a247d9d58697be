"""What is kept of what the engine sees, whatever it sees."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.elbv2.views import (
    ADDRESS,
    NOW,
    WAITS,
    views,
)

from demitasse.engines.traffic import spec
from demitasse.engines.traffic.observation import (
    GroupSeen,
    ListenerSeen,
    Observation,
    State,
    TargetSeen,
)
from demitasse.services.elbv2 import plan

seen_states = st.sampled_from(list(State))


@given(views(), st.data())
def test_findings_never_call_a_draining_target_anything_and_forget_no_other(
    view: plan.View, data: st.DataObject
) -> None:
    made = plan.compile_spec(view, WAITS)
    observation = Observation(
        made.id,
        tuple(ListenerSeen(listener.port) for listener in made.listeners),
        tuple(
            GroupSeen(
                group.id,
                tuple(
                    TargetSeen(
                        target.address,
                        target.port,
                        data.draw(seen_states),
                        sessions=data.draw(st.integers(0, 2)),
                    )
                    for target in group.targets
                    if data.draw(st.booleans())
                ),
            )
            for group in made.target_groups
        ),
    )
    later = NOW + timedelta(seconds=data.draw(st.integers(0, 400)))
    found = plan.findings(view, observation, later, WAITS)
    everything = {target.key: target for group in view.groups for target in group.targets}
    draining = {
        key for key, target in everything.items() if target.desired.deregistered_at is not None
    }
    assert not found.seen.keys() & draining
    assert found.drained.keys() <= draining
    assert all(health.state != "draining" for health in found.seen.values())
    if later - NOW >= timedelta(seconds=300):
        assert found.drained.keys() == draining
    busy = bool(draining) or any(health.state == "initial" for health in found.seen.values())
    assert found.again == (plan.BUSY_SECONDS if busy else plan.CALM_SECONDS)


@given(views())
def test_nothing_observed_changes_nothing_that_was_seen(view: plan.View) -> None:
    found = plan.findings(view, None, NOW, WAITS)
    assert found.seen == {}
    zones = {target.key: target.desired.zone for g in view.groups for target in g.targets}
    assert {zones[key] for key in found.drained} <= {"us-east-1c"}  # nothing to wait for there


def test_what_the_engine_does_not_show_is_noticed() -> None:
    target = spec.Target("172.31.0.9", 80)
    wanted = spec.LoadBalancer(
        "a",
        ADDRESS,
        (spec.Listener(80, spec.FixedResponse(404)),),
        (spec.TargetGroup("g", (target,)),),
    )
    seen = TargetSeen(target.address, target.port, State.HEALTHY)
    whole = Observation("a", (ListenerSeen(80),), (GroupSeen("g", (seen,)),))
    assert plan.shows(wanted, whole)
    assert not plan.shows(wanted, Observation("a", (), (GroupSeen("g", (seen,)),)))
    assert not plan.shows(wanted, Observation("a", (ListenerSeen(80),), (GroupSeen("g"),)))
