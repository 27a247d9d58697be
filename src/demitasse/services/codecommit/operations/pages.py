"""Pages of what is made anew for each call, by how much of it was given before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from demitasse.errors import ServiceError
from demitasse.services import paging

T = TypeVar("T")


def asked_limit(asked: int | None, most: int, default: int | None = None) -> int:
    """How many results a page holds. ``InvalidMaxResultsException``."""
    if asked is None:
        return default or most
    if asked < 1:
        raise ServiceError("InvalidMaxResultsException", "At least one result must be asked for.")
    return min(asked, most)


def page_of(rows: Sequence[T], token: str | None, limit: int) -> tuple[Sequence[T], str | None]:
    """A page, and the token for the next. ``InvalidContinuationTokenException``."""
    code = "InvalidContinuationTokenException"
    text = paging.start(token, code=code) or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ServiceError(code, "Invalid token.")
    start = int(text)
    page, more = paging.cut(rows[start : start + limit + 1], limit)
    return page, paging.token(str(start + limit)) if more else None
