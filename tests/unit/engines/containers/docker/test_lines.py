from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.engines.containers.docker.lines import (
    FramedLines,
    Frames,
    Once,
    OutputBroken,
    TerminalLines,
)
from demitasse.engines.containers.observation import LogLine, Stream

PART = 16 * 1024
STREAMS: dict[Stream, int] = {"stdout": 1, "stderr": 2}

texts = st.binary(max_size=40).map(lambda text: text.replace(b"\n", b" ").replace(b"\r", b" "))
long_texts = texts | st.integers(PART - 2, 3 * PART + 2).map(lambda size: b"x" * size)
streams: st.SearchStrategy[Stream] = st.sampled_from(["stdout", "stderr"])
times = st.integers(0, 4_000_000_000_000_000_000)
written = st.lists(st.builds(LogLine, times, streams, long_texts), max_size=6)
cuts = st.lists(st.integers(0, 200_000), max_size=8)


def stamp(time: int) -> bytes:
    second, rest = divmod(time, 1_000_000_000)
    whole = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest:09d}Z ".encode()


def records(line: LogLine, end: bytes = b"\n") -> Iterable[bytes]:
    """A line as Docker records it: cut at 16 KiB, the line end with the last part."""
    text = line.text + end
    while len(text) > PART:
        yield stamp(line.time) + text[:PART]
        text = text[PART:]
    yield stamp(line.time) + text


def frame(number: int, content: bytes) -> bytes:
    return bytes([number, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


def pieces(data: bytes, at: list[int]) -> Iterable[bytes]:
    places = sorted({0, len(data), *(each for each in at if each < len(data))})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@given(written, cuts)
def test_what_was_written_is_read(lines: list[LogLine], at: list[int]) -> None:
    data = b"".join(
        frame(STREAMS[line.stream], record) for line in lines for record in records(line)
    )
    reader = FramedLines()
    read = [line for piece in pieces(data, at) for line in reader.feed(piece)]
    assert read == lines
    assert list(reader.end()) == []


@given(written, cuts)
def test_what_was_written_to_a_terminal_is_read(lines: list[LogLine], at: list[int]) -> None:
    lines = [LogLine(line.time, "stdout", line.text) for line in lines]
    data = b"".join(record for line in lines for record in records(line, b"\r\n"))
    reader = TerminalLines()
    read = [line for piece in pieces(data, at) for line in reader.feed(piece)]
    assert [*read, *reader.end()] == lines


def test_a_line_without_an_end_comes_with_the_end() -> None:
    whole, cut = LogLine(1, "stdout", b"one"), LogLine(2, "stdout", b"tw")
    framed = FramedLines()
    data = frame(1, stamp(1) + b"one\n") + frame(1, stamp(2) + b"t") + frame(1, stamp(2) + b"w")
    assert list(framed.feed(data)) == [whole]
    assert list(framed.end()) == [cut]
    assert list(framed.end()) == []
    terminal = TerminalLines()
    assert list(terminal.feed(stamp(1) + b"one\r\n" + stamp(2) + b"tw")) == [whole]
    assert list(terminal.end()) == [cut]
    assert list(terminal.end()) == []


def test_parts_of_two_streams_do_not_mix() -> None:
    lines = FramedLines()
    data = b"".join(
        [
            frame(1, stamp(1) + b"a"),
            frame(2, stamp(2) + b"b\n"),
            frame(1, stamp(1) + b"c\n"),
        ]
    )
    assert list(lines.feed(data)) == [LogLine(2, "stderr", b"b"), LogLine(1, "stdout", b"ac")]


def test_docker_s_own_trouble_is_told() -> None:
    frames = Frames()
    with pytest.raises(OutputBroken, match="error opening log file"):
        list(frames.feed(frame(3, b"error opening log file\n")))


@given(st.lists(st.tuples(streams, st.binary(max_size=100)), max_size=10), cuts)
def test_frames_survive_any_cut(content: list[tuple[Stream, bytes]], at: list[int]) -> None:
    data = b"".join(frame(STREAMS[stream], text) for stream, text in content)
    frames = Frames()
    read = [each for piece in pieces(data, at) for each in frames.feed(piece)]
    assert read == content


class TestOnce:
    """A log that is read again in parts."""

    @given(
        st.lists(st.tuples(streams, st.integers(0, 3)), max_size=30),
        st.lists(st.integers(0, 30), max_size=4),
    )
    def test_every_line_comes_through_once(
        self, steps: list[tuple[Stream, int]], again: list[int]
    ) -> None:
        time, lines = 0, []
        for number, (stream, step) in enumerate(steps):
            time += step
            lines.append(LogLine(time, stream, str(number).encode()))
        once = Once(lambda: time)
        reread = list(lines)
        for start in sorted(
            again, reverse=True
        ):  # a rotation: a stretch that was read comes again, then what follows
            at = min(start, len(lines))
            reread[at:at] = lines[:at][-5:]
        seen = [line for line in reread if once.is_new(line)]
        assert len(seen) == len(set(seen))
        assert set(seen) == set(lines)

    def test_a_clock_that_is_set_back_loses_nothing(self) -> None:
        now = 1000
        once = Once(lambda: now)
        assert once.is_new(LogLine(1000, "stdout", b"before"))
        now = 500
        assert once.is_new(LogLine(499, "stdout", b"after"))
        now = 501
        assert once.is_new(LogLine(501, "stdout", b"more"))
        assert not once.is_new(LogLine(499, "stdout", b"after"))
