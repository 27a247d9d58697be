from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.services.logs.stand import Stand, idle, killed

from demitasse.engines.containers.observation import LogLine
from demitasse.errors import EngineUnavailable, StoreError
from demitasse.services.logs import cursor
from demitasse.services.logs.cursor import Cursor, Resumption
from demitasse.services.logs.lines import LARGEST, events_of
from demitasse.services.logs.records import LOG_SOURCES, SourceObserved


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_lines_are_kept_as_they_are_written(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source(stream="p/app/1")
        loop = stand.loop(stand.collector())
        await stand.passes(0.5)
        assert stand.observed(source) == SourceObserved(ready=True)
        assert stand.messages("p/app/1") == []  # the stream is there before the container
        await stand.container()
        stand.engine.write("box", b'{"level": "INFO"}')
        stand.engine.write("box", b"problem", "stderr")
        await stand.passes(0.5)
        assert stand.messages("p/app/1") == ['{"level": "INFO"}', "problem"]
        stand.engine.write("box", b"bye")
        stand.engine.exit("box")
        await stand.passes(1)
        assert stand.messages("p/app/1") == ['{"level": "INFO"}', "problem", "bye"]
        assert stand.observed(source) == SourceObserved(ready=True, finished=True)
        await killed(loop)

    stand.play(scene)


def test_a_container_that_ran_and_ended_before_anybody_looked(stand: Stand) -> None:
    async def scene() -> None:
        await stand.container()
        stand.engine.write("box", b"short life")
        stand.engine.exit("box", 1)
        source = stand.source()
        loop = stand.loop(stand.collector())
        await stand.passes(1)
        assert stand.messages() == ["short life"]
        assert stand.observed(source).finished
        await killed(loop)

    stand.play(scene)


def test_a_container_that_is_made_later_is_awaited(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source()
        loop = stand.loop(stand.collector())
        await stand.passes(20)
        assert not stand.observed(source).finished
        await stand.container()
        stand.engine.write("box", b"here")
        await stand.passes(0.5)  # its start is heard, not polled
        assert stand.messages() == ["here"]
        stand.engine.vanish("box")
        await stand.passes(1)
        assert stand.observed(source).finished
        await killed(loop)

    stand.play(scene)


def test_a_container_that_vanished_while_the_platform_was_down(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source()
        loop = stand.loop(stand.collector())
        await stand.container()
        await stand.passes(1)
        await killed(loop)
        stand.engine.vanish("box")
        loop = stand.loop(stand.collector())
        await stand.passes(1)
        assert stand.observed(source).finished
        await killed(loop)

    stand.play(scene)


def test_without_its_group_the_source_says_so_and_goes_on_when_it_comes(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source(create=False)
        loop = stand.loop(stand.collector())
        await stand.passes(0.5)
        observed = stand.observed(source)
        assert not observed.ready
        assert "ResourceInitializationError" in observed.error
        assert "The specified log group does not exist." in observed.error
        await stand.container()
        stand.engine.write("box", b"kept by Docker meanwhile")
        await stand.passes(1)
        stand.group()
        await stand.passes(1)
        assert stand.observed(source) == SourceObserved(ready=True)
        assert stand.messages() == ["kept by Docker meanwhile"]
        await killed(loop)

    stand.play(scene)


def test_without_its_group_a_source_is_finished_when_the_container_has_ended(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source(create=False)
        loop = stand.loop(stand.collector())
        await stand.container()
        await stand.passes(1)
        stand.engine.exit("box")
        await stand.passes(1)
        observed = stand.observed(source)
        assert observed.finished
        assert observed.error
        await killed(loop)

    stand.play(scene)


def test_a_group_deleted_under_its_containers_stays_deleted(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source()
        loop = stand.loop(stand.collector())
        await stand.container()
        stand.engine.write("box", b"before")
        await stand.passes(1)
        stand.logs("DeleteLogGroup", logGroupName="app")
        stand.engine.write("box", b"between")
        await stand.passes(20)
        assert stand.logs("DescribeLogGroups")["logGroups"] == []
        assert stand.observed(source).error
        stand.group()
        stand.engine.write("box", b"after")
        await stand.passes(1)
        assert stand.messages() == ["between", "after"]
        stand.logs("DeleteLogGroup", logGroupName="app")
        stand.engine.write("box", b"in vain")
        stand.engine.exit("box")
        await stand.passes(10)
        assert stand.observed(source).finished
        await killed(loop)

    stand.play(scene)


def test_a_deleted_source_is_followed_no_longer(stand: Stand) -> None:
    async def scene() -> None:
        source = stand.source()
        collector = stand.collector()
        loop = stand.loop(collector)
        await stand.container()
        stand.engine.write("box", b"before")
        await stand.passes(1)
        with stand.store.transaction() as tx:
            tx.delete(LOG_SOURCES, source)
        await idle()
        stand.engine.write("box", b"after")
        await stand.passes(1)
        assert stand.messages() == ["before"]
        with stand.store.transaction() as tx:
            assert cursor.read(tx, source) is None
        await killed(loop)

    stand.play(scene)


def test_when_the_engine_fails_reading_goes_on_where_it_was(stand: Stand) -> None:
    async def scene() -> None:
        stand.source()
        await stand.container()
        stand.engine.write("box", b"one")
        stand.engine.fail_next("logs", EngineUnavailable("Docker is being restarted"))
        stand.engine.fail_next("inspect", EngineUnavailable("Docker is being restarted"))
        loop = stand.loop(stand.collector())
        await stand.passes(5)
        stand.engine.write("box", b"two")
        await stand.passes(1)
        assert stand.messages() == ["one", "two"]
        await killed(loop)

    stand.play(scene)


def test_what_the_disk_does_not_take_is_kept_later_once(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        stand.source()
        loop = stand.loop(stand.collector())
        await stand.container()
        stand.engine.write("box", b"one")
        await stand.passes(1)

        def full(*_given: object) -> None:
            raise StoreError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(cursor, "write", full)
            for number in range(1200):
                stand.engine.write("box", b"%d" % number)
            await stand.passes(3)
            assert stand.messages() == ["one"]
        await stand.passes(3)
        assert stand.messages() == ["one", *map(str, range(1200))]
        await killed(loop)

    stand.play(scene)


def test_one_containers_trouble_is_not_the_others(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        for name in ("good", "bad"):
            stand.source(name, stream=name)
            await stand.container(name)
        loop = stand.loop(stand.collector())
        await stand.passes(1)
        original = cursor.write

        def broken(tx: object, ref: object, at: object) -> None:
            if ref.key == "bad":  # type: ignore[attr-defined]
                raise TypeError("a bug")
            original(tx, ref, at)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(cursor, "write", broken)
            for name in ("good", "bad"):
                stand.engine.write(name, b"line")
            await stand.passes(2)
            assert stand.messages("good") == ["line"]
            assert stand.messages("bad") == []
        assert "a bug" in caplog.text
        await stand.passes(2)
        assert stand.messages("bad") == ["line"]
        await killed(loop)

    stand.play(scene)


def test_many_lines_are_written_together(stand: Stand) -> None:
    async def scene() -> None:
        for number in range(20):
            stand.source(f"box{number}", stream=f"s{number}")
            await stand.container(f"box{number}")
        loop = stand.loop(stand.collector())
        await stand.passes(1)
        commits = 0
        original = cursor.write
        seen: list[int] = []

        def counted(tx: object, *given: object) -> None:
            seen.append(id(tx))
            original(tx, *given)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cursor, "write", counted)
            for number in range(20):
                for line in range(5):
                    stand.engine.write(f"box{number}", b"%d" % line)
            await stand.passes(0.5)
            commits = len(set(seen))
        assert len(seen) == 20
        assert commits == 1
        assert stand.messages("s7") == ["0", "1", "2", "3", "4"]
        await killed(loop)

    stand.play(scene)


@settings(max_examples=40)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(
                st.just("write"),
                st.sampled_from(["stdout", "stderr"]),
                st.integers(0, 2),  # nanoseconds since the line before: many share their time
            ),
            st.just("kill"),
            st.just("wait"),
            st.just("idle"),
        ),
        max_size=25,
    )
)
def test_each_line_once_and_in_order_wherever_it_is_killed(steps: list) -> None:
    stand = Stand()

    async def scene() -> None:
        source = stand.source()
        await stand.container()
        loop = stand.loop(stand.collector())
        time, written = 1_767_225_600_000_000_000, []
        for step in steps:
            if step == "kill":
                await killed(loop)
                loop = stand.loop(stand.collector())
            elif step == "wait":
                await stand.passes(0.3)
            elif step == "idle":
                await asyncio.sleep(0)
            else:
                time += step[2]
                written.append(f"{step[1]} {len(written) % 3}")  # the same texts again and again
                stand.record(time, written[-1].encode(), step[1])
        stand.engine.exit("box")
        await stand.passes(3)
        assert stand.messages() == written
        assert stand.observed(source).finished
        await killed(loop)

    stand.play(scene)


@given(
    gaps=st.lists(
        st.tuples(st.sampled_from(["stdout", "stderr"]), st.integers(-3, 3)), max_size=20
    ),
    cut=st.integers(0, 20),
)
def test_a_cursor_misses_nothing_when_long_lines_come_late(gaps: list, cut: int) -> None:
    """Each stream in the order of its times, but one stream's lines may come after younger ones
    of the other."""
    newest = {"stdout": 1000, "stderr": 1000}
    lines = []
    for stream, gap in gaps:
        newest[stream] = max(newest[stream], newest[stream] + gap)
        lines.append(LogLine(newest[stream], stream, b"x"))
    at = Cursor()
    for line in lines[:cut]:
        at = at.beyond(line)
    resumption = Resumption(at)
    again = [line for line in lines if line.time >= at.since]
    assert [line for line in again if resumption.is_new(line)] == lines[cut:]


def test_a_clock_set_back_hides_no_line() -> None:
    lines = [LogLine(time, "stdout", b"x") for time in (50, 60, 60, 10, 20)]
    at = Cursor().beyond(lines[0]).beyond(lines[1])
    resumption = Resumption(at)
    assert [resumption.is_new(line) for line in lines] == [False, False, True, True, True]


def test_lines_become_events_as_the_awslogs_driver_makes_them() -> None:
    def texts(data: bytes) -> list[str]:
        return [event.message for event in events_of([LogLine(1_999_999, "stdout", data)])]

    assert texts(b"") == []
    assert texts(b"\xff\xfe ok") == ["\ufffd\ufffd ok"]
    assert texts(b"x" * LARGEST) == ["x" * LARGEST]
    long = "é" * LARGEST
    parts = texts(long.encode())
    assert "".join(parts) == long
    assert max(len(part.encode()) for part in parts) <= LARGEST
    assert [event.time for event in events_of([LogLine(1_999_999, "stdout", b"x")])] == [1]
