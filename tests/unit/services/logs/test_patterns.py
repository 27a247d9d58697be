from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demitasse.errors import NotSupported, ServiceError
from demitasse.services.logs.patterns import compiled
from demitasse.services.logs.patterns.conditions import like

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
        ("{ $.request.tags[*] = red }", True),
        ("{ $.request.tags[*].name = blue }", True),
        ("{ $.request.tags[*].name = red }", False),
        ("{ $.request.* = a-1 }", True),
        ("{ $.level[*] = E }", False),
        ("{ $.request.none[*] NOT EXISTS }", True),
        ("{ $['odd key'] = 1 }", True),
        ("{ $.address = 10.0.* }", True),
        ("{ $.path = /admin/* }", True),
        (r"{ $.address = %10\.\d+\.3\.[0-9]% }", True),
        ("{ $.address != %^10% }", False),
        ("{ $.status = %5..% }", True),
        ("{ $.none != %x% }", False),
        ('{ $.level = "INFO" || $.status = 503 }', True),
        ('{ $.level = "INFO" || $.level = "X" && $.status = 503 }', False),
        ('{ ($.level = "INFO" || $.level = "ERROR") && $.status = 503 }', True),
        ('{ $.status = 503 && ($.level = "INFO" || $.ok IS TRUE) }', False),
    ],
)
def test_json(pattern: str, matches: bool) -> None:
    assert compiled(pattern)(LINE) is matches


ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code = 404, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes > 1000]", True),
        ("[ip, user, username, timestamp, request, status_code, bytes < 1000]", False),
        ("[ip, user, username, timestamp, request, status_code, bytes, more]", False),
        ("[ip, user, username, timestamp, request = *.html*, status_code, bytes]", True),
        ('[ip, user, username, timestamp = "10/Oct/2000:13:25:15 -0700", rest]', True),
        ("[ip=127.0.0.1, user!=Prod, rest]", False),
        ("[ip, user, rest]", True),
        (r"[ip=%127\.0\.0\.[1-9]%, user, ..., status_code = %^4\d\d$%, bytes]", True),
        ("[ip != %^127%, rest]", False),
        ("[ip, user, rest = *1534]", True),
        ("[ip]", True),
        ("[]", True),
        ("[..., bytes]", True),
        ("[..., status_code = 404 || status_code = 410, bytes]", True),
        ("[..., status_code > 400 && status_code != 404, bytes]", False),
        ("[..., (status_code = 404 || status_code = 410) && status_code < 500, bytes]", True),
        ("[ip = 127.*, ...]", True),
        ("[ip, ..., request, status_code = 404.0, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code, bytes, ...]", True),
        ("[ip, user, username, timestamp, ..., request, status_code, bytes, more]", False),
    ],
)
def test_words(pattern: str, matches: bool) -> None:
    assert compiled(pattern)(ACCESS) is matches


def test_the_last_field_is_the_rest_of_the_message() -> None:
    matches = compiled("[level = ERROR || level = WARNING, rest]")
    assert matches("WARNING 09/25/2014 12:00:02 Invalid user request")
    assert not matches("INFO 09/25/2014 12:00:02 Invalid user request")
    assert not matches("ERROR")


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
        "{ $.a[*].* = 1 }",
        "{ $.a > %x% }",
        "{ $.a = %x% || $.b = %x% || $.c = %x% }",
        "%%",
        "%a||b%",
        "%(a)%",
        "%a b%",
        "%é%",
        "%[z-a]%",
        "%[]%",
        "%a{2,1}%",
        "%a{9999}%",
        "%*a%",
        "%a^%",
        "%a$b%",
        r"%\q%",
        r"%\xz0%",
        "[",
        "[a",
        "[a] b",
        "[a b]",
        "[a = ]",
        "[a = 1 || b = 2]",
        "[a > text]",
        "[..., a, ...]",
        '[a, "b"]',
        "{" + "(" * 200 + "$.a = 1" + ")" * 200 + "}",
    ],
)
def test_wrong_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ServiceError) as refused:
        compiled(pattern)
    assert refused.value.code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["%ERR.*% more", "-%x%"])
def test_patterns_that_are_not_carried_out_are_refused_by_name(pattern: str) -> None:
    with pytest.raises(NotSupported):
        compiled(pattern)


@pytest.mark.parametrize(
    ("expression", "message", "found"),
    [
        ("AUTHORIZED", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("ERR-[0-9]{3}", "x ERR-404 y", True),
        ("ERR-[0-9]{3}", "x ERR-40 y", False),
        ("[Ee]rror|[Ff]ail", "it Failed", True),
        ("^it", "it is", True),
        ("^it", "as it is", False),
        ("is$", "as it is", True),
        ("is$", "is it", False),
        ("colou?r", "color", True),
        (r"\x41\.\D", "A.b", True),
        (r"[\w.-]+@\w+", "to joe.x@example", True),
        ("[^a-z]", "abc", False),
        ("ba*c", "baaaac", True),
        ("ba{2,}c", "bac", False),
        ("ba{2,3}c", "baaaac", False),
        ("^a?b?$", "abb", False),
    ],
)
def test_regular_expressions(expression: str, message: str, found: bool) -> None:
    assert compiled(f"%{expression}%")(message) is found


_characters = st.sampled_from(["a", "a", "b", "[ab]", "[^a]", ".", r"\W"])
_counts = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,}", "{0,2}"])
_branches = st.tuples(
    st.sampled_from(["", "^"]),
    st.lists(st.tuples(_characters, _counts).map("".join), min_size=1, max_size=4).map("".join),
    st.sampled_from(["", "$"]),
).map("".join)


@given(st.lists(_branches, min_size=1, max_size=2).map("|".join), st.text("ab.", max_size=8))
def test_an_expression_means_what_it_means_elsewhere(expression: str, text: str) -> None:
    elsewhere = re.compile(expression.replace("$", r"\Z"), re.ASCII | re.DOTALL)
    assert compiled(f"%{expression}%")(text) is (elsewhere.search(text) is not None)


def test_no_expression_takes_its_time() -> None:
    matches = compiled("%" + "a*" * 20 + "b%")
    assert not matches("a" * 50_000)


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


@pytest.mark.parametrize("start", ["{ $.a = 1 ", "[", "[a = 1 ", "%", "[a = %"])
@given(st.text('{}()$.a=1&|!<>"*% [],\\d-^+?', max_size=30))
def test_no_pattern_of_conditions_breaks_anything(start: str, pattern: str) -> None:
    try:
        matches = compiled(start + pattern)
    except ServiceError:
        return
    matches(LINE)
    matches(ACCESS)
