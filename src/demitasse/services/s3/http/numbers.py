"""Numbers that callers give."""

from __future__ import annotations

from demitasse.services.s3 import errors


def number(text: str, name: str) -> int:
    """A count that a caller gives. ``ServiceError`` when it is none."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise errors.invalid_argument(
        f"Provided {name} not an integer or within integer range", name, text
    )


def part_number(text: str) -> int:
    """The number of a part. ``ServiceError``."""
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= found <= 10_000:
        raise errors.invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive", "partNumber", text
        )
    return found
