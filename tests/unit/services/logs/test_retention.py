from __future__ import annotations

import pytest
from tests.unit.services.logs.stand import DAY, Stand, idle, killed

from demitasse.services.logs.records import LOG_REMAINS


@pytest.fixture
def stand() -> Stand:
    stand = Stand()
    stand.group()
    stand.stream()
    return stand


def swept(stand: Stand, days: float = 0.0) -> None:
    """Let the controllers work, and time pass."""

    async def scene() -> None:
        tasks = [stand.loop(controller) for controller in stand.sweepers()]
        await stand.passes(1)
        if days:
            stand.clock.advance(days * DAY / 1000)
            await stand.passes(1)
        for task in tasks:
            await killed(task)
        await idle()

    stand.play(scene)


def rows(stand: Stand, table: str) -> int:
    with stand.store.transaction() as tx:
        return int(tx.execute(f"SELECT count(*) FROM {table}")[0][0])


def size(stand: Stand) -> int:
    return int(stand.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"])


def test_events_older_than_the_retention_go(stand: Stand) -> None:
    for _ in range(3):
        stand.put(*["old"] * 900, time=stand.now - 2 * DAY)
    stand.put("new")
    swept(stand)
    assert len(stand.messages()) == 2701
    stand.logs("PutRetentionPolicy", logGroupName="app", retentionInDays=1)
    swept(stand)
    assert stand.messages() == ["new"]
    assert size(stand) == 26 + 3
    [stream] = stand.logs("DescribeLogStreams", logGroupName="app")["logStreams"]
    assert stream["firstEventTimestamp"] > stand.now - DAY


def test_events_go_when_their_time_has_come(stand: Stand) -> None:
    stand.logs("PutRetentionPolicy", logGroupName="app", retentionInDays=1)
    stand.put("mortal")
    swept(stand, days=0.9)
    assert stand.messages() == ["mortal"]
    swept(stand, days=0.2)
    assert stand.messages() == []
    assert size(stand) == 0


def test_a_deleted_group_leaves_nothing_behind(stand: Stand) -> None:
    stand.stream("two")
    for _ in range(3):
        stand.put(*["x"] * 900)
    stand.logs("DeleteLogGroup", logGroupName="app")
    stand.group()
    stand.stream()
    stand.put("of the new group")
    swept(stand)
    assert stand.messages() == ["of the new group"]
    assert (rows(stand, "log_event"), rows(stand, "log_stream"), rows(stand, "log_group")) == (
        1,
        1,
        1,
    )
    with stand.store.transaction() as tx:
        assert tx.refs(LOG_REMAINS) == []


def test_a_deleted_stream_leaves_nothing_behind(stand: Stand) -> None:
    for _ in range(2):
        stand.put(*["x"] * 1000)
    stand.stream("two")
    stand.put("stays", stream="two")
    stand.logs("DeleteLogStream", logGroupName="app", logStreamName="one")
    swept(stand)
    assert (rows(stand, "log_event"), rows(stand, "log_stream")) == (1, 1)
    assert size(stand) == 5 + 26
