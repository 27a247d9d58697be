from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.services.logs.stand import DAY, Stand, texts

from demitasse.services import paging


@pytest.fixture
def stand() -> Stand:
    stand = Stand()
    stand.group()
    stand.stream()
    return stand


def put(stand: Stand, *events: tuple[int, str]) -> dict:
    return stand.logs(
        "PutLogEvents",
        logGroupName="app",
        logStreamName="one",
        logEvents=[{"timestamp": time, "message": message} for time, message in events],
    )


def put_refused(stand: Stand, *events: tuple[int, str]) -> tuple[str, str]:
    return stand.refusal(
        "PutLogEvents",
        logGroupName="app",
        logStreamName="one",
        logEvents=[{"timestamp": time, "message": message} for time, message in events],
    )


def test_events_come_back_as_they_were_put(stand: Stand) -> None:
    odd = ['{"level": "INFO"}', "naïve ☕ \U0001f600", "two\nlines", "nul\0inside", " spaces "]
    answer = stand.put(*odd)
    assert len(answer["nextSequenceToken"]) == 56
    assert "rejectedLogEventsInfo" not in answer
    [first, *_] = stand.get()["events"]
    assert first == {"timestamp": stand.now, "message": odd[0], "ingestionTime": stand.now}
    assert stand.messages() == odd


def test_stored_bytes_are_the_texts_and_26_each(stand: Stand) -> None:
    stand.put("four", "é")
    stand.stream("two")
    stand.put("abc", stream="two")
    [group] = stand.logs("DescribeLogGroups")["logGroups"]
    assert group["storedBytes"] == 4 + 2 + 3 + 3 * 26


def test_the_batch_must_be_in_order(stand: Stand) -> None:
    code, message = put_refused(stand, (stand.now, "b"), (stand.now - 1, "a"))
    assert (code, message) == (
        "InvalidParameterException",
        "Log events in a single PutLogEvents request must be in chronological order.",
    )
    assert stand.messages() == []


def test_the_batch_must_not_be_too_large(stand: Stand) -> None:
    half = "x" * (524_288 - 26)
    put(stand, (stand.now, half), (stand.now, half))
    code, message = put_refused(stand, (stand.now, half), (stand.now, half + "y"))
    assert (code, message) == (
        "InvalidParameterException",
        "Upload too large: 1048577 bytes exceeds limit of 1048576",
    )


def test_the_batch_must_not_span_more_than_a_day(stand: Stand) -> None:
    code, message = put_refused(stand, (stand.now - DAY - 1, "a"), (stand.now, "b"))
    assert code == "InvalidParameterException"
    assert "24 hours" in message
    put(stand, (stand.now - DAY, "a"), (stand.now, "b"))


def test_what_is_too_old_or_too_new_is_told_and_not_kept(stand: Stand) -> None:
    hour = 3600 * 1000
    answer = put(
        stand,
        (stand.now - 15 * DAY, "too old"),
        (stand.now - 14 * DAY - 1, "just too old"),
        (stand.now, "right"),
        (stand.now + 2 * hour, "just right"),
        (stand.now + 2 * hour + 1, "too new"),
    )
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 2,
        "tooNewLogEventStartIndex": 4,
    }
    assert stand.messages() == ["right", "just right"]


