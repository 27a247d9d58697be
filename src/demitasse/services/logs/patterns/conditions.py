"""What patterns of JSON and of words have in common: conditions, joined by ``&&`` and ``||``."""

from __future__ import annotations

import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec

from demitasse.services.logs.patterns import regex
from demitasse.services.logs.patterns.refusal import invalid

Test = Callable[[Any], bool]
Token = tuple[str, str]

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DEEPEST = 30
_MOST_EXPRESSIONS = 2  # regular ones, in a pattern; AWS's quota
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Conditions(ABC):
    """The tokens of a pattern, read from left to right; ``&&`` binds more than ``||``."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @abstractmethod
    def one(self) -> Test:
        """Read one condition."""

    def either(self, depth: int = 0) -> Test:
        """Read conditions of which one must hold."""
        tests = [self._both(depth)]
        while self.taken("||"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda found: any(test(found) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._single(depth)]
        while self.taken("&&"):
            tests.append(self._single(depth))
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)

    def _single(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise invalid()
        if not self.taken("("):
            return self.one()
        test = self.either(depth + 1)
        self.expect(")")
        return test

    def next(self) -> Token:
        """The kind and the text of the next token."""
        if self._at >= len(self._tokens):
            raise invalid()
        self._at += 1
        return self._tokens[self._at - 1]

    def sees(self, *texts: str) -> bool:
        """Whether one of these operators is next."""
        return self._at < len(self._tokens) and self._tokens[self._at] in [
            ("operator", text) for text in texts
        ]

    def taken(self, text: str) -> bool:
        """Whether this operator is next; if so, it is passed."""
        seen = self.sees(text)
        self._at += seen
        return seen

    def expect(self, text: str) -> None:
        """Pass this operator, which must be next."""
        if not self.taken(text):
            raise invalid()

    def expect_end(self) -> None:
        """Refuse a pattern that goes on."""
        if self._at < len(self._tokens):
            raise invalid()


def tokens(text: str, pattern: re.Pattern[str]) -> list[Token]:
    """The tokens of a text: the groups of ``pattern`` by name, one after the other."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = pattern.match(text, at)
        if match is None or match.lastgroup is None:
            raise invalid()
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    if sum(kind == "regex" for kind, _ in found) > _MOST_EXPRESSIONS:
        raise invalid()
    return found


def comparison(sign: Token, value: Token) -> Test:
    """What compares a text or a number with the value of a condition."""
    (kind, sign_text), (given, text) = sign, value
    if kind != "operator":
        raise invalid()
    if given not in {"quoted", "word", "regex"}:
        raise invalid()
    if sign_text in _ORDER:
        if number_in(value) is None:
            raise invalid()
        return _ordered(_ORDER[sign_text], float(text))
    if sign_text not in {"=", "!="}:
        raise invalid()
    return _equal(value, wanted=sign_text == "=")


def number_in(value: Token) -> float | None:
    """The number that a condition's value is, if it is one."""
    kind, text = value
    return float(text) if kind == "word" and NUMBER.fullmatch(text) else None


def _ordered(compare: Callable[[Any, Any], bool], number: float) -> Test:
    return lambda found: _is_number(found) and compare(found, number)


def _equal(value: Token, *, wanted: bool) -> Test:
    """Equal, as a number or as a text in which ``*`` stands for anything.

    What is no single value is neither equal nor unequal.
    """
    kind, text = value
    if kind == "regex":
        described = regex.compiled(text[1:-1])
        return lambda found: (
            isinstance(found, str | int | float) and described(_text(found)) is wanted
        )
    if kind == "quoted":
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    number = number_in(value)

    def test(found: Any) -> bool:
        if _is_number(found):
            if number is not None:
                return (found == number) is wanted
            return like(_text(found), text) is wanted
        return isinstance(found, str) and like(found, text) is wanted

    return test


def _text(found: str | float) -> str:
    return found if isinstance(found, str) else msgspec.json.encode(found).decode()


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
