"""Conditions as HAProxy's ACLs: to the letter, and meaning what AWS means."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.engines.traffic.acl import acls, quoted
from demitasse.engines.traffic.conditions import (
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    RequestMethod,
    SourceIp,
)
from demitasse.engines.traffic.routing import Request, matches


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        (PathPattern(("/admin/*",)), ["acl x path -m beg -- '/admin/'"]),
        (PathPattern(("/a", "*.js")), ["acl x path -m str -- '/a'", "acl x path -m end -- '.js'"]),
        (PathPattern(("*/b/*",)), ["acl x path -m sub -- '/b/'"]),
        (PathPattern(("/a/*/b",)), ["acl x path -m reg -- '^/a/.*/b$'"]),
        (PathPattern(("*",)), ["acl x path -m reg -- '^.*$'"]),
        (PathPattern(("-i",)), ["acl x path -m str -- '-i'"]),
        (PathPattern(("/it's",)), ["acl x path -m str -- '/it'\\''s'"]),
        (
            HostHeader(("*.example.com",)),
            ["acl x req.hdr(host),host_only -i -m end -- '.example.com'"],
        ),
        (
            HttpHeader("User-Agent", ("?x*",)),
            ["acl x 'req.fhdr(User-Agent)' -i -m reg -- '^.x.*$'"],
        ),
        (RequestMethod(("GET", "PURGE")), ["acl x method -m str -- 'GET' 'PURGE'"]),
        (
            QueryString((("v", "1"),)),
            ["acl x query -i -m reg -- '(?:^|&)v=1(?:&|$)'"],
        ),
        (SourceIp(("10.1.2.3/8", "127.0.0.2/32")), ["acl x src 10.0.0.0/8 127.0.0.2/32"]),
    ],
)
def test_each_condition_to_the_letter(condition, lines: list[str]) -> None:
    assert acls("x", condition) == lines


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b"])
def test_what_would_end_a_line_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="configuration"):
        quoted(word)


PATTERNS = st.text(st.sampled_from("/aB.*?$-='"), min_size=1, max_size=6)
TEXTS = st.text(st.sampled_from("/aAbB.$-='x"), max_size=8)
PARTS = st.text(st.sampled_from("aBx.*?="), min_size=1, max_size=5)
QUERIES = st.text(st.sampled_from("aAbBx.=&"), max_size=10)


def _holds(line: str, text: str) -> bool:
    """What HAProxy makes of a line, for the samples used here."""
    method = re.search(r"-m (\w+) -- '(.*)'$", line, re.DOTALL)
    assert method is not None
    pattern = method[2].replace("'\\''", "'")
    if " -i " in line and method[1] != "reg":
        text, pattern = text.lower(), pattern.lower()
    match method[1]:
        case "str":
            return text == pattern
        case "beg":
            return text.startswith(pattern)
        case "end":
            return text.endswith(pattern)
        case "sub":
            return pattern in text
        case _:
            flags = re.IGNORECASE if " -i " in line else 0
            return re.search(pattern, text, flags) is not None


@given(PATTERNS, TEXTS)
def test_a_path_pattern_means_what_aws_means(pattern: str, text: str) -> None:
    condition = PathPattern((pattern,))
    [line] = acls("x", condition)

    assert _holds(line, f"/{text}") is matches(condition, Request(f"/{text}"))


@given(PATTERNS, TEXTS)
def test_a_header_pattern_means_what_aws_means(pattern: str, text: str) -> None:
    condition = HttpHeader("X", (pattern,))
    [line] = acls("x", condition)

    assert _holds(line, text) is matches(condition, Request(headers=(("X", text),)))


@given(st.none() | PARTS, PARTS, QUERIES)
def test_a_query_pattern_means_what_aws_means(key: str | None, value: str, query: str) -> None:
    if key is not None:
        key = key.replace("=", "")
    condition = QueryString(((key or None, value),))
    [line] = acls("x", condition)

    assert _holds(line, query) is matches(condition, Request(f"/?{query}"))
