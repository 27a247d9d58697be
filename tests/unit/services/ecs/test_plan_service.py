"""The service scheduler's promises, as properties."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from demitasse.services.ecs.plan.service import (
    Plan,
    ServiceView,
    SetView,
    TaskView,
    back_off,
    breaker_threshold,
    plan,
    steady,
)

SETS = ("new", "old", "older")


@st.composite
def tasks_(draw: st.DrawFn, names: tuple[str, ...] = (*SETS, "gone")) -> list[TaskView]:
    found = []
    for number in range(draw(st.integers(0, 9))):
        state = draw(st.sampled_from(("pending", "running", "healthy", "failing")))
        found.append(
            TaskView(
                key=f"t{number}",
                task_set=draw(st.sampled_from(names)),
                running=state != "pending",
                healthy=state == "healthy",
                failing=state == "failing",
                place=draw(st.sampled_from(("a", "b"))),
                born=float(draw(st.integers(0, 5))),
            )
        )
    return found


def services(*, rolling: bool | None = None, active: bool = True) -> st.SearchStrategy[ServiceView]:
    return st.builds(
        ServiceView,
        active=st.just(active),
        rolling=st.booleans() if rolling is None else st.just(rolling),
        desired_count=st.integers(0, 6),
        minimum_healthy_percent=st.sampled_from((0, 50, 75, 100)),
        maximum_percent=st.sampled_from((125, 150, 200)),
    )


def sets_of(
    service: ServiceView, *, holding: bool = False, may_start: bool = True
) -> list[SetView]:
    return [
        SetView(
            "new", primary=True, want=service.desired_count, holding=holding, may_start=may_start
        ),
        SetView("old", want=0),
        SetView("older", want=0),
    ]


def after(tasks: list[TaskView], decided: Plan, serial: int = 0) -> list[TaskView]:
    left = [task for task in tasks if task.key not in decided.stops]
    for name, count in decided.starts.items():
        left += [
            TaskView(
                f"s{serial}-{name}-{number}",
                name,
                running=False,
                healthy=False,
                place="a" if number % 2 else "b",
                born=10.0 + serial,
            )
            for number in range(count)
        ]
    return left


@given(services(), tasks_(), st.booleans())
def test_each_stop_is_of_a_task_that_is_there_and_only_once(
    service: ServiceView, tasks: list[TaskView], holding: bool
) -> None:
    decided = plan(service, sets_of(service, holding=holding), tasks)
    assert len(set(decided.stops)) == len(decided.stops)
    assert set(decided.stops) <= {task.key for task in tasks}
    assert all(count > 0 for count in decided.starts.values())


@given(services(rolling=True), tasks_())
def test_never_over_the_maximum_by_its_own_action(
    service: ServiceView, tasks: list[TaskView]
) -> None:
    decided = plan(service, sets_of(service), tasks)
    known = [task for task in tasks if task.task_set in SETS]
    if decided.starts:
        # Counting even the tasks that are asked to stop in the same breath.
        assert len(known) + sum(decided.starts.values()) <= service.upper


@given(services(rolling=True), tasks_(SETS))
def test_never_under_the_minimum_by_its_own_action(
    service: ServiceView, tasks: list[TaskView]
) -> None:
    decided = plan(service, sets_of(service), tasks)
    healthy = sum(task.healthy for task in tasks)
    left = sum(task.healthy for task in tasks if task.key not in decided.stops)
    assert left >= min(healthy, service.lower)


@given(services(active=False), tasks_())
def test_stopped_means_nothing_is_placed_and_all_is_stopped(
    service: ServiceView, tasks: list[TaskView]
) -> None:
    decided = plan(service, sets_of(service), tasks)
    assert not decided.starts
    assert set(decided.stops) == {task.key for task in tasks}


@given(services(rolling=True), tasks_(SETS))
def test_a_deployment_given_up_starts_nothing_and_takes_nothing_from_the_old_one(
    service: ServiceView, tasks: list[TaskView]
) -> None:
    decided = plan(service, sets_of(service, may_start=False), tasks)
    assert not decided.starts
    serving = [task for task in tasks if task.task_set != "new" and task.healthy]
    stopped = [task for task in serving if task.key in decided.stops]
    new = sum(task.healthy for task in tasks if task.task_set == "new")
    assert len(serving) - len(stopped) >= min(len(serving), service.desired_count - new)


@given(services(), tasks_(), st.data())
def test_it_converges_from_any_state(
    service: ServiceView, tasks: list[TaskView], data: st.DataObject
) -> None:
    """Started tasks become healthy some time; nothing else happens from outside."""
    sets = sets_of(service)
    for step in range(60):
        decided = plan(service, sets, tasks)
        tasks = after(tasks, decided, step)
        if not decided.starts and not decided.stops:
            waiting = [
                index for index, task in enumerate(tasks) if not task.healthy and not task.failing
            ]
            if not waiting:
                break
            chosen = data.draw(st.sampled_from(waiting))
            tasks[chosen] = replace(tasks[chosen], running=True, healthy=True)
    else:
        raise AssertionError("no rest after 60 steps")
    if decided.blocked:
        assert service.lower > service.upper - 1
        return
    assert [task.task_set for task in tasks] == ["new"] * service.desired_count
    assert all(task.healthy for task in tasks)
    assert steady(service, sets[:1] if service.rolling else sets, tasks, 0)


@given(services(rolling=True), tasks_(SETS))
def test_a_repeated_look_asks_for_nothing_twice(
    service: ServiceView, tasks: list[TaskView]
) -> None:
    """A crash after the plan was written leaves no duplicates: the next one starts from there."""
    sets = sets_of(service)
    first = plan(service, sets, tasks)
    second = plan(service, sets, after(tasks, first))
    good = sum(not task.failing and task.task_set == "new" for task in after(tasks, first))
    if first.starts.get("new", 0) and good >= service.desired_count:
        assert not second.starts


@given(services(rolling=False), tasks_(SETS))
def test_a_task_set_never_has_more_than_its_replacements_need(
    service: ServiceView, tasks: list[TaskView]
) -> None:
    decided = plan(service, sets_of(service), tasks)
    for name, count in decided.starts.items():
        own = [task for task in tasks if task.task_set == name]
        assert len(own) + count <= 2 * service.desired_count


def test_scaling_down_takes_what_serves_least_and_keeps_the_zones_even() -> None:
    service = ServiceView(active=True, rolling=True, desired_count=2)
    tasks = [
        TaskView("pending", "new", False, False, place="a", born=1),
        TaskView("a1", "new", True, True, place="a", born=1),
        TaskView("a2", "new", True, True, place="a", born=2),
        TaskView("b1", "new", True, True, place="b", born=3),
    ]
    decided = plan(service, sets_of(service), tasks)
    assert decided.stops == ("pending", "a2")


def test_an_unhealthy_task_is_stopped_after_its_replacement_is_healthy() -> None:
    service = ServiceView(active=True, rolling=True, desired_count=1)
    ill = TaskView("ill", "new", True, False, failing=True)
    first = plan(service, sets_of(service), [ill])
    assert (first.starts, first.stops) == ({"new": 1}, ())
    fresh = TaskView("fresh", "new", False, False, born=1)
    assert plan(service, sets_of(service), [ill, fresh]) == Plan()
    well = replace(fresh, running=True, healthy=True)
    assert plan(service, sets_of(service), [ill, well]).stops == ("ill",)


def test_an_unhealthy_task_makes_room_where_there_is_none() -> None:
    service = ServiceView(True, True, 1, minimum_healthy_percent=0, maximum_percent=100)
    ill = TaskView("ill", "new", True, False, failing=True)
    assert plan(service, sets_of(service), [ill]).stops == ("ill",)


def test_a_deployment_without_any_leeway_is_told_to_be_blocked() -> None:
    service = ServiceView(True, True, 1, minimum_healthy_percent=100, maximum_percent=150)
    old = TaskView("old", "old", True, True)
    assert plan(service, sets_of(service), [old]) == Plan(blocked=True)


def test_half_may_go_first_when_the_maximum_is_full() -> None:
    service = ServiceView(True, True, 4, minimum_healthy_percent=50, maximum_percent=100)
    tasks = [TaskView(f"o{number}", "old", True, True, born=number) for number in range(4)]
    decided = plan(service, sets_of(service), tasks)
    assert (dict(decided.starts), len(decided.stops)) == ({}, 2)


def test_back_off_grows_from_at_once_to_27_minutes() -> None:
    assert [back_off(count) for count in (0, 1, 2, 3, 4)] == [0, 0, 10, 20, 40]
    assert back_off(100) == 27 * 60


def test_the_circuit_breaker_waits_for_half_but_three_at_least() -> None:
    assert [breaker_threshold(count) for count in (0, 1, 6, 7, 25, 1000)] == [3, 3, 3, 4, 13, 200]
