"""A compiled pattern, and whether an event matches it.

The rules are those of the EventBridge user guide ("Comparison operators for use in event
patterns"): every field of the pattern must be in the event, with one of the values listed; an
array in the event matches by any of its elements, and fields of one array's objects must match in
the same object; fields that the pattern does not name do not matter.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Matcher = Callable[[Any], bool]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The values that a field may have; ``absent``: it may as well not be there."""

    matchers: tuple[Matcher, ...]
    absent: bool = False
    exact: tuple[Any, ...] | None = None
    """The values, when nothing but exact ones are listed."""


@dataclass(frozen=True, slots=True)
class Node:
    """Fields that must all match; and of each of the ``$or``s one alternative."""

    fields: tuple[tuple[str, Node | Leaf], ...]
    alternatives: tuple[tuple[Node, ...], ...] = ()

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether an event is one that the pattern is for."""
        return _matches(self, event, event, ())

    def exact(self, name: str) -> tuple[Any, ...] | None:
        """The values of a top-level field outside of ``$or``, when only exact ones are listed."""
        found = dict(self.fields).get(name)
        return found.exact if isinstance(found, Leaf) else None


def _matches(node: Node, value: Any, event: Any, path: Path) -> bool:
    if isinstance(value, list | tuple):
        return any(_matches(node, each, event, path) for each in value or ({},))
    here = value if isinstance(value, dict) else {}
    for name, wanted in node.fields:
        if isinstance(wanted, Node):
            if not _matches(wanted, here.get(name), event, (*path, name)):
                return False
        elif not _leaf_matches(wanted, here.get(name, _MISSING), event, (*path, name)):
            return False
    return all(
        any(_matches(each, value, event, path) for each in choices) for choices in node.alternatives
    )


def _leaf_matches(leaf: Leaf, value: Any, event: Any, path: Path) -> bool:
    if any(matcher(each) for each in _leaves(value) for matcher in leaf.matchers):
        return True
    return leaf.absent and not any(True for _ in _found(event, path))


_MISSING: Any = object()


def _leaves(value: Any) -> Iterator[Any]:
    """The plain values in a field: those of an array, also of arrays in it; objects are none."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    elif value is not _MISSING and not isinstance(value, dict):
        yield value


def _found(value: Any, path: Path) -> Iterator[Any]:
    """All plain values under a path, whichever elements of arrays they are in."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _found(each, path)
    elif not path:
        yield from _leaves(value)
    elif isinstance(value, dict) and path[0] in value:
        yield from _found(value[path[0]], path[1:])


# matchers


def is_number(value: Any) -> bool:
    """Whether a value is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equals(wanted: Any) -> Matcher:
    """Exactly this string, number, true, false or null."""
    if is_number(wanted):
        return lambda value: is_number(value) and value == wanted
    if isinstance(wanted, str):
        return lambda value: isinstance(value, str) and value == wanted
    return lambda value: value is wanted


def exists(value: Any) -> bool:
    """Any value at all."""
    return value is not _MISSING


def is_not(*matchers: Matcher) -> Matcher:
    """A value that none of the matchers matches."""
    return lambda value: not any(matcher(value) for matcher in matchers)


def prefix(wanted: str) -> Matcher:
    """A string that begins so."""
    return lambda value: isinstance(value, str) and value.startswith(wanted)


def suffix(wanted: str) -> Matcher:
    """A string that ends so."""
    return lambda value: isinstance(value, str) and value.endswith(wanted)


def equals_ignore_case(wanted: str) -> Matcher:
    """The same string but for its case."""
    folded = wanted.casefold()
    return lambda value: isinstance(value, str) and value.casefold() == folded


def prefix_ignore_case(wanted: str) -> Matcher:
    """A string that begins so but for its case."""
    folded = wanted.casefold()
    return lambda value: isinstance(value, str) and value.casefold().startswith(folded)


def suffix_ignore_case(wanted: str) -> Matcher:
    """A string that ends so but for its case."""
    folded = wanted.casefold()
    return lambda value: isinstance(value, str) and value.casefold().endswith(folded)


def within(
    low: float | None, high: float | None, *, open_low: bool = False, open_high: bool = False
) -> Matcher:
    """A number between two bounds (``None``: unbounded)."""

    def match(value: Any) -> bool:
        if not is_number(value):
            return False
        above = low is None or value > low or (value == low and not open_low)
        below = high is None or value < high or (value == high and not open_high)
        return above and below

    return match


def cidr(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Matcher:
    """A string that is an address of a network."""

    def match(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return match


def wildcard(parts: tuple[str, ...]) -> Matcher:
    """A string made of these parts in their order, with any characters between two of them.

    Looked for part by part, so that no text takes more than its length many steps.
    """
    first, *middle = parts
    if not middle:
        return equals(first)
    last = middle.pop()

    def match(value: Any) -> bool:
        if not isinstance(value, str) or not value.startswith(first):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return at <= end and value.endswith(last)

    return match
