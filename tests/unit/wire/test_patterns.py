"""The models' patterns, which are Java's, in Python."""

from __future__ import annotations

import re
import signal
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.wire.models import Models
from demitasse.wire.patterns import compiled

SPOKEN = [
    "sts",
    "iam",
    "ec2",
    "ecr",
    "ecs",
    "elbv2",
    "rds",
    "logs",
    "s3",
    "cloudwatch",
    "application-autoscaling",
    "events",
    "cloudtrail",
    "codecommit",
    "codepipeline",
    "codebuild",
    "codedeploy",
    "cloud9",
]


@pytest.mark.parametrize("service", SPOKEN)
def test_every_pattern_of_the_services_can_be_translated(service: str) -> None:
    for name, shape in Models.complete([service])[service].shapes.items():
        if shape.pattern:
            assert compiled(shape.pattern), name


@given(st.characters())
def test_unicode_properties(character: str) -> None:
    category = unicodedata.category(character)
    beyond = ord(character) >= 0x32400  # private planes and tags are no letters
    for name in ("L", "N", "Z", "Lu", "P"):
        expected = category.startswith(name) and not beyond
        assert bool(compiled(f"[\\p{{{name}}}]").fullmatch(character)) == expected
        assert bool(compiled(f"\\P{{{name}}}").fullmatch(character)) != expected


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", ["", "é 漢=1", "a-b"], ["a\n", "a*"]),
        (r"[\w-_]*", ["a-b", "_"], ["a.b", "é"]),
        (r"[\d-a]+", ["1-a"], ["b"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF]*", ["é\U0001f600"], ["\n"]),
        (r"\x{41}+", ["AA"], ["x"]),
        (r"[a[b]+", ["a[b"], ["c"]),
        (r"^\p{Alpha}+$", ["abc"], ["é", "a\n"]),
        (r"\d+", ["12"], ["१२"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"[\p{L}||\p{N}]+", ["é1|"], ["-"]),
        (r"[^\p{L}]", ["1"], ["é"]),
    ],
)
def test_translations(pattern: str, yes: list[str], no: list[str]) -> None:
    for text in yes:
        assert compiled(pattern).fullmatch(text), text
    for text in no:
        assert not compiled(pattern).fullmatch(text), text


@pytest.mark.parametrize("pattern", [r"\p{Nonsense}", "(", r"[\P{Alnum}]"])
def test_what_cannot_be_translated_is_an_error(pattern: str) -> None:
    with pytest.raises(re.error):
        compiled(pattern)


NOT_CARRIED_OUT = {"HeaderValue", "AuthHeaderParameters"}  # events' API destinations


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def expired(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("service", SPOKEN)
def test_no_value_keeps_a_pattern_busy(service: str) -> None:
    """One value must not stop the platform, which has one loop (``([a-z]+)*`` is exponential)."""
    for name, shape in Models.complete([service])[service].shapes.items():
        if not shape.pattern or name.removesuffix("Sensitive") in NOT_CARRIED_OUT:
            continue
        size = min(int(shape.max or 1000), 1000)
        for unit in ("a", "A", "0", "a-", "*", "a/", "a.", " "):
            for end in ("!", "\n"):
                value = (unit * size)[: size - 1] + end
                with at_most(3):
                    compiled(shape.pattern).fullmatch(value)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("[a-zA-Z](?:-?[a-zA-Z0-9]+)*", ["a", "a-b1-c", "abc"], ["a-", "a--b", "-a"]),
        ("^[a-z](?:[._]?[a-z*]+){0,2}$", ["a", "aa.b", "a*"], ["a.", "a.b.c.d"]),
    ],
)
def test_possessive_repetition_changes_no_meaning(
    pattern: str, yes: list[str], no: list[str]
) -> None:
    for text in yes + no:
        expected = re.fullmatch(pattern, text) is not None
        assert (compiled(pattern).fullmatch(text) is not None) == expected == (text in yes)
