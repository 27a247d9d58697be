"""Docker's streams of output, taken apart. Pure: bytes in, values out.

Without a terminal, output comes in frames: one byte for the stream (1 stdout, 2 stderr), three
of zero, four for the length, then so many bytes (Docker Engine API, "Stream format" of
``ContainerAttach``). In a log every frame is one record: with ``timestamps`` a moment of 30
characters, a space, the text, and a line end unless the record is a part of a longer line: Docker
cuts lines at 16 KiB. With a terminal there are no frames, only the records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from demitasse.engines.containers.docker.reading import nanoseconds
from demitasse.engines.containers.observation import LogLine, Stream
from demitasse.errors import EngineError

_HEADER = 8
_STREAMS: dict[int, Stream] = {0: "stdout", 1: "stdout", 2: "stderr"}
_PART = 16 * 1024
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) ")
_LONGEST_STAMP = len("2026-01-01T00:00:00.000000000+00:00 ")


class OutputBroken(EngineError):
    """Docker could not go on reading: it says why in a frame of a stream of its own (3)."""


class Frames:
    """Bytes as they come from the socket → frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Stream, bytes]]:
        """All frames that ``data`` completes. Raises ``OutputBroken``."""
        self._rest += data
        while len(self._rest) >= _HEADER:
            size = int.from_bytes(self._rest[4:_HEADER], "big")
            if len(self._rest) < _HEADER + size:
                return
            number = self._rest[0]
            content = bytes(self._rest[_HEADER : _HEADER + size])
            del self._rest[: _HEADER + size]
            if number not in _STREAMS:
                raise OutputBroken(content.decode(errors="replace").strip())
            yield _STREAMS[number], content


class FramedLines:
    """The log of a container without a terminal → lines."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._parts: dict[Stream, tuple[int, bytearray]] = {}

    def feed(self, data: bytes) -> Iterator[LogLine]:
        """All lines that ``data`` completes."""
        for stream, record in self._frames.feed(data):
            stamp, text = _record(record)
            time, line = self._parts.pop(stream, (stamp, bytearray()))
            line += text
            if line.endswith(b"\n"):
                yield LogLine(time, stream, bytes(line[:-1]))
            else:
                self._parts[stream] = (time, line)

    def end(self) -> Iterator[LogLine]:
        """What was written without a line end."""
        for stream, (time, line) in self._parts.items():
            yield LogLine(time, stream, bytes(line))
        self._parts = {}


def _record(record: bytes) -> tuple[int, bytes]:
    stamp, _, text = record.partition(b" ")
    return nanoseconds(stamp.decode("ascii")), text


class Once:
    """Lets every line through once, of a log that is read again in parts.

    When its file is rotated while it is followed, Docker 20.10 begins the new file again that it
    had already begun. A stream is recorded in the order of its times, so what is older than its
    newest line was seen — unless that newest line lies in the future: then the machine's clock
    was set back, and the line is new. ``now`` tells the time in nanoseconds since 1970.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._newest: dict[Stream, tuple[int, set[bytes]]] = {}

    def is_new(self, line: LogLine) -> bool:
        """Whether ``line`` has not been seen; from now on it has."""
        newest, texts = self._newest.get(line.stream, (-1, set[bytes]()))
        if line.time == newest:
            if line.text in texts:
                return False
            texts.add(line.text)
            return True
        if line.time < newest <= self._now():
            return False
        self._newest[line.stream] = (line.time, {line.text})
        return True


class TerminalLines:
    """The log of a container with a terminal → lines, all of them ``stdout``."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._line: tuple[int, bytearray] | None = None

    def feed(self, data: bytes) -> Iterator[LogLine]:
        """All lines that ``data`` completes."""
        self._rest += data
        while (record := self._next_record()) is not None:
            yield from self._take(*record)

    def end(self) -> Iterator[LogLine]:
        """What was written without a line end."""
        if self._rest:
            yield from self._take(*_record(bytes(self._rest)))
            self._rest.clear()
        if self._line is not None:
            time, line = self._line
            self._line = None
            yield LogLine(time, "stdout", bytes(line).removesuffix(b"\r"))

    def _next_record(self) -> tuple[int, bytes] | None:
        stamp = _STAMP.match(self._rest)
        if stamp is None:
            return None
        start = stamp.end()
        end = self._rest.find(b"\n", start) + 1
        cut = start + _PART
        if (not end or end > cut) and self._rest:
            if _STAMP.match(self._rest, cut):
                end = cut
            elif len(self._rest) < cut + _LONGEST_STAMP and not end:
                return None
        if not end:
            return None
        record = bytes(self._rest[:end])
        del self._rest[:end]
        return _record(record)

    def _take(self, stamp: int, text: bytes) -> Iterator[LogLine]:
        time, line = self._line or (stamp, bytearray())
        line += text
        if line.endswith(b"\n"):
            self._line = None
            yield LogLine(time, "stdout", bytes(line[:-1]).removesuffix(b"\r"))
        else:
            self._line = (time, line)
