from __future__ import annotations

import pytest
from tests.kit import asgi
from tests.unit.services.logs.stand import Stand


@pytest.fixture
def stand() -> Stand:
    stand = Stand()
    stand.group()
    return stand


def listed(stand: Stand, **more: object) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = stand.logs("DescribeLogStreams", logGroupName="app", **more, **token)
        found += [stream["logStreamName"] for stream in page["logStreams"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_a_stream_has_awss_shape(stand: Stand) -> None:
    made = stand.now
    stand.stream("awslogs-capstone/customer/abc")
    [stream] = stand.logs("DescribeLogStreams", logGroupName="app")["logStreams"]
    assert stream["arn"] == (
        f"arn:aws:logs:us-east-1:{asgi.ACCOUNT}:log-group:app"
        ":log-stream:awslogs-capstone/customer/abc"
    )
    assert stream["creationTime"] == made
    assert stream["storedBytes"] == 0
    assert "lastEventTimestamp" not in stream
    stand.put("a", stream="awslogs-capstone/customer/abc", time=made - 5000)
    stand.put("b", stream="awslogs-capstone/customer/abc", time=made - 2000)
    stand.clock.advance(1)
    stand.put("c", stream="awslogs-capstone/customer/abc", time=made - 3000)
    [stream] = stand.logs("DescribeLogStreams", logGroupName="app")["logStreams"]
    assert stream["firstEventTimestamp"] == made - 5000
    assert stream["lastEventTimestamp"] == made - 2000
    assert stream["lastIngestionTime"] == made + 1000


def test_streams_are_made_once_and_deleted_with_their_events(stand: Stand) -> None:
    stand.stream()
    assert stand.refusal("CreateLogStream", logGroupName="app", logStreamName="one") == (
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    )
    stand.put("gone")
    stand.logs("DeleteLogStream", logGroupName="app", logStreamName="one")
    gone = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert stand.refusal("GetLogEvents", logGroupName="app", logStreamName="one") == gone
    assert stand.filtered() == []
    stand.stream()
    assert stand.messages() == []


def test_streams_in_the_order_of_names(stand: Stand) -> None:
    wanted = [f"a/{number:02d}" for number in range(7)]
    for name in reversed([*wanted, "b"]):
        stand.stream(name)
    assert listed(stand, limit=2) == [*wanted, "b"]
    assert listed(stand, limit=2, descending=True) == ["b", *reversed(wanted)]
    assert listed(stand, limit=3, logStreamNamePrefix="a/") == wanted
    assert listed(stand, limit=3, logStreamNamePrefix="a/", descending=True) == wanted[::-1]


def test_streams_in_the_order_of_their_last_events(stand: Stand) -> None:
    for name in ("old", "silent", "new", "middle"):
        stand.stream(name)
    for name, ago in (("old", 9000), ("middle", 5000), ("new", 1000)):
        stand.put("x", stream=name, time=stand.now - ago)
    assert listed(stand, orderBy="LastEventTime", limit=1) == ["silent", "old", "middle", "new"]
    newest_first = listed(stand, orderBy="LastEventTime", descending=True, limit=1)
    assert newest_first == ["new", "middle", "old", "silent"]
    code, message = stand.refusal(
        "DescribeLogStreams", logGroupName="app", orderBy="LastEventTime", logStreamNamePrefix="o"
    )
    assert (code, message) == (
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
    )


def test_a_group_is_named_or_identified_by_arn(stand: Stand) -> None:
    stand.stream()
    arn = f"arn:aws:logs:us-east-1:{asgi.ACCOUNT}:log-group:app"
    assert stand.logs("DescribeLogStreams", logGroupIdentifier=arn)["logStreams"]
    code, _ = stand.refusal("DescribeLogStreams", logGroupIdentifier=arn, logGroupName="app")
    assert code == "InvalidParameterException"
    code, _ = stand.refusal("DescribeLogStreams")
    assert code == "InvalidParameterException"
    code, _ = stand.refusal("DescribeLogStreams", logGroupIdentifier=arn.replace("us-", "eu-"))
    assert code == "ResourceNotFoundException"
