"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.services.events.schedules import ScheduleError, schedule

NOW = datetime(2026, 11, 23, 6, 41, 37, tzinfo=UTC)  # a Monday


def dues(expression: str, count: int = 2, start: datetime = NOW) -> list[str]:
    found, moment = [], start
    for _ in range(count):
        due = schedule(expression).after(moment)
        if due is None:
            break
        found.append(f"{due:%Y-%m-%d %H:%M}")
        moment = due
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The user guide's own examples.
        ("cron(0 10 * * ? *)", ["2026-11-23 10:00", "2026-11-24 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-11-23 12:15", "2026-11-24 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-23 18:00", "2026-11-24 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01 08:00", "2027-01-01 08:00"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-23 06:50", "2026-11-23 07:00"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-23 08:00", "2026-11-23 08:05"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-11-23 20:00", "2026-11-23 20:30"]),
        # Its special characters.
        ("cron(0 0 L * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00"]),
        ("cron(0 0 1,L 12 ? *)", ["2026-12-01 00:00", "2026-12-31 00:00"]),
        ("cron(0 0 3W * ? *)", ["2026-12-03 00:00", "2027-01-04 00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-12-01 00:00", "2027-01-01 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00"]),
        ("cron(0 0 31W * ? *)", ["2026-12-31 00:00", "2027-01-29 00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-12-08 00:00", "2027-01-12 00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["2026-12-29 00:00", "2027-03-30 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-11-27 00:00", "2026-12-25 00:00"]),
        ("cron(0 0 ? * L *)", ["2026-11-28 00:00", "2026-12-05 00:00"]),
        ("cron(0 0 ? * SAT-SUN *)", ["2026-11-28 00:00", "2026-11-29 00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 31 jan,apr,jul ? *)", ["2027-01-31 00:00", "2027-07-31 00:00"]),
        ("cron(0 12 1 1 ? 2026,2028)", ["2028-01-01 12:00"]),
        ("cron(0 12 1 1 ? 2020)", []),
        ("cron(0 0 31 2 ? *)", []),
        ("cron(41 6 * * ? *)", ["2026-11-24 06:41", "2026-11-25 06:41"]),
        ("rate(1 minute)", ["2026-11-23 06:42", "2026-11-23 06:43"]),
        ("rate(5 hours)", ["2026-11-23 11:41", "2026-11-23 16:41"]),
        ("rate(7 days)", ["2026-11-30 06:41", "2026-12-07 06:41"]),
    ],
)
def test_when_it_is_due(expression: str, expected: list[str]) -> None:
    assert dues(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(1 week)",
        "rate(1.5 hours)",
        "rate(-1 hours)",
        "rate(99999999999999999999 days)",
        "rate(5 minutes) ",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 0 * ? *)",
        "cron(0 0 32 * ? *)",
        "cron(0 0 * 13 ? *)",
        "cron(0 0 * FOO ? *)",
        "cron(0 0 ? * 8 *)",
        "cron(0 0 ? * 2#6 *)",
        "cron(0 0 ? * FRI-FOO *)",
        "cron(0 0 * * ? 1969)",
        "cron(0 0 * * ? 2200)",
        "cron(0/0 0 * * ? *)",
        "cron(0/5, 9-18, ?, *, MON-FRI, *)",
        "cron(, 0 * * ? *)",
        "cron(² 0 * * ? *)",
        "at(2026-11-23T00:00:00)",
        "* * * * *",
    ],
)
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(ScheduleError):
        schedule(expression)


@given(
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["* * ?", "15 * ?", "L * ?", "15W * ?", "? * 2", "? * 6L", "? * 4#1"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
)
def test_nothing_due_is_passed_over(minute: int, hour: int, days: str, start: datetime) -> None:
    """What comes next is later, is at that time, and no day before it would have done."""
    start = start.replace(tzinfo=UTC)
    cron = schedule(f"cron({minute} {hour} {days} *)")
    due = cron.after(start)
    assert due is not None
    assert due > start
    assert (due.hour, due.minute, due.second) == (hour, minute, 0)
    assert cron.after(due - timedelta(seconds=1)) == due
    assert due - start <= timedelta(days=62)
    between = start
    while between < due - timedelta(hours=1):
        assert cron.after(between) == due
        between += timedelta(days=5)
