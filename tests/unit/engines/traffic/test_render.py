"""HAProxy's files, to the letter (``golden/``), and what their digest tells apart.

After a wanted change: ``python -m tests.unit.engines.traffic.test_render`` writes them anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from tests.unit.engines.traffic import examples

from demitasse.engines.traffic.listener import SLICE, forward_table, sticky_table
from demitasse.engines.traffic.render import render
from demitasse.engines.traffic.spec import (
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Redirect,
    Target,
    WeightedGroup,
    Xff,
)

GOLDEN = Path(__file__).parent / "golden"


def files(spec: LoadBalancer) -> str:
    """All files in one text."""
    rendered = render(spec)
    texts = {
        "haproxy.cfg": rendered.config,
        **rendered.files,
        **{name: table.text() for name, table in rendered.tables.items()},
    }
    return "".join(f"==> {name}\n{text}\n" for name, text in texts.items())


@pytest.mark.parametrize("spec", [examples.LAB, examples.EVERYTHING], ids=lambda spec: spec.id)
def test_the_files_are_these(spec: LoadBalancer) -> None:
    assert files(spec) == (GOLDEN / f"{spec.id}.txt").read_text()


@given(examples.load_balancers())
def test_the_same_values_give_the_same_files(spec: LoadBalancer) -> None:
    assert render(spec) == render(replace(spec))


def _with_default(action) -> LoadBalancer:
    return replace(examples.LAB, listeners=(Listener(80, action),))


@pytest.mark.parametrize(
    "change",
    [
        {
            "target_groups": (
                replace(examples.LAB.target_groups[0], targets=(Target("10.9.9.9", 1),)),
                examples.LAB.target_groups[1],
            )
        },
        {
            "listeners": (
                replace(
                    examples.LAB.listeners[0],
                    default=Forward((WeightedGroup("employee", 5), WeightedGroup("customer", 1))),
                ),
            )
        },
    ],
)
def test_targets_and_weights_are_no_structure(change) -> None:
    assert render(replace(examples.LAB, **change)).digest == render(examples.LAB).digest


@pytest.mark.parametrize(
    "change",
    [
        {"listeners": (*examples.LAB.listeners, Listener(81, FixedResponse(200)))},
        {"listeners": (replace(examples.LAB.listeners[0], rules=()),)},
        {"idle_timeout": 10.0},
        {"xff": Xff.REMOVE},
        {
            "target_groups": (
                examples.LAB.target_groups[0],
                replace(examples.LAB.target_groups[1], health_check=HealthCheck(interval=7)),
            )
        },
        {
            "target_groups": (
                examples.LAB.target_groups[0],
                replace(examples.LAB.target_groups[1], slow_start=30.0),
            )
        },
    ],
)
def test_everything_else_is(change) -> None:
    assert render(replace(examples.LAB, **change)).digest != render(examples.LAB).digest


def test_the_body_of_a_fixed_response_is_structure() -> None:
    one, other = (_with_default(FixedResponse(200, "text/plain", body)) for body in "ab")

    assert render(one).digest != render(other).digest


def test_weights_share_out_a_slice() -> None:
    action = Forward((WeightedGroup("a", 1), WeightedGroup("b", 0), WeightedGroup("c", 2)))

    assert forward_table(Listener(80, action)) == ("0:333332 group-a", "333333:999999 group-c")


def test_no_weight_at_all_leads_nowhere() -> None:
    assert forward_table(Listener(80, Forward((WeightedGroup("a", 0),)))) == ()


def test_every_place_of_a_slice_leads_somewhere() -> None:
    weights = (1, 7, 13, 999, 3)
    action = Forward(tuple(WeightedGroup(f"g{n}", each) for n, each in enumerate(weights)))
    places = 0
    for line in forward_table(Listener(80, action)):
        first, _, last = line.partition(" ")[0].partition(":")
        assert int(first) == places
        places = int(last) + 1

    assert places == SLICE


def test_a_sticky_action_forgets_groups_without_weight() -> None:
    action = Forward((WeightedGroup("a", 1), WeightedGroup("b", 0)), stickiness=60.0)
    table = sticky_table(Listener(80, action))

    assert table is not None
    assert [line.partition(" ")[2] for line in table if line.startswith("0:")] == ["group-a"]


def test_no_stickiness_no_table() -> None:
    assert sticky_table(Listener(80, FixedResponse(200))) is None


@pytest.mark.parametrize(
    ("action", "location"),
    [
        (
            Redirect(protocol="HTTPS", port="443"),
            "https://%[req.hdr(host),host_only]:443%[path]?%[query]",
        ),
        (
            Redirect(host="example.com", path="/new/#{path}", query="a=b"),
            "http://example.com:%[dst_port]/new/%[path,regsub(^/,)]?a=b",
        ),
        (
            Redirect(path="/100%", query=""),
            "http://%[req.hdr(host),host_only]:%[dst_port]/100%%",
        ),
    ],
)
def test_a_redirect_leads_there(action: Redirect, location: str) -> None:
    assert f"hdr Location '{location}'" in render(_with_default(action)).config


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in (examples.LAB, examples.EVERYTHING):
        (GOLDEN / f"{each.id}.txt").write_text(files(each))
