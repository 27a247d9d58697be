"""Reading and writing records, all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from demitasse.api import Scope
from demitasse.errors import DemitasseError, StoreError
from demitasse.store.kinds import Item, Kind, Ref
from demitasse.store.reads import Reads, Row

D = TypeVar("D", bound=msgspec.Struct)
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - D and O: desired and observed

_encode = msgspec.json.Encoder().encode

_GET = (
    "SELECT desired, observed, revision FROM record"
    " WHERE kind = ? AND account = ? AND region = ? AND key = ?"
)
_PAGE_ALL = (
    "SELECT key, desired, observed, revision FROM record"
    " WHERE kind = ? AND account = ? AND region = ? AND key {reached} ? AND key <= ?"
    " ORDER BY key LIMIT ?"
)
_PAGE_WHERE = (
    "SELECT r.key, r.desired, r.observed, r.revision"
    " FROM entry e CROSS JOIN record r ON r.kind = e.kind AND r.account = e.account"
    " AND r.region = e.region AND r.key = e.key"
    " WHERE e.kind = ? AND e.account = ? AND e.region = ? AND e.name = ?"
    " AND e.value = ? AND e.key {reached} ? AND e.key <= ? ORDER BY e.key LIMIT ?"
)
# From a key on (False), or only beyond it (True).
_ALL, _WHERE = (
    {False: query.format(reached=">="), True: query.format(reached=">")}
    for query in (_PAGE_ALL, _PAGE_WHERE)
)


class AlreadyStored(DemitasseError):
    """A record with this kind, scope and key exists."""


class NotStored(DemitasseError):
    """There is no record with this kind, scope and key."""


class Transaction:
    """A view of the state, and the changes made through it.

    Made by ``Store.transaction()``; must not be kept over an ``await``. The first write begins
    the SQLite transaction, so that reading alone costs nothing.
    """

    def __init__(self, connection: sqlite3.Connection, reads: Reads) -> None:
        self._db = connection
        self._reads = reads
        self.changes: list[tuple[Kind[Any, Any], Item[Any, Any] | None, Item[Any, Any] | None]] = []
        self.writing = False

    # reading

    def get(self, kind: Kind[D, O], scope: Scope, key: str) -> Item[D, O] | None:
        """The record, or ``None``."""
        rows = self._rows(kind.name, _GET, (kind.name, scope.account, scope.region, key))
        if not rows:
            return None
        desired, observed, revision = rows[0]
        return kind.item(scope, key, desired, observed, revision)

    def page(
        self,
        kind: Kind[D, O],
        scope: Scope,
        *,
        after: str = "",
        limit: int = -1,
        prefix: str = "",
        where: tuple[str, str] | None = None,
    ) -> list[Item[D, O]]:
        """Records in the order of their keys, beyond ``after``, ``limit`` at most (-1: all).

        ``prefix`` keeps only keys that begin so; ``where=(index, value)`` only those found under
        that index. The cost is that of the page, not of the account.
        """
        start = max(after, prefix)
        beyond = bool(after) and after >= prefix
        end = prefix + "\U0010ffff"
        place = (kind.name, scope.account, scope.region)
        if where is None:
            rows = self._rows(kind.name, _ALL[beyond], (*place, start, end, limit))
        else:
            rows = self._rows(kind.name, _WHERE[beyond], (*place, *where, start, end, limit))
        return [kind.item(scope, key, d, o, revision) for key, d, o, revision in rows]

    def one(self, kind: Kind[D, O], scope: Scope, index: str, value: str) -> Item[D, O] | None:
        """The first record found under an index, or ``None``."""
        found = self.page(kind, scope, where=(index, value), limit=1)
        return found[0] if found else None

    def count(self, kind: Kind[D, O], scope: Scope, where: tuple[str, str] | None = None) -> int:
        """How many records there are."""
        if where is None:
            query = "SELECT count(*) FROM record WHERE kind = ? AND account = ? AND region = ?"
            values: tuple[str, ...] = (kind.name, scope.account, scope.region)
        else:
            query = (
                "SELECT count(*) FROM entry"
                " WHERE kind = ? AND account = ? AND region = ? AND name = ? AND value = ?"
            )
            values = (kind.name, scope.account, scope.region, *where)
        number: int = self._db.execute(query, values).fetchone()[0]
        return number

    def everywhere(self, kind: Kind[D, O]) -> Iterator[Item[D, O]]:
        """All records of a kind, of every account and region."""
        rows = self._db.execute(
            "SELECT account, region, key, desired, observed, revision FROM record"
            " WHERE kind = ? ORDER BY account, region, key",
            (kind.name,),
        ).fetchall()
        for account, region, key, desired, observed, revision in rows:
            yield kind.item(Scope(account, region), key, desired, observed, revision)

    def refs(self, kind: Kind[D, O]) -> list[Ref]:
        """The names of all records of a kind, of every account and region."""
        rows = self._db.execute(
            "SELECT account, region, key FROM record WHERE kind = ?", (kind.name,)
        )
        return [Ref(Scope(account, region), key) for account, region, key in rows]

    # writing

    def create(
        self, kind: Kind[D, O], scope: Scope, key: str, desired: D, observed: O | None = None
    ) -> Item[D, O]:
        """Keep a new record; ``AlreadyStored`` when the key is taken."""
        item = Item(scope, key, desired, kind.observed() if observed is None else observed, 1)
        self._begin()
        try:
            self._db.execute(
                "INSERT INTO record (kind, account, region, key, revision, desired, observed)"
                " VALUES (?, ?, ?, ?, 1, ?, ?)",
                (kind.name, *_place(item), _encode(desired), _encode(item.observed)),
            )
        except sqlite3.IntegrityError as error:
            raise AlreadyStored(f"{kind.name} {key} exists") from error
        self._index(kind, None, item)
        self.changes.append((kind, None, item))
        return item

    def desire(self, kind: Kind[D, O], ref: Ref, desired: D) -> Item[D, O]:
        """Replace what is asked for. Nothing happens when it is the same; ``NotStored``."""
        before = self._must(kind, ref)
        return self._replace(kind, before, desired, before.observed)

    def observe(self, kind: Kind[D, O], ref: Ref, observed: O) -> Item[D, O]:
        """Replace what was seen. Nothing happens when it is the same; ``NotStored``."""
        before = self._must(kind, ref)
        return self._replace(kind, before, before.desired, observed)

    def delete(self, kind: Kind[D, O], ref: Ref) -> None:
        """Forget a record; nothing happens when there is none."""
        before = self.get(kind, ref.scope, ref.key)
        if before is None:
            return
        self._begin()
        self._db.execute(
            "DELETE FROM record WHERE kind = ? AND account = ? AND region = ? AND key = ?",
            (kind.name, *_place(before)),
        )
        self._index(kind, before, None)
        self.changes.append((kind, before, None))

    def next(self, scope: Scope, name: str) -> int:
        """The next number of a counter: 1, 2, 3 …; a number is never given twice."""
        self._begin()
        row = self._db.execute(
            "INSERT INTO counter (account, region, name, value) VALUES (?, ?, ?, 1)"
            " ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
            (scope.account, scope.region, name),
        ).fetchone()
        return int(row[0])

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What the block writes is undone when it raises; the transaction itself goes on."""
        self._begin()
        known = len(self.changes)
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            del self.changes[known:]
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run SQL on a table of a service's own (log events); writes join the transaction."""
        if sql.lstrip()[:6].upper() != "SELECT":
            self._begin()
        return self._db.execute(sql, values).fetchall()

    # within

    def _rows(self, kind: str, query: str, values: Row) -> list[Row]:
        if self.writing:  # what may still be undone is nobody else's
            return self._db.execute(query, values).fetchall()
        return self._reads.rows(kind, query, values)

    def _begin(self) -> None:
        if not self.writing:
            self._db.execute("BEGIN IMMEDIATE")
            self.writing = True

    def _must(self, kind: Kind[D, O], ref: Ref) -> Item[D, O]:
        item = self.get(kind, ref.scope, ref.key)
        if item is None:
            raise NotStored(f"there is no {kind.name} {ref.key}")
        return item

    def _replace(self, kind: Kind[D, O], before: Item[D, O], desired: D, observed: O) -> Item[D, O]:
        if desired == before.desired and observed == before.observed:
            return before
        after = Item(before.scope, before.key, desired, observed, before.revision + 1)
        self._begin()
        self._db.execute(
            "UPDATE record SET desired = ?, observed = ?, revision = ?"
            " WHERE kind = ? AND account = ? AND region = ? AND key = ?",
            (_encode(desired), _encode(observed), after.revision, kind.name, *_place(after)),
        )
        self._index(kind, before, after)
        self.changes.append((kind, before, after))
        return after

    def _index(self, kind: Kind[D, O], before: Item[D, O] | None, after: Item[D, O] | None) -> None:
        if not kind.indexes:
            return
        old = set() if before is None else kind.values(before)
        new = set() if after is None else kind.values(after)
        item = before or after
        if item is None or old == new:
            return
        account, region, key = _place(item)
        self._db.executemany(
            "DELETE FROM entry WHERE kind = ? AND account = ? AND region = ?"
            " AND name = ? AND value = ? AND key = ?",
            [(kind.name, account, region, *pair, key) for pair in old - new],
        )
        self._db.executemany(
            "INSERT INTO entry (kind, account, region, name, value, key) VALUES (?, ?, ?, ?, ?, ?)",
            [(kind.name, account, region, *pair, key) for pair in new - old],
        )


def _place(item: Item[Any, Any]) -> tuple[str, str, str]:
    return item.scope.account, item.scope.region, item.key


def readable(error: sqlite3.Error) -> StoreError:
    """SQLite's error as a sentence for a person."""
    return StoreError(f"the state could not be read or kept: {error}")
