"""Patterns of words between spaces: ``[address, ..., status >= 500 || status = 4*, bytes]``.

Each field is one word of the message, or what stands between double quotes or brackets; ``...`` is
any number of them. Without ``...`` the last field is all that is left of the message, as AWS's
``[level = ERROR, rest]`` has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from demitasse.services.logs.patterns.conditions import (
    NUMBER,
    Conditions,
    Test,
    comparison,
    number_in,
    tokens,
)
from demitasse.services.logs.patterns.refusal import invalid

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<ellipsis>\.\.\.)
      | (?P<operator>&&|\|\||!=|<=|>=|[=<>(),\[\]])
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<regex>%[^%]*%)
      | (?P<word>[^\s(),&|=!<>"%\[\]]+)
    )""",
    re.VERBOSE,
)
_FIELD = re.compile(r'\s*(?:"([^"]{0,9999})"|\[([^\]]{0,9999})\]|(\S+))(?=\s|$)')


def compiled(text: str) -> Callable[[str], bool]:
    """Whether a message has the fields that the pattern describes."""
    before, after = _Pattern(tokens(text, _TOKEN)).whole()

    def matches(message: str) -> bool:
        fields = _fields(message, None if after is not None else len(before))
        behind = after or []
        if len(fields) < len(before) + len(behind):
            return False
        last = fields[len(fields) - len(behind) :]
        return all(
            test(field)
            for test, field in (*zip(before, fields, strict=False), *zip(behind, last, strict=True))
        )

    return matches


class _Pattern(Conditions):
    _name = ""

    def whole(self) -> tuple[list[Test], list[Test] | None]:
        """The fields before ``...``, and those after it: ``None`` where there is no ``...``."""
        before: list[Test] = []
        after: list[Test] | None = None
        self.expect("[")
        while True:
            if self._ellipsis():
                if after is not None:
                    raise invalid()
                after = []
            else:
                (before if after is None else after).append(self._field())
            if not self.taken(","):
                break
        self.expect("]")
        self.expect_end()
        return before, after

    def _ellipsis(self) -> bool:
        seen = self._at < len(self._tokens) and self._tokens[self._at][0] == "ellipsis"
        self._at += seen
        return seen

    def _field(self) -> Test:
        """A field's name alone, or conditions of it."""
        self._name = ""
        if self.sees(",", "]"):
            return lambda _field: True  # it has no name, either
        test = self.either()
        if not self.sees(",", "]"):
            raise invalid()
        return test

    def one(self) -> Test:
        """``name``, or ``name = value``; all conditions of a field call it by one name."""
        kind, name = self.next()
        if kind != "word" or self._name not in {"", name}:
            raise invalid()
        self._name = name
        if self.sees(",", "]"):
            return lambda _field: True
        sign, value = self.next(), self.next()
        test = comparison(sign, value)
        if number_in(value) is None:
            return test
        return lambda field: test(float(field) if NUMBER.fullmatch(field) else field)


def _fields(message: str, most: int | None) -> list[str]:
    """The fields of a message; when there are more than ``most``, the last one is the rest."""
    found: list[str] = []
    at = 0
    while match := _FIELD.match(message, at):
        if most is not None and len(found) == most - 1 and message[match.end() :].strip():
            return [*found, message[at:].strip()]
        found.append(next(group for group in match.groups() if group is not None))
        at = match.end()
    return found
