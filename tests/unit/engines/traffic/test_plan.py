"""The plan brings any state to the wanted one, without a moment in which a target is missing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engines.traffic import examples

from demitasse.engines.traffic.plan import (
    CHECKED,
    RUNNING,
    STOPPING,
    Add,
    Admit,
    Change,
    Close,
    Open,
    Reload,
    Remove,
    Replace,
    Running,
    ServerState,
    plan_changes,
)
from demitasse.engines.traffic.render import Rendered, render
from demitasse.engines.traffic.spec import LoadBalancer, Target, TargetGroup

FORCED_MAINTENANCE, FROM_CONFIG, FORCED_DRAIN = 0x01, 0x04, 0x08


def started(rendered: Rendered) -> Running:
    """A HAProxy that has just read these files."""
    servers: dict[str, dict[str, ServerState]] = {}
    for backend, group in rendered.servers.items():
        mine = servers.setdefault(backend, {})
        for server in group:
            admin = FROM_CONFIG if server.draining else 0
            mine[server.name] = ServerState(admin, RUNNING, CHECKED)
            mine[server.twin] = ServerState(admin)
    tables = {name: frozenset(table.entries) for name, table in rendered.tables.items()}
    return Running(rendered.digest, servers, tables)


def after(running: Running, changes: tuple[Change, ...]) -> Running:
    """What HAProxy makes of the changes; an impossible one fails the test."""
    servers = {backend: dict(mine) for backend, mine in running.servers.items()}
    tables = dict(running.tables)
    for change in changes:
        if isinstance(change, Replace):
            assert change.name in tables
            tables[change.name] = frozenset(change.table.entries)
            continue
        mine = servers[change.backend]
        match change:
            case Add(_, name):
                assert name not in mine
                mine[name] = ServerState(FORCED_MAINTENANCE)
            case Admit(_, name):
                mine[name] = ServerState(0, STOPPING, CHECKED)
            case Open(_, name):
                mine[name] = replace(mine[name], admin=0)
            case Close(_, name):
                mine[name] = replace(mine[name], admin=FORCED_MAINTENANCE)
            case Remove(_, name):
                assert mine[name].closed, "only a server in maintenance can be deleted"
                del mine[name]
    return Running(running.digest, servers, tables)


def serving(running: Running) -> dict[str, set[str]]:
    return {
        backend: {name for name, state in mine.items() if not state.admin}
        for backend, mine in running.servers.items()
    }


def reached(running: Running, wanted: Rendered) -> bool:
    return (
        serving(running) == serving(started(wanted))
        and {each: set(mine) for each, mine in running.servers.items()}
        == {each: set(mine) for each, mine in started(wanted).servers.items()}
        and running.tables == started(wanted).tables
    )


@given(examples.load_balancers(), examples.load_balancers())
def test_any_state_is_brought_to_any_other(one: LoadBalancer, other: LoadBalancer) -> None:
    running, wanted = started(render(one)), render(other)

    changes = plan_changes(running, wanted)

    if isinstance(changes, Reload):
        assert running.digest != wanted.digest
    else:
        assert reached(after(running, changes), wanted)
        assert plan_changes(after(running, changes), wanted) == ()


@given(examples.load_balancers(), examples.load_balancers(), st.data())
def test_a_plan_that_was_cut_short_is_taken_up_again(
    one: LoadBalancer, other: LoadBalancer, data: st.DataObject
) -> None:
    running, wanted = started(render(one)), render(other)
    changes = plan_changes(running, wanted)
    if isinstance(changes, Reload):
        return
    halfway = after(running, changes[: data.draw(st.integers(0, len(changes)))])

    rest = plan_changes(halfway, wanted)

    assert not isinstance(rest, Reload)
    assert reached(after(halfway, rest), wanted)


@given(examples.load_balancers(), examples.load_balancers())
def test_a_target_of_both_serves_all_the_time(one: LoadBalancer, other: LoadBalancer) -> None:
    running, wanted = started(render(one)), render(other)
    changes = plan_changes(running, wanted)
    if isinstance(changes, Reload):
        return
    before, then = serving(running), serving(started(wanted))
    for length in range(len(changes) + 1):
        now = serving(after(running, changes[:length]))
        for backend in before:
            assert before[backend] & then[backend] <= now[backend]


@given(examples.load_balancers())
def test_nothing_changes_when_all_is_as_wanted(one: LoadBalancer) -> None:
    assert plan_changes(started(render(one)), render(one)) == ()


def test_traffic_moves_by_a_table_alone() -> None:
    blue, green = examples.EVERYTHING.target_groups
    moved = replace(
        examples.EVERYTHING,
        listeners=(
            examples.EVERYTHING.listeners[0],
            replace(
                examples.EVERYTHING.listeners[1],
                default=examples.Forward(
                    (
                        examples.WeightedGroup(blue.id, 90),
                        examples.WeightedGroup(green.id, 10),
                    )
                ),
            ),
        ),
    )

    [change] = plan_changes(started(render(examples.EVERYTHING)), render(moved))

    assert isinstance(change, Replace)
    assert change.name == "forward-8080.map"
    assert change.table.entries == ("0:899999 group-a", "900000:999999 group-b")


def test_a_target_comes_and_goes_step_by_step() -> None:
    old, new = Target("10.0.0.1", 80), Target("10.0.0.2", 80)
    before = replace(examples.LAB, target_groups=(TargetGroup("customer", (old,)), _EMPTY))
    between = replace(
        examples.LAB,
        target_groups=(TargetGroup("customer", (replace(old, draining=True), new)), _EMPTY),
    )
    afterwards = replace(examples.LAB, target_groups=(TargetGroup("customer", (new,)), _EMPTY))

    first = plan_changes(started(render(before)), render(between))
    second = plan_changes(started(render(between)), render(afterwards))

    backend = "group-customer"
    assert first == (
        Add(backend, "10.0.0.2:80", "10.0.0.2:80", "check inter 30000ms rise 5 fall 2"),
        Add(backend, "open-10.0.0.2:80", "10.0.0.2:80", "backup"),
        Admit(backend, "10.0.0.2:80"),
        Open(backend, "open-10.0.0.2:80"),
        Close(backend, "10.0.0.1:80"),
        Close(backend, "open-10.0.0.1:80"),
    )
    assert second == (Remove(backend, "10.0.0.1:80"), Remove(backend, "open-10.0.0.1:80"))


_EMPTY = TargetGroup("employee")


def test_another_health_check_is_another_structure() -> None:
    customer, employee = examples.LAB.target_groups
    check = replace(employee.health_check, path="/elsewhere")
    wanted = replace(examples.LAB, target_groups=(customer, replace(employee, health_check=check)))

    assert isinstance(plan_changes(started(render(examples.LAB)), render(wanted)), Reload)
