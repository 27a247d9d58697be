"""Text as lines, and what ``git diff`` writes of two files, read back: hunks of lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from demitasse.engines.git.protocol import Hunk, Line

_HEAD = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def lines_of(content: bytes) -> list[bytes]:
    """A text's lines, as git counts them: the last may lack its end."""
    return content.removesuffix(b"\n").split(b"\n") if content else []


def read_patch(patch: bytes) -> list[Hunk]:
    """The hunks of a patch of one file, in their order."""
    _, *rest = re.split(rb"^(?=@@ )", patch, flags=re.MULTILINE)
    return [_hunk(text) for text in rest]


def _hunk(text: bytes) -> Hunk:
    head, _, body = text.partition(b"\n")
    found = _HEAD.match(head)
    assert found is not None, head  # noqa: S101 - git's own form, which it says is stable
    start, count, other_start, other_count = found.groups()
    return Hunk(
        int(start), int(count or 1), int(other_start), int(other_count or 1), tuple(_lines(body))
    )


def _lines(body: bytes) -> Iterator[Line]:
    """The lines; what git notes between them of a missing last line end is none of them."""
    for line in lines_of(body):
        if line[:1] in (b" ", b"-", b"+"):
            yield line[:1].decode(), line[1:]
