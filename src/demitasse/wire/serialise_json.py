"""Writes outputs of AWS JSON 1.0 and 1.1, and of what has the same form (CBOR)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from demitasse.wire import timestamps
from demitasse.wire.scalars import INTEGERS
from demitasse.wire.shapes import Ref, ServiceModel

Write = Callable[[Any], Any]

encode = msgspec.json.Encoder().encode


class OutputMismatch(TypeError):
    """A service answered something that the model does not know: a bug of that service."""


class JsonWriters:
    """Compiles, once per shape, the writers of one service's outputs.

    ``scalars`` replaces writers of scalar types by those of another notation.
    """

    def __init__(self, model: ServiceModel, scalars: Mapping[str, Write] | None = None) -> None:
        self._model = model
        self._scalars = {**_SCALARS, **(scalars or {})}
        self._structures: dict[str, Write] = {}

    def output(self, shape: str) -> Write:
        """The writer of a whole output; it makes what ``encode`` takes."""
        return self._structure(shape)

    def _writer(self, ref: Ref) -> Write:
        shape = self._model.shapes[ref.shape]
        if shape.type == "structure":
            return _any if shape.document else self._structure(ref.shape)
        if shape.type == "list":
            return self._list(ref)
        if shape.type == "map":
            return self._map(ref)
        if shape.type == "timestamp" and "timestamp" not in self._scalars:
            return _timestamp(self._model.timestamp_format(ref))
        if shape.type in INTEGERS:
            return _integer
        return self._scalars.get(shape.type, _string)

    def _structure(self, shape: str) -> Write:
        known = self._structures.get(shape)
        if known:
            return known
        members: dict[str, tuple[str, type | None, Write]] = {}

        def write(value: Any) -> dict[str, Any]:
            result: dict[str, Any] = {}
            for name, below in value.items():
                if below is None:
                    continue
                member = members.get(name)
                if member is None:
                    raise OutputMismatch(f"{shape} has no member {name!r}")
                wire_name, plain, inner = member
                if below.__class__ is plain:
                    result[wire_name] = below
                    continue
                try:
                    result[wire_name] = inner(below)
                except (AttributeError, TypeError, ValueError) as error:
                    raise OutputMismatch(f"{shape}.{name}: {error}") from error
            return result

        self._structures[shape] = write  # before its members, which may contain the shape itself
        for name, ref in self._model.shapes[shape].members.items():
            inner = self._writer(ref)
            members[name] = (self._model.name_of(ref) or name, _PLAIN.get(inner), inner)
        return write

    def _list(self, ref: Ref) -> Write:
        member = self._model.shapes[ref.shape].member
        assert member is not None  # noqa: S101  every list of the models has one
        inner = self._writer(member)
        plain = _PLAIN.get(inner)

        def write(value: Any) -> list[Any]:
            return [
                below if below.__class__ is plain else inner(below) for below in sequence(value)
            ]

        return write

    def _map(self, ref: Ref) -> Write:
        member = self._model.shapes[ref.shape].value
        assert member is not None  # noqa: S101  every map of the models has one
        inner = self._writer(member)

        def write(value: Any) -> dict[str, Any]:
            return {_string(key): inner(below) for key, below in value.items()}

        return write


def sequence(value: Any) -> Any:
    """``value``, unless it is a text or a mapping, which would be written letter by letter."""
    if isinstance(value, (str, bytes, dict)):
        raise TypeError(f"a list was expected, not {value!r}")
    return value


def _any(value: Any) -> Any:
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {value!r}")
    return value


def _boolean(value: Any) -> bool:
    if value.__class__ is not bool:
        raise TypeError(f"a boolean was expected, not {value!r}")
    return value


def _integer(value: Any) -> int:
    if value.__class__ is not int:
        raise TypeError(f"an integer was expected, not {value!r}")
    return value


def _float(value: Any) -> float | str:
    if value.__class__ is int:
        return value
    if value.__class__ is not float:
        raise TypeError(f"a number was expected, not {value!r}")
    if value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124
    return value


def _timestamp(form: str | None) -> Write:
    make: Callable[[datetime], Any] = {
        "iso8601": timestamps.iso8601,
        "rfc822": timestamps.rfc822,
    }.get(form or "", timestamps.epoch)

    def write(value: Any) -> Any:
        if not isinstance(value, datetime):
            raise TypeError(f"a datetime was expected, not {value!r}")
        return make(value)

    return write


def _blob(value: Any) -> str:
    return base64.b64encode(value).decode()


_SCALARS: dict[str, Write] = {
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "blob": _blob,
}
_PLAIN: dict[Write, type] = {_string: str, _boolean: bool, _integer: int}
"""Of what type a value is that a writer leaves as it is: most are, and need no call."""
