"""Event patterns: AWS's own examples, its error sentences, and properties."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.services.events.patterns import PatternError, pattern

EC2 = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0", "two"],
    "detail": {
        "instance-id": "i-1234567890abcdef0",
        "state": "terminated",
        "c-count": 5,
        "d-count": 3,
        "ratio": 3.018e2,
        "nothing": None,
        "yes": True,
        "source-ip": "10.0.0.33",
        "source-ip6": "2001:db8::1",
        "file": "dir/sub/image.PNG",
        "empty": [],
        "nested": [["deep"]],
        "rows": [{"kind": "a", "state": "up"}, {"kind": "b", "state": "down"}],
    },
}


def matches(detail: dict[str, Any]) -> bool:
    return pattern(json.dumps({"detail": detail})).matches(EC2)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"state": ["terminated"]}, True),
        ({"state": ["TERMINATED"]}, False),
        ({"state": ["running", "terminated"]}, True),
        ({"state": ["terminated"], "c-count": [6]}, False),
        ({"c-count": [5.0]}, True),
        ({"c-count": ["5"]}, False),
        ({"ratio": [301.8]}, True),
        ({"yes": [True]}, True),
        ({"yes": [1]}, False),
        ({"c-count": [True]}, False),
        ({"nothing": [None]}, True),
        ({"missing": [None]}, False),
        ({"state": [{"exactly": "terminated"}]}, True),
        ({"state": [{"prefix": "term"}]}, True),
        ({"state": [{"prefix": "erm"}]}, False),
        ({"state": [{"prefix": {"equals-ignore-case": "TERM"}}]}, True),
        ({"file": [{"suffix": ".PNG"}]}, True),
        ({"file": [{"suffix": ".png"}]}, False),
        ({"file": [{"suffix": {"equals-ignore-case": ".png"}}]}, True),
        ({"file": [{"equals-ignore-case": "DIR/sub/image.png"}]}, True),
        ({"c-count": [{"prefix": "5"}]}, False),
        ({"state": [{"anything-but": "running"}]}, True),
        ({"state": [{"anything-but": ["running", "terminated"]}]}, False),
        ({"c-count": [{"anything-but": [5, 6]}]}, False),
        ({"c-count": [{"anything-but": 4}]}, True),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"state": [{"anything-but": {"prefix": "term"}}]}, False),
        ({"state": [{"anything-but": {"prefix": ["run", "term"]}}]}, False),
        ({"state": [{"anything-but": {"suffix": "ning"}}]}, True),
        ({"state": [{"anything-but": {"equals-ignore-case": ["TERMINATED"]}}]}, False),
        ({"file": [{"anything-but": {"wildcard": "*/sub/*"}}]}, False),
        ({"file": [{"anything-but": {"wildcard": ["*/lib/*", "*.txt"]}}]}, True),
        ({"c-count": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"c-count": [{"numeric": [">", 5]}]}, False),
        ({"c-count": [{"numeric": [">=", 5]}]}, True),
        ({"d-count": [{"numeric": ["<", 3]}]}, False),
        ({"d-count": [{"numeric": ["<=", 3]}]}, True),
        ({"ratio": [{"numeric": ["=", 301.8]}]}, True),
        ({"state": [{"numeric": [">", 0]}]}, False),
        ({"source-ip": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"source-ip": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"source-ip6": [{"cidr": "2001:db8::/32"}]}, True),
        ({"state": [{"cidr": "10.0.0.0/24"}]}, False),
        ({"state": [{"exists": True}]}, True),
        ({"state": [{"exists": False}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"missing": [{"exists": True}]}, False),
        ({"nothing": [{"exists": True}]}, True),
        ({"empty": [{"exists": True}]}, False),
        ({"empty": [{"exists": False}]}, True),
        ({"missing": {"below": [{"exists": False}]}}, True),
        ({"state": [{"exists": False}, "terminated"]}, True),
        ({"file": [{"wildcard": "dir/*.PNG"}]}, True),
        ({"file": [{"wildcard": "dir/*/*.PNG"}]}, True),
        ({"file": [{"wildcard": "dir/*/*/*.PNG"}]}, False),
        ({"state": [{"wildcard": "termin*minated"}]}, False),  # not the same letters twice
        ({"empty": {"below": [{"exists": False}]}}, True),
        ({"nested": ["deep"]}, True),
        ({"rows": {"kind": ["a"], "state": ["up"]}}, True),
        ({"rows": {"kind": ["a"], "state": ["down"]}}, False),  # not in the same object
        ({"rows": {"other": [{"exists": False}]}}, True),
        ({"rows": {"kind": [{"exists": False}]}}, False),
        ({"$or": [{"state": ["running"]}, {"c-count": [5]}]}, True),
        ({"$or": [{"state": ["running"]}, {"c-count": [6]}]}, False),
        ({"d-count": [4], "$or": [{"state": ["terminated"]}, {"c-count": [5]}]}, False),
        ({"$or": [{"$or": [{"yes": [False]}, {"yes": [True]}]}, {"c-count": [6]}]}, True),
        ({"instance-id": ["i-1234567890abcdef0"], "state": ["terminated"]}, True),
    ],
)
def test_what_matches(detail: dict[str, Any], expected: bool) -> None:
    assert matches(detail) is expected


def test_an_array_in_the_event_matches_by_any_element() -> None:
    assert pattern('{"resources": ["two", "three"]}').matches(EC2)
    assert not pattern('{"resources": ["three"]}').matches(EC2)


def test_an_escaped_asterisk_is_a_character() -> None:
    wild = pattern(r'{"a": [{"wildcard": "x\\*y*\\\\"}]}')
    assert wild.matches({"a": "x*y and \\"})
    assert not wild.matches({"a": "x-y and \\"})


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        # Found in the wild, with AWS's own place.
        ('{"source": ["aws.health"], "detail": {}}', "Empty objects are not allowed", (1, 40)),
        (
            '{"detail-type":["dual"],"detail":{"delaySeconds":[{"exists":"false"}]}}',
            "exists match pattern must be either true or false.",
            (1, 62),
        ),
        ('{"a":\n {"slug": "some"}}', '"slug" must be an object or an array', (2, 12)),
        ("[]", "Filter is not an object", (1, 2)),
        ("{}", "Empty objects are not allowed", (1, 3)),
        ('{"a": []}', "Empty arrays are not allowed", (1, 9)),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null", (1, 9)),
        ('{"a": [{}]}', "Match expression name not found", (1, 10)),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like", (1, 18)),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string", (1, 20)),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed", None),
        ('{"a": [{"prefix": {"wildcard": "b"}}]}', "Unsupported prefix pattern: wildcard", None),
        ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array.", None),
        ('{"a": [{"numeric": [5]}]}', "Invalid member in numeric match: 5", None),
        ('{"a": [{"numeric": ["~", 5]}]}', "Unrecognized numeric range operator: ~", None),
        ('{"a": [{"numeric": [">", "5"]}]}', "Value of > must be numeric", None),
        ('{"a": [{"numeric": ["<", 5, ">", 1]}]}', "Too many elements in numeric", None),
        ('{"a": [{"numeric": [">", 5, "<", 1]}]}', "Bottom must be less than top", None),
        ('{"a": [{"numeric": [">", 5, ">", 9]}]}', "Bad numeric range operator: >", None),
        ('{"a": [{"anything-but": ["x", 1]}]}', "either all values are number or string", None),
        ('{"a": [{"anything-but": null}]}', "Value of anything-but must be an array", None),
        ('{"a": [{"anything-but": [null]}]}', "start|null|boolean is not supported", None),
        ('{"a": [{"anything-but": {"cidr": "x"}}]}', "Unsupported anything-but pattern", None),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed", None),
        ('{"a": [{"wildcard": "a**"}]}', "Consecutive wildcard characters at pos 2", None),
        (r'{"a": [{"wildcard": "\\a"}]}', "Invalid escape character at pos 1", None),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or", None),
        ('{"$or": {"a": [1]}}', "It must be an Array followed with $or.", None),
        ('{"$or": [1, 2]}', "Only JSON object is allowed in array of $or relationship.", None),
        ('{"$or": [{"prefix": ["x"]}, {"a": [1]}]}', "prefix is Ruler reserved", None),
        ('{"a": [1]', "Unexpected end-of-input", None),
        ('{"a": ["x]}', "Unexpected end-of-input", None),
        ('{"a": [1] "b"}', "Unexpected character ('\"' (code 34))", None),
        ('{"a": [nope]}', "Unrecognized token 'nope'", None),
        ('{"a": [1]} x', "Unexpected character ('x' (code 120))", None),
        ("", "Unexpected end-of-input", None),
        ("[" * 3000, "Filter is not an object", None),
        ('{"a":' * 500, "Nested too deeply", None),
    ],
)
def test_what_is_no_pattern(text: str, reason: str, place: tuple[int, int] | None) -> None:
    with pytest.raises(PatternError) as refused:
        pattern(text)
    assert reason in str(refused.value)
    assert "[Source: (String)" in str(refused.value)
    if place:
        assert str(refused.value).endswith(f"; line: {place[0]}, column: {place[1]}]")


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("10.0.0.0", "Malformed CIDR, one '/' required"),
        ("10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"),
        ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
        ("10.0.0/8", "Nonstandard IP address: 10.0.0"),
        ("10.0.0.0/32", "IPv4 mask bits must be < 32"),
        ("::/128", "IPv6 mask bits must be < 128"),
    ],
)
def test_what_is_no_network(network: str, reason: str) -> None:
    with pytest.raises(PatternError, match=re.escape(reason)):
        pattern(json.dumps({"a": [{"cidr": network}]}))


def test_a_long_pattern_is_shown_in_part() -> None:
    with pytest.raises(PatternError, match=r'x{490}.*"\[truncated 209 chars\]; line: 1'):
        pattern('{"a": "' + "x" * 700 + '"}')


def test_only_exact_sources_are_told() -> None:
    assert pattern('{"source": ["a", "b"]}').exact("source") == ("a", "b")
    assert pattern('{"source": ["a", {"prefix": "b"}]}').exact("source") is None
    assert pattern('{"$or": [{"source": ["a"]}, {"id": ["b"]}]}').exact("source") is None


plain = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5)
events = st.recursive(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), plain | st.lists(plain, max_size=3)),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner | plain),
    max_leaves=8,
)


def _exactly(event: dict[str, Any]) -> dict[str, Any]:
    """The pattern that names every field of an event with its values."""
    made: dict[str, Any] = {}
    for key, value in event.items():
        if isinstance(value, dict):
            inner = _exactly(value)
            if inner:
                made[key] = inner
        elif value != []:
            made[key] = value if isinstance(value, list) else [value]
    return made


@given(events)
def test_every_event_matches_the_pattern_made_of_it(event: dict[str, Any]) -> None:
    wanted = _exactly(event)
    if wanted:
        text = json.dumps(wanted)
        assert pattern(text).matches(event)
        assert not pattern(text).matches({})


@given(st.text("ab*\\", max_size=8), st.text("ab*\\", max_size=10))
def test_wildcards_are_those_of_a_regular_expression(text: str, value: str) -> None:
    written = json.dumps({"a": [{"wildcard": text}]})
    if "**" in text or re.fullmatch(r"(?:[^\\]|\\[*\\])*", text) is None:
        return
    parts = re.findall(r"\\.|[^\\]", text)
    expression = "".join(".*" if each == "*" else re.escape(each[-1]) for each in parts)
    wanted = re.fullmatch(expression, value, re.DOTALL) is not None
    assert pattern(written).matches({"a": value}) is wanted


@given(st.text('{}[]":,ab1$ro-', max_size=30))
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        pattern(text)
    except PatternError:
        return
    json.loads(text)
