"""AWS's routing in plain Python, which HAProxy's is compared with in the contract tests."""

from __future__ import annotations

import pytest

from demitasse.engines.traffic.conditions import (
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    RequestMethod,
    SourceIp,
)
from demitasse.engines.traffic.routing import Request, action_for, matches
from demitasse.engines.traffic.spec import FixedResponse, Listener, Rule


@pytest.mark.parametrize(
    ("condition", "request_", "fits"),
    [
        (PathPattern(("/img/*",)), Request("/img/"), True),
        (PathPattern(("/img/*",)), Request("/img/a/b?c"), True),
        (PathPattern(("/img/*",)), Request("/IMG/a"), False),
        (PathPattern(("/a?c",)), Request("/abc"), True),
        (PathPattern(("/a?c",)), Request("/ac?c"), False),
        (PathPattern(("/a.c",)), Request("/abc"), False),
        (PathPattern(("/x", "/y")), Request("/y"), True),
        (PathPattern(("*.html",)), Request("/a.html?b"), True),
        (HostHeader(("*.Example.com",)), Request(headers=(("Host", "a.eXample.com:80"),)), True),
        (HostHeader(("*.example.com",)), Request(headers=(("host", "example.com"),)), False),
        (HostHeader(("example.com",)), Request(), False),
        (
            HttpHeader("User-Agent", ("*Chrome*",)),
            Request(headers=(("user-agent", "x chrome"),)),
            True,
        ),
        (HttpHeader("X", ("a", "b")), Request(headers=(("X", "c"), ("x", "B"))), True),
        (HttpHeader("X", ("*",)), Request(), False),
        (RequestMethod(("GET", "PUT")), Request(method="PUT"), True),
        (RequestMethod(("GET",)), Request(method="get"), False),
        (QueryString((("v", "1"),)), Request("/?a=b&V=1"), True),
        (QueryString((("v", "1"),)), Request("/?v=12"), False),
        (QueryString((("v*", "?"),)), Request("/?vvv=1"), True),
        (QueryString(((None, "*ex*"),)), Request("/?a=an+example"), True),
        (QueryString(((None, "flag"),)), Request("/?flag"), True),
        (QueryString(((None, "flag"),)), Request("/?flag=1"), False),
        (QueryString((("v", "*"),)), Request("/?v"), True),
        (QueryString(((None, "*"),)), Request("/"), False),
        (SourceIp(("10.0.0.0/8", "127.0.0.2/32")), Request(client="127.0.0.2"), True),
        (SourceIp(("10.0.0.0/8",)), Request(client="127.0.0.2"), False),
    ],
)
def test_a_condition_fits_as_aws_says(condition, request_: Request, fits: bool) -> None:
    assert matches(condition, request_) is fits


def test_the_first_rule_whose_conditions_all_hold_acts() -> None:
    first, second, default = FixedResponse(201), FixedResponse(202), FixedResponse(404)
    listener = Listener(
        80,
        default,
        (
            Rule(9, (PathPattern(("/a*",)),), second),
            Rule(1, (PathPattern(("/a*",)), RequestMethod(("PUT",))), first),
        ),
    )

    assert action_for(listener, Request("/a", "PUT")) == first
    assert action_for(listener, Request("/a")) == second
    assert action_for(listener, Request("/b")) == default
