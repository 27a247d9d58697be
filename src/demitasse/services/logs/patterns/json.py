"""Patterns of JSON: ``{ $.level = "ERROR" && ($.status >= 500 || $.user NOT EXISTS) }``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from demitasse.errors import NotSupported, ServiceError

Test = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<selector>\$(?:\.[\w@*-]+|\[\s*(?:\d+|\*|"[^"]*"|'[^']*')\s*\])+)
      | (?P<operator>&&|\|\||!=|<=|>=|[=<>(){}])
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<regex>%[^%]*%)
      | (?P<word>[^\s(){}&|=!<>"%$]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.([\w@*-]+)|\[\s*(?:(\d+)|(\*)|"([^"]*)"|'([^']*)')\s*\]""")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DEEPEST = 30
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NOWHERE: Final = object()


def compiled(text: str) -> Callable[[str], bool]:
    """Whether a message is a JSON object that the pattern describes."""
    test = _Pattern(text).whole()

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            document = msgspec.json.decode(message)
        except (msgspec.DecodeError, RecursionError):
            return False
        return test(document)

    return matches


class _Pattern:
    """One pattern, read from left to right; ``&&`` binds more than ``||``."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def whole(self) -> Test:
        self._expect("{")
        test = self._either(0)
        self._expect("}")
        if self._at < len(self._tokens):
            raise _invalid()
        return test

    def _either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self._taken("||"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda document: any(t(document) for t in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._taken("&&"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda document: all(t(document) for t in tests)

    def _one(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise _invalid()
        if self._taken("("):
            test = self._either(depth + 1)
            self._expect(")")
            return test
        kind, text = self._next()
        if kind != "selector":
            raise _invalid()
        return self._comparison(_steps(text))

    def _comparison(self, steps: Sequence[str | int]) -> Test:
        kind, text = self._next()
        if kind == "word" and text.upper() == "IS":
            return _is(steps, self._next()[1].upper())
        if kind == "word" and text.upper() == "NOT":
            if self._next()[1].upper() != "EXISTS":
                raise _invalid()
            return lambda document: _value(document, steps) is _NOWHERE
        if kind != "operator":
            raise _invalid()
        given, value = self._next()
        if given == "regex":
            raise NotSupported(
                "FilterLogEvents with a regular expression (%...%) in its filterPattern"
            )
        if given not in {"quoted", "word"}:
            raise _invalid()
        if text in _ORDER:
            return _ordered(steps, _ORDER[text], given, value)
        if text not in {"=", "!="}:
            raise _invalid()
        return _equal(steps, given, value, wanted=text == "=")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _invalid()
        self._at += 1
        return self._tokens[self._at - 1]

    def _taken(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("operator", text):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            raise _invalid()


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _invalid()
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _steps(selector: str) -> list[str | int]:
    steps: list[str | int] = []
    for name, index, every, double, single in _STEP.findall(selector):
        if every or "*" in name:
            raise NotSupported("FilterLogEvents with a selector of every element (*)")
        steps.append(int(index) if index else name or double or single)
    return steps


def _value(document: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return _NOWHERE
            document = document[step]
        else:
            if not isinstance(document, dict) or step not in document:
                return _NOWHERE
            document = document[step]
    return document


def _is(steps: Sequence[str | int], word: str) -> Test:
    known = {"TRUE": True, "FALSE": False, "NULL": None}
    if word not in known:
        raise _invalid()
    return lambda document: _value(document, steps) is known[word]


def _ordered(
    steps: Sequence[str | int], compare: Callable[[Any, Any], bool], given: str, value: str
) -> Test:
    if given == "quoted" or not _NUMBER.fullmatch(value):
        raise _invalid()
    number = float(value)

    def test(document: Any) -> bool:
        found = _value(document, steps)
        return _is_number(found) and compare(found, number)

    return test


def _equal(steps: Sequence[str | int], given: str, value: str, *, wanted: bool) -> Test:
    """Equal, as a number or as a text in which ``*`` stands for anything.

    What is not there, or is no single value, is neither equal nor unequal.
    """
    text = re.sub(r"\\(.)", r"\1", value[1:-1]) if given == "quoted" else value
    number = float(value) if given == "word" and _NUMBER.fullmatch(value) else None

    def test(document: Any) -> bool:
        found = _value(document, steps)
        if _is_number(found) and number is not None:
            return (found == number) is wanted
        if isinstance(found, str):
            return like(found, text) is wanted
        if _is_number(found):
            return like(msgspec.json.encode(found).decode(), text) is wanted
        return False

    return test


def like(found: str, pattern: str) -> bool:
    """Whether a text is the pattern, in which every ``*`` stands for any characters."""
    first, *rest = pattern.split("*")
    if not rest:
        return found == pattern
    if not found.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        place = found.find(part, at)
        if place < 0:
            return False
        at = place + len(part)
    return len(found) - at >= len(rest[-1]) and found.endswith(rest[-1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _invalid() -> ServiceError:
    return ServiceError("InvalidParameterException", "Invalid filter pattern")
