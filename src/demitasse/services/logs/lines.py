"""From a line of a container's output to log events, as the awslogs driver makes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demitasse.engines.containers.observation import LogLine
from demitasse.services.logs.events import OVERHEAD, NewEvent, new_event

LARGEST = 262_144 - OVERHEAD
"""Bytes of text in one event of the awslogs driver."""
_MILLISECOND = 1_000_000


def events_of(lines: Iterable[LogLine]) -> list[NewEvent]:
    """Events of lines. An empty line is none; a long one is several, cut between characters.

    What is not UTF-8 becomes U+FFFD.
    """
    return [
        new_event(line.time // _MILLISECOND, part)
        for line in lines
        for part in _parts(line.text.decode("utf-8", "replace"))
    ]


def _parts(text: str) -> Iterator[str]:
    data = text.encode()
    while len(data) > LARGEST:
        end = LARGEST
        while data[end] & 0xC0 == 0x80:  # in the middle of a character
            end -= 1
        yield data[:end].decode()
        data = data[end:]
    if data:
        yield data.decode()
