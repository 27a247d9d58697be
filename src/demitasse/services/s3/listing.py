"""Pages of what a bucket holds, keys with a common beginning rolled up into one entry.

The cost is that of the page: what is rolled up is stepped over, not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from demitasse.services.s3.records import GLOBAL, before, beyond, beyond_prefix
from demitasse.store import Item, Kind, Transaction

D = TypeVar("D", bound=msgspec.Struct)

_FIRST_LOOK = 16


@dataclass(frozen=True, slots=True)
class Page(Generic[D]):
    """Records and rolled-up prefixes in the order of their keys, and whether there are others.

    ``last`` is where to go on: a record's key, or what lies beyond a prefix.
    """

    items: Sequence[Item[D, Any]]
    prefixes: Sequence[str]
    more: bool
    last: str
    last_name: str
    """The last key or prefix that is on the page."""


def page(
    tx: Transaction,
    kind: Kind[D, Any],
    bucket: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    after: str = "",
    limit: int = 1000,
    where: tuple[str, str] | None = None,
) -> Page[D]:
    """A page of a kind whose record keys begin with bucket and object key.

    ``after`` is a record's key or another place among them; ``kind`` must have ``key``.
    """
    items: list[Item[D, Any]] = []
    prefixes: list[str] = []
    begin = before(bucket, prefix)
    last, name, look = max(after, begin), "", limit + 1 if not delimiter else _FIRST_LOOK
    while limit > 0:
        look = min(look, limit + 1)
        found = tx.page(kind, GLOBAL, prefix=begin, after=last, limit=look, where=where)
        for item in found:
            key: str = item.desired.key  # type: ignore[attr-defined]
            rolled = _rolled_up(key, prefix, delimiter)
            if len(items) + len(prefixes) == limit:
                return Page(items, prefixes, more=True, last=last, last_name=name)
            if rolled:
                prefixes.append(rolled)
                last, name = beyond_prefix(bucket, rolled), rolled
                look = _FIRST_LOOK
                break
            items.append(item)
            last, name = item.key, key
        else:
            if len(found) < look:
                break
            look *= 2
    return Page(items, prefixes, more=False, last=last, last_name=name)


def after_marker(bucket: str, marker: str, prefix: str, delimiter: str) -> str:
    """Where a page begins that follows the key, or the rolled-up prefix, ``marker``."""
    if not marker:
        return ""
    if _rolled_up(marker, prefix, delimiter) == marker:
        return beyond_prefix(bucket, marker)
    return beyond(bucket, marker)


def _rolled_up(key: str, prefix: str, delimiter: str) -> str:
    """What ``key`` is rolled up into; "" when it stands for itself."""
    if not delimiter or not key.startswith(prefix):
        return ""
    at = key.find(delimiter, len(prefix))
    return key[: at + len(delimiter)] if at >= 0 else ""
