"""Pages by ``PageSize`` and ``Marker``, as this service calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from demitasse.api import Input, Output
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.store import Item, Kind

D = TypeVar("D", bound=msgspec.Struct)
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - D and O: desired and observed

LARGEST = 400


def start(given: Input) -> str:
    """The key after which the page asked for begins."""
    return paging.start(given.get("Marker"), code="ValidationError", message="Invalid marker")


def page(
    context: Context,
    kind: Kind[D, O],
    given: Input,
    member: str,
    write: Callable[[Item[D, O]], Output],
    *,
    where: tuple[str, str] | None = None,
) -> Output:
    """One page of records, in the order of their keys."""
    limit = given.get("PageSize", LARGEST)
    rows = context.tx.page(kind, context.scope, after=start(given), limit=limit + 1, where=where)
    shown, more = paging.cut(rows, limit)
    return answer(member, [write(item) for item in shown], shown[-1].key if more else None)


def cut(given: Input, member: str, rows: Sequence[tuple[str, Output]]) -> Output:
    """One page of rows that are all at hand, each with a name that grows."""
    limit = given.get("PageSize", LARGEST)
    after = start(given)
    left = [row for row in rows if row[0] > after]
    shown, more = paging.cut(left, limit)
    return answer(member, [each for _, each in shown], shown[-1][0] if more else None)


def answer(member: str, rows: list[Any], last: str | None) -> Output:
    """A page's output; ``last`` names its last row when there are further ones."""
    return {member: rows, "NextMarker": None if last is None else paging.token(last)}
