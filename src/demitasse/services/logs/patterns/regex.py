r"""Regular expressions, between percent signs as filter patterns have them: ``%ERR-\d{3}|[Ff]ail%``.

AWS: "Supported regular expressions (regex) syntax": letters, digits and a few symbols, classes,
``^ $ ? * + {m,n} | .`` and escapes; no groups. Without groups an automaton is small, and its time
is that of the text's length, whatever the expression: nobody's pattern holds up the platform.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demitasse.services.logs.patterns.refusal import invalid

_PLAIN = frozenset(string.ascii_letters + string.digits + ":_#=@/;,-")
_OPERATORS = frozenset("?{}|*+.$")  # in a class they are characters like others
_DIGITS = frozenset(string.digits)
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_SPACE = frozenset(string.whitespace)
_ESCAPES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_COUNT = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}")
_MOST_ITEMS = 1000
_MOST_KNOWN = 10_000

Place = tuple[int, int]
"""An alternative, and how many of its items lie behind."""


@dataclass(frozen=True, slots=True)
class _Characters:
    """Which characters fit; ``but``: all others do."""

    these: frozenset[str]
    but: bool = False

    def fit(self, character: str) -> bool:
        """Whether this character does."""
        return (character in self.these) is not self.but


@dataclass(frozen=True, slots=True)
class _Item:
    """One character of the text: it may be missing, or come again."""

    characters: _Characters
    optional: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Alternative:
    items: tuple[_Item, ...]
    at_start: bool
    at_end: bool


def compiled(expression: str) -> Callable[[str], bool]:
    """Whether the expression (without its percent signs) is found in a text."""
    return _Automaton(list(_Reader(expression).alternatives())).found_in


class _Reader:
    """An expression, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._items = text, 0, 0

    def alternatives(self) -> Iterator[_Alternative]:
        """What stands between bars. ``InvalidParameterException``."""
        yield self._alternative()
        while self._taken("|"):
            yield self._alternative()
        if self._at < len(self._text):
            raise invalid()

    def _alternative(self) -> _Alternative:
        at_start = self._taken("^")
        items: list[_Item] = []
        while self._at < len(self._text) and self._text[self._at] not in "|$":
            items += self._repeated(self._characters())
        at_end = self._taken("$")
        if not (items or at_start or at_end):
            raise invalid()
        return _Alternative(tuple(items), at_start, at_end)

    def _repeated(self, characters: _Characters) -> list[_Item]:
        low, high = self._count()
        once, maybe = _Item(characters), _Item(characters, optional=True)
        rest = [_Item(characters, optional=True, again=True)] if high is None else []
        self._items += high or low + 1
        if self._items > _MOST_ITEMS:
            raise invalid()
        return [once] * low + ([maybe] * (high - low) if high is not None else rest)

    def _count(self) -> tuple[int, int | None]:
        for sign, count in (("?", (0, 1)), ("*", (0, None)), ("+", (1, None))):
            if self._taken(sign):
                return count
        match = _COUNT.match(self._text, self._at)
        if match is None:
            return 1, 1
        self._at = match.end()
        low = int(match[1])
        high = low if match[2] is None else int(match[3]) if match[3] else None
        if high is not None and high < low:
            raise invalid()
        return low, high

    def _characters(self) -> _Characters:
        if self._taken("."):
            return _Characters(frozenset(), but=True)
        if self._taken("["):
            return self._class()
        return self._character()

    def _character(self, also: frozenset[str] = frozenset()) -> _Characters:
        character = self._next()
        if character == "\\":
            return self._escaped()
        if character not in _PLAIN | also:
            raise invalid()
        return _Characters(frozenset(character))

    def _escaped(self) -> _Characters:
        character = self._next()
        if character.lower() in _ESCAPES:
            return _Characters(_ESCAPES[character.lower()], but=character.isupper())
        if character == "x":
            digits = self._next() + self._next()
            if not set(digits) <= set(string.hexdigits):
                raise invalid()
            return _Characters(frozenset(chr(int(digits, 16))))
        if character not in string.punctuation:
            raise invalid()
        return _Characters(frozenset(character))

    def _class(self) -> _Characters:
        but = self._taken("^")
        these: set[str] = set()
        while not self._taken("]"):
            one = self._character(also=_OPERATORS)
            if one.but:
                raise invalid()
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 :][:1] != "]":
                self._at += 1
                last = self._character()
                if len(one.these) != 1 or len(last.these) != 1 or last.but:
                    raise invalid()
                (low,), (high,) = one.these, last.these
                if low > high:
                    raise invalid()
                these |= {chr(code) for code in range(ord(low), ord(high) + 1)}
            else:
                these |= one.these
        if not these:
            raise invalid()
        return _Characters(frozenset(these), but)

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise invalid()
        self._at += 1
        return self._text[self._at - 1]

    def _taken(self, character: str) -> bool:
        taken = self._text.startswith(character, self._at)
        self._at += taken
        return taken


class _State:
    """All places in which a text can be at once, and what is known of what follows."""

    def __init__(self, places: frozenset[Place], *, found: bool, found_at_end: bool) -> None:
        self.places = places
        self.found = found
        self.found_at_end = found_at_end
        self.following: dict[str, _State] = {}


class _Automaton:
    """The states that texts have led to so far."""

    def __init__(self, alternatives: list[_Alternative]) -> None:
        self._alternatives = alternatives
        anywhere = [(n, 0) for n, each in enumerate(alternatives) if not each.at_start]
        self._anew = self._reached(anywhere)
        self._states: dict[frozenset[Place], _State] = {}
        self._begun = self._state(self._reached([(n, 0) for n in range(len(alternatives))]))

    def found_in(self, text: str) -> bool:
        """Whether some part of the text is what the expression says."""
        state = self._begun
        for character in text:
            if state.found:
                return True
            state = state.following.get(character) or self._follow(state, character)
        return state.found or state.found_at_end

    def _follow(self, state: _State, character: str) -> _State:
        after: list[Place] = []
        for alternative, at in state.places:
            items = self._alternatives[alternative].items
            if at < len(items) and items[at].characters.fit(character):
                after.append((alternative, at if items[at].again else at + 1))
        following = self._state(self._reached(after) | self._anew)
        if len(state.following) < _MOST_KNOWN:
            state.following[character] = following
        return following

    def _reached(self, places: list[Place]) -> frozenset[Place]:
        """These places, and those behind items that may be missing."""
        found: set[Place] = set()
        for alternative, start in places:
            items, at = self._alternatives[alternative].items, start
            found.add((alternative, at))
            while at < len(items) and items[at].optional:
                at += 1
                found.add((alternative, at))
        return frozenset(found)

    def _state(self, places: frozenset[Place]) -> _State:
        known = self._states.get(places)
        if known is not None:
            return known
        ends = [
            self._alternatives[alternative].at_end
            for alternative, at in places
            if at == len(self._alternatives[alternative].items)
        ]
        state = _State(places, found=False in ends, found_at_end=True in ends)
        if len(self._states) < _MOST_KNOWN:
            self._states[places] = state
        return state
