"""Merging lines, tried beside what they mean."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from demitasse.services.codecommit.line_merge import Chunk, Edit, chunks, joined, lines_with_ends

TEXT = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=8).map(b"".join)


def edits(before: list[bytes], after: list[bytes]) -> list[Edit]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        Edit(start, end, new_start, new_end)
        for kind, start, end, new_start, new_end in matcher.get_opcodes()
        if kind != "equal"
    ]


def met(base: bytes, source: bytes, destination: bytes) -> tuple[list[bytes], list[Chunk]]:
    sides = [lines_with_ends(each) for each in (base, source, destination)]
    found = chunks(*sides, edits(sides[0], sides[1]), edits(sides[0], sides[2]))
    return sides[0], found


def merged(base: bytes, source: bytes, destination: bytes) -> bytes | None:
    lines, found = met(base, source, destination)
    if any(chunk.conflicts for chunk in found):
        return None
    return joined(lines, [(chunk, chunk.merged) for chunk in found])


def test_changes_in_different_places_come_together() -> None:
    base = b"1\n2\n3\n4\n5\n"
    assert merged(base, b"one\n2\n3\n4\n5\n", b"1\n2\n3\n4\nfive") == b"one\n2\n3\n4\nfive"
    assert merged(base, b"2\n3\n4\n5\n", base + b"6\n") == b"2\n3\n4\n5\n6\n"


def test_changes_of_the_same_lines_conflict_unless_they_are_alike() -> None:
    base = b"1\n2\n3\n"
    assert merged(base, b"1\ntwo\n3\n", b"1\nzwei\n3\n") is None
    assert merged(base, b"1\ntwo\n3\n", b"1\ntwo\n3\n") == b"1\ntwo\n3\n"
    assert merged(base, b"1\ntwo\n3\n", b"1\n2\nthree\n") is None  # next to each other
    assert merged(b"", b"a\n", b"b\n") is None


@given(TEXT, TEXT)
def test_one_sides_change_is_taken_whole(base: bytes, side: bytes) -> None:
    assert merged(base, side, base) == merged(base, base, side) == merged(base, side, side) == side


@given(TEXT, TEXT, TEXT)
def test_any_side_can_be_had_back(base: bytes, source: bytes, destination: bytes) -> None:
    lines, found = met(base, source, destination)
    assert joined(lines, [(chunk, chunk.base.lines) for chunk in found]) == base
    assert joined(lines, [(chunk, chunk.source.lines) for chunk in found]) == source
    assert joined(lines, [(chunk, chunk.destination.lines) for chunk in found]) == destination
    other = merged(base, destination, source)
    assert merged(base, source, destination) == other
    for chunk in found:
        for span, content in ((chunk.source, source), (chunk.destination, destination)):
            assert tuple(lines_with_ends(content)[span.start : span.end]) == span.lines
