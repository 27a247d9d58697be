"""What can be wrong with an input, before a service's own words are found for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

HIDDEN = object()
"""Stands for a value that must not be repeated, such as a password."""


class Kind(Enum):
    """The ways of being wrong that services name differently."""

    SYNTAX = "syntax"  # the body is not of the protocol's grammar
    TYPE = "type"  # a value is not of the type modelled
    MISSING = "missing"  # a required member is absent
    CONSTRAINT = "constraint"  # length, range, pattern, union
    ENUM = "enum"  # not one of the values modelled


@dataclass(slots=True)
class Problem:
    """One thing wrong. ``path`` is dotted, of member names and list positions from 1."""

    kind: Kind
    path: str
    value: Any = None
    rule: str = ""


class Malformed(Exception):
    """A body that cannot be read as the model's input; the path grows while it is passed up."""

    def __init__(self, reason: str, *, kind: Kind = Kind.TYPE, value: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.value = value
        self.path: list[str] = []

    def within(self, *names: str) -> Malformed:
        """The same, said of the member of the surrounding value."""
        self.path[:0] = names
        return self

    @property
    def problem(self) -> Problem:
        """As a ``Problem``."""
        return Problem(self.kind, ".".join(self.path), self.value, self.reason)