def test_what_the_group_no_longer_keeps_is_rejected(stand: Stand) -> None:
    stand.logs("PutRetentionPolicy", logGroupName="app", retentionInDays=3)
    answer = put(stand, (stand.now - 4 * DAY, "expired"), (stand.now, "kept"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert stand.messages() == ["kept"]


def test_group_and_stream_must_exist(stand: Stand) -> None:
    given = {"logEvents": [{"timestamp": stand.now, "message": "x"}]}
    code, message = stand.refusal("PutLogEvents", logGroupName="app", logStreamName="none", **given)
    assert (code, message) == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )
    code, message = stand.refusal(
        "PutLogEvents", logGroupName="none", logStreamName="none", **given
    )
    assert message == "The specified log group does not exist."


def test_without_a_token_the_latest_events_come(stand: Stand) -> None:
    stand.put(*map(str, range(10)))
    assert texts(stand.get(limit=3)) == ["7", "8", "9"]
    assert texts(stand.get(limit=3, startFromHead=True)) == ["0", "1", "2"]


def test_paging_forward_ends_with_the_same_token_and_goes_on_when_more_comes(stand: Stand) -> None:
    stand.put(*map(str, range(5)))
    page = stand.get(limit=2, startFromHead=True)
    assert texts(page) == ["0", "1"]
    page = stand.get(limit=2, nextToken=page["nextForwardToken"])
    assert texts(page) == ["2", "3"]
    page = stand.get(limit=2, nextToken=page["nextForwardToken"])
    assert texts(page) == ["4"]
    token = page["nextForwardToken"]
    page = stand.get(limit=2, nextToken=token)
    assert texts(page) == []
    assert page["nextForwardToken"] == token
    stand.put("later")
    assert texts(stand.get(limit=2, nextToken=token)) == ["later"]
    assert texts(stand.get(limit=2, nextToken=page["nextBackwardToken"])) == ["3", "4"]


def test_paging_backward(stand: Stand) -> None:
    stand.put(*map(str, range(5)))
    page = stand.get(limit=2)
    assert texts(page) == ["3", "4"]
    page = stand.get(limit=2, nextToken=page["nextBackwardToken"])
    assert texts(page) == ["1", "2"]
    page = stand.get(limit=2, nextToken=page["nextBackwardToken"])
    assert texts(page) == ["0"]
    token = page["nextBackwardToken"]
    page = stand.get(limit=2, nextToken=token)
    assert texts(page) == []
    assert page["nextBackwardToken"] == token
    assert texts(stand.get(limit=2, nextToken=page["nextForwardToken"])) == ["0", "1"]


@pytest.mark.parametrize("more", [{}, {"startFromHead": True}, {"startTime": 5}])
def test_an_empty_stream_has_tokens_that_see_what_comes(stand: Stand, more: dict) -> None:
    page = stand.get(**more)
    assert texts(page) == []
    again = stand.get(nextToken=page["nextForwardToken"], **more)
    assert again["nextForwardToken"] == page["nextForwardToken"]
    stand.put("first")
    assert texts(stand.get(nextToken=page["nextForwardToken"], **more)) == ["first"]


def test_times_bound_what_is_given(stand: Stand) -> None:
    for ago in (30, 20, 10):
        stand.put(str(ago), time=stand.now - ago)
    assert texts(stand.get(startTime=stand.now - 20)) == ["20", "10"]
    assert texts(stand.get(endTime=stand.now - 20)) == ["30"]  # exclusive here
    assert stand.filtered(startTime=stand.now - 20) == ["20", "10"]
    assert stand.filtered(endTime=stand.now - 20) == ["30", "20"]  # inclusive there


@pytest.mark.parametrize("token", ["x", "f/1/s", "f/" + "9" * 56 + "/s", "g/" + "0" * 56 + "/s"])
def test_tokens_that_are_not_ours(stand: Stand, token: str) -> None:
    code, _ = stand.refusal(
        "GetLogEvents", logGroupName="app", logStreamName="one", nextToken=token
    )
    assert code == "InvalidParameterException"
    code, _ = stand.refusal("FilterLogEvents", logGroupName="app", nextToken=token)
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("time", [0, 2**31, 2**62, 2**63 - 1])
def test_times_of_any_size(stand: Stand, time: int) -> None:
    stand.put("x")
    for bound in ("startTime", "endTime"):
        for forward in (True, False):
            stand.get(startFromHead=forward, **{bound: time})
        stand.filtered(**{bound: time})
    stand.refusal("FilterLogEvents", logGroupName="app", startFromHead=False, endTime=time)


@pytest.mark.parametrize("text", ["a/b", "1", "9" * 40 + "/1", "a/" + "9" * 18 + "/0", "\0", "é"])
def test_tokens_made_up(stand: Stand, text: str) -> None:
    token = {"logGroupName": "app", "nextToken": paging.token(text)}
    for operation, more in (
        ("DescribeLogStreams", {}),
        ("DescribeLogStreams", {"orderBy": "LastEventTime"}),
        ("FilterLogEvents", {}),
    ):
        try:
            stand.logs(operation, **token, **more)
        except ClientError as error:
            assert "InvalidParameterException" in str(error)  # noqa: PT017 - or none
    stand.logs("DescribeLogGroups", nextToken=token["nextToken"])


def test_a_page_holds_one_mebibyte(stand: Stand) -> None:
    for _ in range(3):
        stand.put("x" * 600_000)
    page = stand.get(startFromHead=True)
    assert len(page["events"]) == 1
    page = stand.get(nextToken=page["nextForwardToken"], startFromHead=True)
    assert len(page["events"]) == 1
    answer = stand.logs("FilterLogEvents", logGroupName="app")
    assert len(answer["events"]) == 1
    assert answer["nextToken"]


def pages(stand: Stand, **more: object) -> list[list[str]]:
    found: list[list[str]] = []
    token: dict[str, str] = {}
    while True:
        page = stand.logs("FilterLogEvents", logGroupName="app", **more, **token)
        found.append(texts(page))
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_filtering_interleaves_streams_in_the_order_of_times(stand: Stand) -> None:
    stand.stream("two")
    stand.stream("other")
    for number in range(6):
        stand.put(str(number), stream=("one", "two")[number % 2], time=stand.now - 100 + number)
    stand.put("other", stream="other", time=stand.now - 200)
    assert pages(stand, limit=2) == [["other", "0"], ["1", "2"], ["3", "4"], ["5"]]
    assert pages(stand, logStreamNames=["two"]) == [["1", "3", "5"]]
    assert pages(stand, logStreamNames=["two", "other"]) == [["other", "1", "3", "5"]]
    assert pages(stand, logStreamNamePrefix="o") == [["other", "0", "2", "4"]]
    assert pages(stand, logStreamNamePrefix="tw") == [["1", "3", "5"]]
    assert pages(stand, limit=4, startFromHead=False, startTime=stand.now - 150) == [
        ["5", "4", "3", "2"],
        ["1", "0"],
    ]
    answer = stand.logs("FilterLogEvents", logGroupName="app")
    assert answer["searchedLogStreams"] == []
    assert len({event["eventId"] for event in answer["events"]}) == 7
    assert {len(event["eventId"]) for event in answer["events"]} == {56}


def test_a_rare_word_costs_pages_not_a_standstill(stand: Stand) -> None:
    for _ in range(3):
        stand.put(*["nothing"] * 4000)
    stand.put("needle")
    found = pages(stand, filterPattern="needle")
    assert found == [[], [], ["needle"]]


def test_filters_that_contradict(stand: Stand) -> None:
    code, _ = stand.refusal(
        "FilterLogEvents", logGroupName="app", logStreamNames=["one"], logStreamNamePrefix="o"
    )
    assert code == "InvalidParameterException"
    code, _ = stand.refusal("FilterLogEvents", logGroupName="app", logStreamNames=["none"])
    assert code == "ResourceNotFoundException"
    code, _ = stand.refusal("FilterLogEvents", logGroupName="app", startFromHead=False)
    assert code == "InvalidParameterException"


@settings(max_examples=25)
@given(
    times=st.lists(st.integers(0, 8), max_size=12),
    limit=st.integers(1, 5),
    forward=st.booleans(),
)
def test_pages_give_every_event_once_in_order(times: list[int], limit: int, forward: bool) -> None:
    stand = Stand()
    stand.group()
    stand.stream()
    for number, time in enumerate(times):
        stand.put(str(number), time=stand.now - 100 + time)
    order = [str(number) for number, _ in sorted(enumerate(times), key=lambda pair: pair[1])]
    found: list[str] = []
    page = stand.get(limit=limit, startFromHead=forward)
    while page["events"]:
        found = [*found, *texts(page)] if forward else [*texts(page), *found]
        token = page["nextForwardToken" if forward else "nextBackwardToken"]
        page = stand.get(limit=limit, nextToken=token)
    assert found == order
    assert [text for page in pages(stand, limit=limit) for text in page] == order
