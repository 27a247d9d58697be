"""Pages by ``MaxItems`` and ``Marker``, as this service calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from demitasse.api import Input, Output
from demitasse.services import paging
from demitasse.services.base import Context
from demitasse.services.iam.records import everywhere
from demitasse.store import Item, Kind

D = TypeVar("D", bound=msgspec.Struct)
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - D and O: desired and observed

_USUAL = 100
_CHUNK = 200


def start(given: Input) -> str:
    """The key after which the page asked for begins."""
    return paging.start(given.get("Marker"), code="ValidationError", message="Invalid Marker.")


def page(
    ctx: Context,
    kind: Kind[D, O],
    given: Input,
    member: str,
    write: Callable[[Item[D, O]], Any],
    *,
    wanted: Callable[[D], bool] = lambda _desired: True,
    where: tuple[str, str] | None = None,
) -> Output:
    """One page of the account's wanted records, in the order of their keys."""
    limit, after = given.get("MaxItems", _USUAL), start(given)
    found: list[Item[D, O]] = []
    while len(found) <= limit:
        rows = ctx.tx.page(kind, everywhere(ctx.scope), after=after, limit=_CHUNK, where=where)
        found += [item for item in rows if wanted(item.desired)]
        if len(rows) < _CHUNK:
            break
        after = rows[-1].key
    shown, more = paging.cut(found, limit)
    return answer(member, [write(item) for item in shown], shown[-1].key if more else None)


def page_in_path(
    ctx: Context,
    kind: Kind[Any, O],
    given: Input,
    member: str,
    write: Callable[[Item[Any, O]], Any],
) -> Output:
    """One page of the account's records whose path begins with ``PathPrefix``."""
    prefix = given.get("PathPrefix", "/")
    return page(
        ctx, kind, given, member, write, wanted=lambda desired: desired.path.startswith(prefix)
    )


def cut(given: Input, member: str, rows: Sequence[tuple[str, Any]]) -> Output:
    """One page of rows that are all at hand, each with a name that grows."""
    after = start(given)
    left = [row for row in rows if row[0] > after]
    shown, more = paging.cut(left, given.get("MaxItems", _USUAL))
    return answer(member, [each for _, each in shown], shown[-1][0] if more else None)


def answer(member: str, rows: list[Any], last: str | None) -> Output:
    """A page's output; ``last`` names its last row when there are further ones."""
    marker = None if last is None else paging.token(last)
    return {member: rows, "IsTruncated": marker is not None, "Marker": marker}
