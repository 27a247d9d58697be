"""Changes as HAProxy's own commands, to the letter."""

from __future__ import annotations

import pytest

from demitasse.engines.traffic.commands import commands, prepare, replacement
from demitasse.engines.traffic.plan import Add, Admit, Close, Open, Remove, Replace
from demitasse.engines.traffic.render import Table


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            Add("g", "s", "10.0.0.1:80", "check inter 5ms"),
            ["add server g/s 10.0.0.1:80 check inter 5ms"],
        ),
        (
            Admit("g", "s"),
            [
                "set server g/s state drain",
                "set server g/s health stopping",
                "enable health g/s",
                "set server g/s state ready",
            ],
        ),
        (Open("g", "s"), ["set server g/s state ready"]),
        (Close("g", "s"), ["set server g/s state maint"]),
        (
            Remove("g", "s"),
            ["shutdown sessions server g/s", "wait 5s srv-removable g/s", "del server g/s"],
        ),
    ],
)
def test_each_change_to_the_letter(change, lines: list[str]) -> None:
    assert [command.line for command in commands(change)] == lines


def test_a_map_is_replaced_at_once() -> None:
    change = Replace("forward-80.map", Table(("0:9 a", "10:19 b")))

    assert prepare(change).line == "prepare map /load-balancer/forward-80.map"
    assert [command.line for command in replacement(change, "7")] == [
        "add map @7 /load-balancer/forward-80.map <<\n0:9 a\n10:19 b\n",
        "commit map @7 /load-balancer/forward-80.map",
    ]


def test_an_empty_table_is_committed_all_the_same() -> None:
    change = Replace("sticky-80.map", Table(()))

    assert [command.line for command in replacement(change, "3")] == [
        "commit map @3 /load-balancer/sticky-80.map"
    ]


def test_a_large_map_goes_in_pieces() -> None:
    change = Replace("m", Table(tuple(f"{n} g" for n in range(250))))
    lines = [command.line for command in replacement(change, "1")]

    assert len(lines) == 4
    assert max(len(line) for line in lines) < 16_000
    assert sum(line.count(" g\n") for line in lines) == 250


def test_a_table_has_no_plain_commands() -> None:
    with pytest.raises(ValueError, match="version"):
        list(commands(Replace("m", Table(()))))
