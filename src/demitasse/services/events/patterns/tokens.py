"""JSON as tokens that know their place, so that an error can say where.

AWS compiles patterns with the open-source Event Ruler on the Jackson parser; its errors give the
place at which that parser stands: behind a token, but just inside of a string's opening quote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_$]+")
_LITERALS = {"true": True, "false": False, "null": None}
_EXPECTED = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
_SHOWN = 500
_DEEPEST = 100


class PatternError(ValueError):
    """A pattern that is none; its text is the reason in AWS's words."""


class Token(NamedTuple):
    """``kind`` is one of ``{ } [ ]``, ``name``, ``string``, ``number``, ``literal``."""

    kind: str
    value: Any
    end: int  # the offset at which the parser stands


class Tokens:
    """A text's tokens, one after the other. Raises ``PatternError`` where it is no JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._all = self._walk()
        self.last = Token("", None, 0)

    def next(self) -> Token:
        """The next token."""
        self.last = next(self._all, Token("end", None, len(self._text)))
        return self.last

    def failure(self, message: str, at: int | None = None) -> PatternError:
        """What is wrong with the pattern at the place of the last token (or at the offset ``at``)."""
        offset = self.last.end if at is None else at
        before = self._text[:offset]
        line = before.count("\n") + 1
        column = offset - (before.rfind("\n") + 1) + 1
        shown = f'"{self._text[:_SHOWN]}"'
        if len(self._text) > _SHOWN:
            shown += f"[truncated {len(self._text) - _SHOWN} chars]"
        return PatternError(
            f"{message}\n at [Source: (String){shown}; line: {line}, column: {column}]"
        )

    def _walk(self) -> Iterator[Token]:
        at = yield from self._value(0, 0)
        at = self._skip(at)
        if at < len(self._text):
            raise self._unexpected(at, f"expected a valid value ({_EXPECTED})")

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        assert match is not None  # noqa: S101 - it matches nothing as well
        return match.end()

    def _value(self, at: int, depth: int) -> Any:
        """Give the tokens of the value that begins at an offset; the offset behind it."""
        at = self._skip(at)
        first = self._text[at : at + 1]
        if depth > _DEEPEST:
            raise self.failure("Nested too deeply", at)
        if first == "{":
            yield Token("{", None, at + 1)
            return (yield from self._members(at + 1, depth))
        if first == "[":
            yield Token("[", None, at + 1)
            return (yield from self._elements(at + 1, depth))
        if first == '"':
            value, end = self._string(at)
            yield Token("string", value, at + 1)
            return end
        number = _NUMBER.match(self._text, at)
        if number is not None:
            yield Token("number", json.loads(number[0]), number.end())
            return number.end()
        word = _WORD.match(self._text, at)
        if word is not None and word[0] in _LITERALS:
            yield Token("literal", _LITERALS[word[0]], word.end())
            return word.end()
        if word is not None:
            raise self.failure(
                f"Unrecognized token '{word[0]}': was expecting ({_EXPECTED})", word.end()
            )
        raise self._unexpected(at, f"expected a valid value ({_EXPECTED})")

    def _members(self, at: int, depth: int) -> Any:
        at = self._skip(at)
        more = self._text[at : at + 1] != "}"
        while more:
            if self._text[at : at + 1] != '"':
                raise self._unexpected(at, "was expecting double-quote to start field name")
            name, at = self._string(at)
            at = self._skip(at)
            if self._text[at : at + 1] != ":":
                raise self._unexpected(at, "was expecting a colon to separate field name and value")
            at = self._skip(at + 1)
            yield Token("name", name, at + 1)
            at = self._skip((yield from self._value(at, depth + 1)))
            more = self._text[at : at + 1] == ","
            if more:
                at = self._skip(at + 1)
            elif self._text[at : at + 1] != "}":
                raise self._unexpected(at, "was expecting comma to separate Object entries")
        yield Token("}", None, at + 1)
        return at + 1

    def _elements(self, at: int, depth: int) -> Any:
        at = self._skip(at)
        more = self._text[at : at + 1] != "]"
        while more:
            at = self._skip((yield from self._value(at, depth + 1)))
            more = self._text[at : at + 1] == ","
            if more:
                at += 1
            elif self._text[at : at + 1] != "]":
                raise self._unexpected(at, "was expecting comma to separate Array entries")
        yield Token("]", None, at + 1)
        return at + 1

    def _string(self, at: int) -> tuple[str, int]:
        match = _STRING.match(self._text, at)
        if match is None:
            raise self.failure(
                "Unexpected end-of-input: was expecting closing quote for a string value", at
            )
        return json.loads(match[0]), match.end()

    def _unexpected(self, at: int, expected: str) -> PatternError:
        found = self._text[at : at + 1]
        if not found:
            return self.failure("Unexpected end-of-input", at)
        return self.failure(
            f"Unexpected character ('{found}' (code {ord(found)})): {expected}", at + 1
        )
