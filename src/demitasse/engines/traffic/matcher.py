"""A health check's matcher: which statuses count as healthy."""

from __future__ import annotations


def ranges(matcher: str) -> tuple[tuple[int, int], ...]:
    """``"200,202-204"`` as ``((200, 200), (202, 204))``; ``ValueError`` for anything else."""
    found = []
    for part in matcher.split(","):
        low, dash, high = part.strip().partition("-")
        first = int(low)
        last = int(high) if dash else first
        if not 100 <= first <= last <= 599:
            raise ValueError(f"{part!r} is no status and no range of statuses")
        found.append((first, last))
    return tuple(found)


def accepts(matcher: str, status: int) -> bool:
    """Whether an answer of this status is healthy."""
    return any(low <= status <= high for low, high in ranges(matcher))
