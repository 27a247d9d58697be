"""Patterns of JSON: ``{ $.level = "ERROR" && ($.status >= 500 || $.user NOT EXISTS) }``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from demitasse.services.logs.patterns.conditions import (
    Conditions,
    Test,
    comparison,
    tokens,
)
from demitasse.services.logs.patterns.refusal import invalid

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<selector>\$(?:\.(?:[\w@-]+|\*)|\[\s*(?:\d+|\*|"[^"]*"|'[^']*')\s*\])+)
      | (?P<operator>&&|\|\||!=|<=|>=|[=<>(){}])
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<regex>%[^%]*%)
      | (?P<word>[^\s(){}&|=!<>"%$]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.([\w@-]+)|\[\s*(\d+)\s*\]|(\.\*|\[\s*\*\s*\])|\[\s*(["'])(.*?)\4\s*\]""")
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}

Step = str | int | None
"""A member's name, an element's number, or ``None`` for each of them."""


def compiled(text: str) -> Callable[[str], bool]:
    """Whether a message is a JSON object that the pattern describes."""
    test = _Pattern(tokens(text, _TOKEN)).whole()

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            document = msgspec.json.decode(message)
        except (msgspec.DecodeError, RecursionError):
            return False
        return test(document)

    return matches


class _Pattern(Conditions):
    def whole(self) -> Test:
        self.expect("{")
        test = self.either()
        self.expect("}")
        self.expect_end()
        return test

    def one(self) -> Test:
        """``$.member``, and what must be true of it: where ``*`` finds several, of one of them."""
        kind, text = self.next()
        if kind != "selector":
            raise invalid()
        steps = _steps(text)
        sign = self.next()
        if sign[0] == "word" and sign[1].upper() == "NOT":
            if self.next()[1].upper() != "EXISTS":
                raise invalid()
            return lambda document: not any(True for _ in _values(document, steps))
        if sign[0] == "word" and sign[1].upper() == "IS":
            test = _is(self.next()[1].upper())
        else:
            test = comparison(sign, self.next())
        return lambda document: any(map(test, _values(document, steps)))


def _steps(selector: str) -> list[Step]:
    steps: list[Step] = []
    for name, index, each, _quote, quoted in _STEP.findall(selector):
        steps.append(int(index) if index else None if each else name or quoted)
    if steps.count(None) > 1:
        raise invalid()
    return steps


def _values(document: Any, steps: Sequence[Step]) -> Iterator[Any]:
    for number, step in enumerate(steps):
        if step is None:
            rest = steps[number + 1 :]
            inside = document.values() if isinstance(document, dict) else document
            for each in inside if isinstance(document, dict | list) else ():
                yield from _values(each, rest)
            return
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return
        elif not isinstance(document, dict) or step not in document:
            return
        document = document[step]
    yield document


def _is(word: str) -> Test:
    if word not in _CONSTANTS:
        raise invalid()
    return lambda found: found is _CONSTANTS[word]
