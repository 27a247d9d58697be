"""Opening the state file, transactions on it, and telling watchers what changed."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from demitasse.errors import StoreError
from demitasse.store.kinds import Item, Kind, Ref
from demitasse.store.reads import Reads
from demitasse.store.transaction import Transaction, readable


@dataclass(frozen=True, slots=True)
class Change:
    """One record as it was before and after a transaction (``None``: not there)."""

    kind: Kind[Any, Any]
    before: Item[Any, Any] | None
    after: Item[Any, Any] | None

    @property
    def item(self) -> Item[Any, Any]:
        """The record in its newest form."""
        item = self.after or self.before
        assert item is not None, "a change has at least one side"  # noqa: S101
        return item

    @property
    def ref(self) -> Ref:
        return self.item.ref

    @property
    def asked(self) -> bool:
        """Whether something else is desired than before."""
        before, after = self.before, self.after
        return before is None or after is None or before.desired != after.desired


Watcher = Callable[[Sequence[Change]], None]


class Store:
    """The state of an installation. Open one per state file; not for use by several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        weakref.finalize(self, connection.close)  # at the latest, when nobody has it any more
        self._reads = Reads(connection)
        self._open: Transaction | None = None
        self._watchers: list[Watcher] = []

    @classmethod
    def open(cls, path: Path | None) -> Store:
        """Open or create the state file (``None``: in memory, for tests).

        Raises ``StoreError`` when it is damaged, unreadable, in use, or of a newer Demitasse.
        """
        try:
            connection = sqlite3.connect(
                ":memory:" if path is None else path, isolation_level=None, timeout=5
            )
            store = cls(connection)
            # WAL with FULL: an answered write is on the disk, also after a power cut.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -4096")
            _migrate(connection)
        except sqlite3.Error as error:
            raise StoreError(f"the state file {path} cannot be opened: {error}") from error
        return store

    def close(self) -> None:
        """Close the file; further use is an error."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Read and write; kept when the block ends, undone when it raises.

        Watchers hear of the changes after they are durable. Must not be nested, and must not
        hold an ``await``: both are refused with ``RuntimeError``. SQLite's own failures become
        ``StoreError``.
        """
        if self._open is not None:
            msg = "a transaction is open already (an await inside one?)"
            raise RuntimeError(msg)
        tx = self._open = Transaction(self._db, self._reads)
        try:
            yield tx
            if tx.writing:
                self._db.execute("COMMIT")
                tx.writing = False
        except sqlite3.Error as error:
            raise readable(error) from error
        finally:
            self._open = None
            if tx.writing:
                self._reads.clear()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        if tx.changes:
            self._reads.forget({kind.name for kind, _, _ in tx.changes})
            changes = [Change(*change) for change in tx.changes]
            for watcher in tuple(self._watchers):
                watcher(changes)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call ``watcher`` after every transaction that changed something; returns its undoing."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def clear(self) -> None:
        """Forget everything (the reset call for tests).

        Watchers are not told: whoever knows something of the state has to begin anew.
        """
        with self.transaction() as tx:
            tables = tx.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            for (table,) in tables:
                tx.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
        self._reads.clear()


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, each step whole or not at all."""
    steps = sorted(
        (entry for entry in resources.files("demitasse.store").joinpath("migrations").iterdir()),
        key=lambda entry: entry.name,
    )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise StoreError(
            f"the state is of a newer Demitasse (schema {version}, this one knows {len(steps)})"
        )
    for number, step in enumerate(steps[version:], version + 1):
        script = step.read_text(encoding="utf-8")
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
        )
