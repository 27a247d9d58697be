from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.errors import NotSupported, ServiceError
from demitasse.services.logs.patterns import compiled
from demitasse.services.logs.patterns.json import like

LINE = (
    '{"level": "ERROR", "status": 503, "time": 1.5, "ok": false, "user": null, "path": "/admin/x",'
    ' "request": {"id": "a-1", "tags": ["red", {"name": "blue"}]}, "odd key": 1, "address":'
    ' "10.0.3.7"}'
)


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ('""', "anything", True),
        ("ERROR", "an ERROR occurred", True),
        ("ERROR", "an error occurred", False),
        ("ERROR occurred", "occurred an ERROR", True),
        ("ERROR occurred", "ERROR alone", False),
        ('"an ERROR"', "an ERROR", True),
        ('"an ERROR"', "ERROR an", False),
        ('"say \\"x\\""', 'say "x"', True),
        ("ERROR -Exiting", "ERROR", True),
        ("ERROR -Exiting", "ERROR Exiting", False),
        ('-"GET /health"', "GET /health 200", False),
        ('-"GET /health"', "GET / 200", True),
        ("?ERROR ?WARN", "WARN", True),
        ("?ERROR ?WARN", "INFO", False),
        ('?"not found" ?WARN -old', "not found", True),
        ('?"not found" ?WARN -old', "old not found", False),
    ],
)
def test_terms(pattern: str, message: str, matches: bool) -> None:
    assert compiled(pattern)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.level = "ERROR" }', True),
        ("{ $.level = ERROR }", True),
        ("{$.level=ERR*}", True),
        ('{ $.level = "*ROR" }', True),
        ('{ $.level != "INFO" }', True),
        ('{ $.level != "ERROR" }', False),
        ('{ $.none != "ERROR" }', False),
        ("{ $.status = 503 }", True),
        ("{ $.status = 5* }", True),
        ("{ $.status != 503 }", False),
        ("{ $.status >= 500 }", True),
        ("{ $.status < 503 }", False),
        ("{ $.time > 1.4e0 }", True),
        ("{ $.level > 1 }", False),
        ("{ $.ok IS FALSE }", True),
        ("{ $.ok is true }", False),
        ("{ $.user IS NULL }", True),
        ("{ $.none IS NULL }", False),
        ("{ $.none NOT EXISTS }", True),
        ("{ $.user NOT EXISTS }", False),
        ('{ $.request.id = "a-1" }', True),
        ("{ $.request.tags[0] = red }", True),
        ("{ $.request.tags[1].name = blue }", True),
        ("{ $.request.tags[2] = red }", False),
        ("{ $['odd key'] = 1 }", True),
        ("{ $.address = 10.0.* }", True),
        ("{ $.path = /admin/* }", True),
        ('{ $.level = "INFO" || $.status = 503 }', True),
        ('{ $.level = "INFO" || $.level = "X" && $.status = 503 }', False),
        ('{ ($.level = "INFO" || $.level = "ERROR") && $.status = 503 }', True),
        ('{ $.status = 503 && ($.level = "INFO" || $.ok IS TRUE) }', False),
    ],
)
def test_json(pattern: str, matches: bool) -> None:
    assert compiled(pattern)(LINE) is matches


@pytest.mark.parametrize("message", ["level = ERROR", "{", '{"level": ', "[1]", '"x"', "{" * 9999])
def test_what_is_no_json_object_never_matches(message: str) -> None:
    assert not compiled("{ $.none NOT EXISTS }")(message)


@pytest.mark.parametrize(
    "pattern",
    [
        '"open',
        "a@b",
        "-",
        "{",
        "{}",
        "{ level = 1 }",
        "{ $.a }",
        "{ $.a = }",
        "{ $.a = 1 ",
        "{ $.a = 1 } x",
        "{ $.a = 1 && }",
        "{ $.a > text }",
        "{ $.a IS MAYBE }",
        "{ $.a NOT THERE }",
        "{ $.a = $.b }",
        "{" + "(" * 200 + "$.a = 1" + ")" * 200 + "}",
    ],
)
def test_wrong_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ServiceError) as refused:
        compiled(pattern)
    assert refused.value.code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["[ip, user]", "%ERR.*%", "{ $.a = %x% }", "{ $.a[*] = 1 }"])
def test_patterns_that_are_not_carried_out_are_refused_by_name(pattern: str) -> None:
    with pytest.raises(NotSupported):
        compiled(pattern)


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_like_is_what_a_regular_expression_says(pattern: str, text: str) -> None:
    wanted = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert like(text, pattern) is wanted


@given(st.text(max_size=40))
def test_no_pattern_breaks_anything(pattern: str) -> None:
    try:
        matches = compiled(pattern)
    except ServiceError:
        return
    matches(LINE)


@given(st.text('{}()$.a=1&|!<>"*% []', max_size=30))
def test_no_pattern_of_json_breaks_anything(pattern: str) -> None:
    try:
        matches = compiled("{ $.a = 1 " + pattern)
    except ServiceError:
        return
    matches(LINE)
