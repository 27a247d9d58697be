"""HTTP headers that are read alike wherever bytes stream: by the registry, by S3, by git."""

from __future__ import annotations

import base64
import re

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class RangeNotThere(Exception):
    """Nothing of the range that was asked for is there."""


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """The first and last byte that a Range header asks for; ``None``: everything.

    Several ranges, or a malformed header, are answered with everything, as RFC 9110 allows.
    ``RangeNotThere``.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    start, end = match.groups()
    if not start:
        first, last = max(size - int(end), 0), size - 1
    else:
        first, last = int(start), min(int(end), size - 1) if end else size - 1
    if start and end and int(end) < int(start):
        return None
    if first >= size or first > last:
        raise RangeNotThere
    return first, last


def login(authorization: str) -> tuple[str, str] | None:
    """User and password of an Authorization header (RFC 7617); ``None`` when it holds none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip()).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None
