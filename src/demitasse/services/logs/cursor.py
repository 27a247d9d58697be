"""How far a container's output was kept, so that every line is kept once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demitasse.engines.containers.observation import LogLine
from demitasse.store import Ref, Transaction

_LONGEST_LINE = 60 * 1_000_000_000
"""Nanoseconds. A line of many parts counts as written when its first part was; while one is being
written to a stream, younger ones of the other may be kept already."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in one stream of output: the newest line's time (ns), and how many had that time."""

    time: int = 0
    lines: int = 0

    def beyond(self, line: LogLine) -> Mark:
        """The place behind a further line."""
        return Mark(line.time, self.lines + 1 if line.time == self.time else 1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a container's output. Each stream is recorded in the order of its times."""

    out: Mark = Mark()
    err: Mark = Mark()

    @property
    def since(self) -> int:
        """From which time on to read again, to miss nothing."""
        older, newer = sorted((self.out.time, self.err.time))
        return max(older, newer - _LONGEST_LINE, 0)

    def beyond(self, line: LogLine) -> Cursor:
        """The place behind a further line."""
        if line.stream == "stderr":
            return replace(self, err=self.err.beyond(line))
        return replace(self, out=self.out.beyond(line))

    def mark(self, line: LogLine) -> Mark:
        """The place in the line's stream."""
        return self.err if line.stream == "stderr" else self.out


class Resumption:
    """Tells which of the lines read again from a cursor were kept already."""

    def __init__(self, cursor: Cursor) -> None:
        self._left = {"stdout": cursor.out, "stderr": cursor.err}

    def is_new(self, line: LogLine) -> bool:
        """Whether a line is beyond the cursor. Lines must come in the order recorded."""
        mark = self._left.get(line.stream)
        if mark is None:
            return True
        if line.time < mark.time:
            return False
        if line.time == mark.time and mark.lines > 0:
            self._left[line.stream] = replace(mark, lines=mark.lines - 1)
            return False
        # Caught up: from here on all is new, also if the machine's clock is set back.
        del self._left[line.stream]
        return True


def read(tx: Transaction, ref: Ref) -> Cursor | None:
    """The cursor of a source; ``None`` for one whose container was never seen."""
    rows = tx.execute(
        "SELECT out_time, out_lines, err_time, err_lines FROM log_cursor"
        " WHERE account = ? AND region = ? AND source = ?",
        _place(ref),
    )
    return Cursor(Mark(*rows[0][:2]), Mark(*rows[0][2:])) if rows else None


def write(tx: Transaction, ref: Ref, cursor: Cursor) -> None:
    """Keep a cursor."""
    out, err = cursor.out, cursor.err
    tx.execute(
        "INSERT OR REPLACE INTO log_cursor"
        " (account, region, source, out_time, out_lines, err_time, err_lines)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*_place(ref), out.time, out.lines, err.time, err.lines),
    )


def forget(tx: Transaction, ref: Ref) -> None:
    """Forget the cursor of a source that is gone."""
    tx.execute(
        "DELETE FROM log_cursor WHERE account = ? AND region = ? AND source = ?", _place(ref)
    )


def forget_others(tx: Transaction) -> None:
    """Forget the cursors of all sources that are gone."""
    tx.execute(
        "DELETE FROM log_cursor WHERE NOT EXISTS (SELECT 1 FROM record"
        " WHERE kind = 'logs.source' AND record.account = log_cursor.account"
        " AND record.region = log_cursor.region AND record.key = log_cursor.source)"
    )


def _place(ref: Ref) -> tuple[str, str, str]:
    return ref.scope.account, ref.scope.region, ref.key
