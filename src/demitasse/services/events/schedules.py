"""When a rule with a schedule is due: ``rate(…)`` and ``cron(…)``. Pure; UTC.

As the EventBridge user guide gives them ("Cron expressions", "Rate expressions"). A schedule is in
real time, whatever the platform's time compression: a cron expression names hours of the day.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RATE = re.compile(r"rate\(([0-9]+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_UNIT = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_LONGEST = timedelta(days=366 * 100)
_LONGEST_STEP = 10_000


class ScheduleError(ValueError):
    """An expression that is no schedule."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often, counted from when the rule was made or enabled."""

    every: timedelta

    def after(self, moment: datetime) -> datetime | None:
        """The first time it is due later than a moment."""
        return moment + self.every


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """Days by their number, the last day (0), or the weekday nearest to a day."""

    numbers: frozenset[int]
    nearest_weekday_to: int | None = None  # 0: to the last day

    def of(self, year: int, month: int) -> set[int]:
        """The days of one month."""
        last = calendar.monthrange(year, month)[1]
        days = {last if each == 0 else each for each in self.numbers if each <= last}
        if self.nearest_weekday_to is not None:
            wanted = self.nearest_weekday_to or last
            if wanted <= last:
                days.add(_nearest_weekday(year, month, wanted, last))
        return days


@dataclass(frozen=True, slots=True)
class DaysOfWeek:
    """Days by their weekday (1: Sunday), the nth or last (0) of a month or all of them."""

    numbers: frozenset[int]
    nth: int | None = None

    def of(self, year: int, month: int) -> set[int]:
        """The days of one month."""
        last = calendar.monthrange(year, month)[1]
        days = [day for day in range(1, last + 1) if _weekday(year, month, day) in self.numbers]
        if self.nth is None:
            return set(days)
        if self.nth == 0:
            return set(days[-1:])
        return set(days[self.nth - 1 : self.nth])


@dataclass(frozen=True, slots=True)
class Cron:
    """At certain minutes of certain hours of certain days."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: DaysOfMonth | DaysOfWeek
    months: frozenset[int]
    years: frozenset[int]

    def after(self, moment: datetime) -> datetime | None:
        """The first time it is due later than a moment; ``None``: never again."""
        moment = moment.astimezone(UTC)
        times = [(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]
        for year, month, day in self._days_from(moment):
            for hour, minute in times:
                due = datetime(year, month, day, hour, minute, tzinfo=UTC)
                if due > moment:
                    return due
        return None

    def _days_from(self, moment: datetime) -> Iterator[tuple[int, int, int]]:
        for year in sorted(each for each in self.years if each >= moment.year):
            for month in sorted(self.months):
                if (year, month) < (moment.year, moment.month):
                    continue
                for day in sorted(self.days.of(year, month)):
                    if (year, month, day) >= (moment.year, moment.month, moment.day):
                        yield year, month, day


Schedule = Rate | Cron


@lru_cache(maxsize=512)
def schedule(expression: str) -> Schedule:
    """The schedule of an expression; ``ScheduleError``."""
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        return _rate(int(rate[1]), rate[2])
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise ScheduleError(expression)
    fields = cron[1].split()
    if len(fields) != 6:
        raise ScheduleError(expression)
    minutes, hours, of_month, months, of_week, years = (each.upper() for each in fields)
    if (of_month == "?") == (of_week == "?"):
        raise ScheduleError(expression)  # one says which days, the other is "?"
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        _days_of_week(of_week) if of_month == "?" else _days_of_month(of_month),
        _numbers(months, 1, 12, _MONTHS),
        _numbers(years, _FIRST_YEAR, _LAST_YEAR),
    )


def _rate(value: int, unit: str) -> Rate:
    """AWS wants ``1 minute`` and ``2 minutes``, and nothing between."""
    if value < 1 or (value == 1) == unit.endswith("s"):
        raise ScheduleError(unit)
    try:
        every = timedelta(seconds=value * _UNIT[unit.removesuffix("s")])
    except OverflowError:
        raise ScheduleError(unit) from None
    if every > _LONGEST:
        raise ScheduleError(unit)
    return Rate(every)


def _numbers(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """The values of ``*``, ``3``, ``1-5``, ``0/15``, ``10-50/20``, and lists of these."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, 1, _LONGEST_STEP) if slash else 1
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first_text, _, last_text = span.partition("-")
            first = _number(first_text, low, high, names)
            last = _number(last_text, low, high, names)
        else:
            first = _number(span, low, high, names)
            last = high if slash else first
        if first <= last:
            found.update(range(first, last + 1, step))
        else:  # over the end, as in FRI-MON
            around = [*range(first, high + 1), *range(low, last + 1)]
            found.update(around[::step])
    return frozenset(found)


def _number(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> int:
    if text in names:
        return low + names.index(text)
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not low <= int(text) <= high:
        raise ScheduleError(text)
    return int(text)


def _days_of_month(field: str) -> DaysOfMonth:
    if field in ("LW", "WL"):
        return DaysOfMonth(frozenset(), 0)
    if field.endswith("W"):
        return DaysOfMonth(frozenset(), _number(field.removesuffix("W"), 1, 31))
    parts = field.split(",")
    numbers = _numbers(",".join(rest), 1, 31) if (rest := [p for p in parts if p != "L"]) else ()
    return DaysOfMonth(frozenset({*numbers, *({0} if "L" in parts else ())}))


def _days_of_week(field: str) -> DaysOfWeek:
    if field == "L":
        return DaysOfWeek(frozenset({7}))
    if field.endswith("L"):
        return DaysOfWeek(frozenset({_number(field.removesuffix("L"), 1, 7, _DAYS)}), 0)
    day, hash_, nth = field.partition("#")
    if hash_:
        return DaysOfWeek(frozenset({_number(day, 1, 7, _DAYS)}), _number(nth, 1, 5))
    return DaysOfWeek(_numbers(field, 1, 7, _DAYS))


def _weekday(year: int, month: int, day: int) -> int:
    """1 for Sunday to 7 for Saturday."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    """The day from Monday to Friday that is nearest to a day, in the same month."""
    match _weekday(year, month, day):
        case 7:
            return day - 1 if day > 1 else day + 2
        case 1:
            return day + 1 if day < last else day - 2
    return day
