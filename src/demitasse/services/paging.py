"""Pages: tokens that name the last record given, opaque to the caller."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from demitasse.errors import ServiceError

T = TypeVar("T")

_PREFIX = "dmt1:"


def token(last_key: str) -> str:
    """The token for the page after ``last_key``."""
    return base64.urlsafe_b64encode((_PREFIX + last_key).encode()).decode()


def start(value: str | None, *, code: str, message: str = "Invalid token.") -> str:
    """The key after which to go on; "" for the first page. ``ServiceError(code)`` if not ours."""
    if not value:
        return ""
    try:
        text = base64.urlsafe_b64decode(value.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise ServiceError(code, message) from error
    if not text.startswith(_PREFIX):
        raise ServiceError(code, message)
    return text.removeprefix(_PREFIX)


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """The first ``limit`` of ``rows`` (asked for with one more) and whether there are others."""
    return rows[:limit], len(rows) > limit
