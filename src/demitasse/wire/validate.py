"""Checks inputs against the constraints of the model, compiled once per shape.

Required members, enums, lengths, ranges, patterns and unions. Everything wrong is collected, as
AWS does; the texts are made in ``refusals``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demitasse.wire import patterns
from demitasse.wire.problems import HIDDEN, Kind, Problem
from demitasse.wire.shapes import Ref, ServiceModel, Shape

Check = Callable[[Any, str, list[Problem]], None]
"""Adds to the list what is wrong with the value at the path."""


class Validators:
    """Compiles, once per shape, the checks of one service's inputs."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._known: dict[str, Check | None] = {}

    def input(self, shape: str) -> Check | None:
        """The check of a whole input; ``None`` when there is nothing to check."""
        return self._check(shape)

    def _check(self, shape: str) -> Check | None:
        if shape in self._known:
            return self._known[shape]
        modelled = self._model.shapes[shape]
        if modelled.type == "structure":
            return self._structure(shape, modelled)
        if modelled.type == "list":
            check = self._list(modelled)
        elif modelled.type == "map":
            check = self._map(modelled)
        else:
            check = _scalar(modelled)
        if check and modelled.sensitive:
            check = _silent(check)
        self._known[shape] = check
        return check

    def _structure(self, name: str, shape: Shape) -> Check | None:
        required = tuple(shape.required)
        union = frozenset(shape.members) if shape.union else None
        checks: list[tuple[str, Check]] = []

        def check(value: Any, path: str, found: list[Problem]) -> None:
            dot = f"{path}." if path else ""
            found += [Problem(Kind.MISSING, dot + name) for name in required if name not in value]
            if union is not None and len(value) != 1:
                rule = "Member must have exactly one of " + ", ".join(sorted(union)) + " set"
                found.append(Problem(Kind.CONSTRAINT, path, value, rule))
            for member, inner in checks:
                below = value.get(member)
                if below is not None:
                    inner(below, dot + member, found)

        self._known[name] = check  # before its members, which may contain the shape itself
        for member, ref in shape.members.items():
            inner = self._check(ref.shape)
            if inner:
                checks.append((member, inner))
        if not (required or union or checks):
            self._known[name] = None
        return self._known[name]

    def _list(self, shape: Shape) -> Check | None:
        inner = self._of(shape.member)
        size = _length(shape)
        if inner is None:
            return size

        def check(value: Any, path: str, found: list[Problem]) -> None:
            if size:
                size(value, path, found)
            for position, below in enumerate(value, 1):
                inner(below, f"{path}.{position}", found)

        return check

    def _map(self, shape: Shape) -> Check | None:
        key, inner = self._of(shape.key), self._of(shape.value)
        size = _length(shape)
        if inner is None and key is None:
            return size

        def check(value: Any, path: str, found: list[Problem]) -> None:
            if size:
                size(value, path, found)
            for name, below in value.items():
                if key:
                    key(name, f"{path}.{name}", found)
                if inner:
                    inner(below, f"{path}.{name}", found)

        return check

    def _of(self, ref: Ref | None) -> Check | None:
        return self._check(ref.shape) if ref else None


def _scalar(shape: Shape) -> Check | None:
    if shape.type in ("string", "character", "blob"):
        return _text(shape)
    if shape.type in ("integer", "long", "short", "byte", "float", "double"):
        return _range(shape)
    return None


def _silent(check: Check) -> Check:
    """The same check, without repeating the value in the answer."""

    def silent(value: Any, path: str, found: list[Problem]) -> None:
        before = len(found)
        check(value, path, found)
        for problem in found[before:]:
            problem.value = HIDDEN

    return silent


def _length(shape: Shape) -> Check | None:
    low = int(shape.min) if shape.min else 0
    high = int(shape.max) if shape.max is not None else None
    if not low and high is None:
        return None

    def check(value: Any, path: str, found: list[Problem]) -> None:
        size = len(value)
        if size < low:
            rule = f"Member must have length greater than or equal to {low}"
            found.append(Problem(Kind.CONSTRAINT, path, value, rule))
        elif high is not None and size > high:
            rule = f"Member must have length less than or equal to {high}"
            found.append(Problem(Kind.CONSTRAINT, path, value, rule))

    return check


def _text(shape: Shape) -> Check | None:
    if shape.enum:
        return _enum(shape.enum)
    size = _length(shape)
    if not shape.pattern or shape.type == "blob":
        return size
    pattern = shape.pattern
    rule = f"Member must satisfy regular expression pattern: {pattern}"

    def check(value: Any, path: str, found: list[Problem]) -> None:
        before = len(found)
        if size:
            size(value, path, found)
        if len(found) == before and not patterns.compiled(pattern).fullmatch(value):
            found.append(Problem(Kind.CONSTRAINT, path, value, rule))

    return check


def _enum(values: list[str]) -> Check:
    allowed = frozenset(values)
    rule = f"Member must satisfy enum value set: [{', '.join(values)}]"

    def check(value: Any, path: str, found: list[Problem]) -> None:
        if value not in allowed:
            found.append(Problem(Kind.ENUM, path, value, rule))

    return check


def _range(shape: Shape) -> Check | None:
    low, high = shape.min, shape.max
    if low is None and high is None:
        return None

    def check(value: Any, path: str, found: list[Problem]) -> None:
        if low is not None and value < low:
            rule = f"Member must have value greater than or equal to {low:g}"
            found.append(Problem(Kind.CONSTRAINT, path, value, rule))
        elif high is not None and value > high:
            rule = f"Member must have value less than or equal to {high:g}"
            found.append(Problem(Kind.CONSTRAINT, path, value, rule))

    return check
