"""Tables as Markdown, which reads in a terminal as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.results import Claim, Result, Table


def verdicts(results: Sequence[Result]) -> str:
    """What was promised beside what was measured."""
    head = ("", "goal", "measured", "met")
    rows = [_verdict(claim) for result in results for claim in result.claims]
    return markdown(head, rows)


def _verdict(claim: Claim) -> list[str]:
    return [claim.what, claim.goal, claim.measured, "yes" if claim.met else "**no**"]


def section(result: Result) -> str:
    """A subject's tables and how they came about."""
    parts = [f"## {result.title}"]
    for table in result.tables:
        parts += list(_table(table))
    if result.setup:
        parts.append("\n".join(f"- {line}" for line in result.setup))
    return "\n\n".join(parts)


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.title}"
    yield markdown(table.head, table.rows)
    yield from table.notes


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    right = [
        bool(rows) and all(not row[place] or row[place][0] in "0123456789" for row in rows)
        for place in range(len(head))
    ]
    marks = [
        "-" * (width - 1) + (":" if is_right else "-") if width > 1 else "-"
        for width, is_right in zip(widths, right, strict=True)
    ]
    lines = [head, marks, *rows]
    return "\n".join(
        "| "
        + " | ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        )
        + " |"
        for line in lines
    )
