"""Two changes of one text brought together, line by line.

Lines that only one side has changed are taken from it. Where both have changed the same lines, or
lines next to each other, and not alike, they conflict: as in git.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demitasse.services.codecommit.repository_view import Hunk

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines ``start`` to ``end`` of the base have become ``new_start`` to ``new_end`` (from 0,
    without the last).
    """

    start: int
    end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Span:
    """Some lines of one side, from ``start`` on (from 0)."""

    start: int
    lines: tuple[bytes, ...]

    @property
    def end(self) -> int:
        """The line after the last."""
        return self.start + len(self.lines)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that a side has changed, as all three have them."""

    base: Span
    source: Span
    destination: Span

    @property
    def conflicts(self) -> bool:
        """Whether both sides have changed them, and not alike."""
        sides = {self.base.lines, self.source.lines, self.destination.lines}
        return len(sides) == 3

    @property
    def merged(self) -> tuple[bytes, ...]:
        """What becomes of them if they do not conflict."""
        changed = self.base.lines != self.source.lines
        return self.source.lines if changed else self.destination.lines


def lines_with_ends(content: bytes) -> list[bytes]:
    """A text's lines, with what ends them."""
    return _LINE.findall(content)


def edits_of(hunks: Iterable[Hunk]) -> list[Edit]:
    """What was changed, by git's hunks without lines around them."""
    found = []
    for each in hunks:
        start = each.before_start - bool(each.before_count)
        new_start = each.after_start - bool(each.after_count)
        found.append(
            Edit(start, start + each.before_count, new_start, new_start + each.after_count)
        )
    return found


def chunks(
    base: Sequence[bytes],
    source: Sequence[bytes],
    destination: Sequence[bytes],
    source_edits: Sequence[Edit],
    destination_edits: Sequence[Edit],
) -> list[Chunk]:
    """All that is changed, in order: edits that touch each other are one chunk."""
    found: list[Chunk] = []
    waiting = [list(source_edits), list(destination_edits)]
    shifts = [0, 0]  # how much further on a side's lines are than the base's
    while any(waiting):
        start = min(edits[0].start for edits in waiting if edits)
        end = start
        taken: tuple[list[Edit], list[Edit]] = ([], [])
        growing = True
        while growing:
            growing = False
            for edits, own in zip(waiting, taken, strict=True):
                while edits and edits[0].start <= end:
                    own.append(edits.pop(0))
                    end = max(end, own[-1].end)
                    growing = True
        spans = []
        for side, own in enumerate(taken):
            lines = (source, destination)[side]
            first = start + shifts[side]
            shifts[side] += sum(
                (each.new_end - each.new_start) - (each.end - each.start) for each in own
            )
            spans.append(Span(first, tuple(lines[first : end + shifts[side]])))
        found.append(Chunk(Span(start, tuple(base[start:end])), *spans))
    return found


def joined(base: Sequence[bytes], parts: Iterable[tuple[Chunk, Sequence[bytes]]]) -> bytes:
    """The base with each chunk replaced by some lines."""
    result: list[bytes] = []
    at = 0
    for chunk, lines in parts:
        result += base[at : chunk.base.start]
        result += lines
        at = chunk.base.end
    return b"".join([*result, *base[at:]])
