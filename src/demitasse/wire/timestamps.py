"""Timestamps as AWS's protocols write and accept them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(value: str | float) -> datetime:
    """A moment from ISO 8601, RFC 822, or seconds since 1970 (a number or its text), in UTC.

    Raises ``ValueError`` when it is none of these or out of range.
    """
    if not isinstance(value, str):
        return _from_epoch(value)
    text = value.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if text[:1].isalpha():
            try:
                moment = parsedate_to_datetime(text)
            except (TypeError, IndexError, OverflowError) as error:
                raise ValueError(f"not a timestamp: {text}") from error
        else:
            return _from_epoch(float(text))
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"timestamp out of range: {text}") from error


def _from_epoch(seconds: float) -> datetime:
    if not math.isfinite(seconds):
        raise ValueError(f"not a timestamp: {seconds}")
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"timestamp out of range: {seconds}") from error


def epoch(moment: datetime) -> float:
    """Seconds since 1970 with milliseconds."""
    return round(_aware(moment).timestamp(), 3)


def iso8601(moment: datetime) -> str:
    """``2026-11-23T05:24:00Z``, with milliseconds where there are any."""
    if moment.tzinfo is not UTC:
        moment = _aware(moment).astimezone(UTC)
    text = moment.isoformat()[:19]
    milliseconds = moment.microsecond // 1000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def rfc822(moment: datetime) -> str:
    """``Mon, 23 Nov 2026 05:24:00 GMT``."""
    return format_datetime(_aware(moment).astimezone(UTC), usegmt=True)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"timestamp without timezone: {moment!r}")
    return moment
