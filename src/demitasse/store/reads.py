"""Rows that were read lately: callers poll, and ask for the same again and again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

Row = tuple[Any, ...]

_MOST_QUERIES = 128
_MOST_ROWS = 16


class Reads:
    """Answers of queries by kind of record, until something of that kind changes.

    True as long as all writes go through this process, which holds the state folder. Rows are kept
    as SQLite gave them and decoded anew each time, so nobody can change what others will read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._kinds: dict[str, dict[tuple[str, Row], list[Row]]] = {}

    def rows(self, kind: str, query: str, values: Row) -> list[Row]:
        """What the query gives; it must read records of this kind only, outside of a write."""
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = {}
        rows = known.get((query, values))
        if rows is None:
            rows = self._db.execute(query, values).fetchall()
            if len(rows) <= _MOST_ROWS:
                if len(known) >= _MOST_QUERIES:
                    known.clear()
                known[query, values] = rows
        return rows

    def forget(self, kinds: Iterable[str]) -> None:
        """Records of these kinds have changed."""
        for kind in kinds:
            self._kinds.pop(kind, None)

    def clear(self) -> None:
        """Anything may have changed."""
        self._kinds.clear()
