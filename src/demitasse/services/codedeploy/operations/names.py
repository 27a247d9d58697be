"""Names, compute platforms and pages, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from demitasse.api import Input, Output
from demitasse.errors import NotSupported, ServiceError
from demitasse.services import paging

T = TypeVar("T")

PAGE = 100
_NAME = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}")


def name(value: str, what: str, code: str) -> str:
    """A name as AWS allows it; ``ServiceError(code)``."""
    if not _NAME.fullmatch(value):
        raise ServiceError(
            code,
            f"The {what} name {value!r} is not valid: it can have 1 to 100 letters, numbers,"
            " periods, underscores, and + (plus), = (equals), , (comma), @ (at), - (minus) signs.",
        )
    return value


def platform(value: str | None) -> None:
    """Refuse every compute platform but ECS; AWS's default is ``Server``."""
    if value != "ECS":
        raise NotSupported(f"computePlatform {value or 'Server (the default)'}")


def batch(values: Sequence[T], what: str, most: int = 100) -> list[T]:
    """Each one once, in their order; ``BatchLimitExceededException``."""
    if len(values) > most:
        raise ServiceError(
            "BatchLimitExceededException", f"The maximum number of {what} in a batch is {most}."
        )
    return list(dict.fromkeys(values))


def page(
    given: Input, member: str, rows: Callable[[str, int], Sequence[tuple[str, T | None]]]
) -> Output:
    """A page of a list; ``rows(after, limit)`` gives pairs of key and what is listed.

    ``None`` is what is not wanted: a page of that alone is passed over.
    """
    after = paging.start(given.get("nextToken"), code="InvalidNextTokenException")
    while True:
        found, more = paging.cut(rows(after, PAGE + 1), PAGE)
        shown = [row for _, row in found if row is not None]
        if not more:
            return {member: shown}
        after = found[-1][0]
        if shown:
            return {member: shown, "nextToken": paging.token(after)}
