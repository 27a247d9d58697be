"""Keys that put records in the order of their times, and numbers where times are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 10**17 - 1  # microseconds: in the year 5138
_MOST = 10**10


def oldest_first(at: datetime, number: int) -> str:
    """A key under which records come in the order of their times."""
    return f"{_microseconds(at):017d}/{number:011d}"


def newest_first(at: datetime, number: int) -> str:
    """A key under which records come in the opposite order."""
    return f"{_backwards(at)}/{_MOST - number:011d}"


def newest_first_until(at: datetime) -> str:
    """What every ``newest_first`` key of this time or an earlier one comes after."""
    return _backwards(at)


def newest_first_since(at: datetime) -> str:
    """What every ``newest_first`` key of this time or a later one comes before."""
    return f"{_backwards(at)}0"  # "0" is the character after "/"


def _backwards(at: datetime) -> str:
    return f"{_LATEST - _microseconds(at):017d}"


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
