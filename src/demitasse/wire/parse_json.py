"""Reads inputs of AWS JSON 1.0 and 1.1, and of what has the same form (CBOR)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from demitasse.wire import timestamps
from demitasse.wire.problems import Kind, Malformed
from demitasse.wire.scalars import INTEGERS
from demitasse.wire.shapes import Ref, ServiceModel

Parse = Callable[[Any], Any]

_decode = msgspec.json.Decoder().decode
_SPECIAL_FLOATS = frozenset({"NaN", "Infinity", "-Infinity"})
_JSON_NAMES = {str: "STRING_VALUE", bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE"} | {
    float: "NUMBER_VALUE",
    list: "START_ARRAY",
    dict: "START_OBJECT",
    type(None): "NULL_VALUE",
    bytes: "BLOB_VALUE",
    datetime: "TIMESTAMP_VALUE",
}


def document(body: bytes) -> dict[str, Any]:
    """The JSON object that every body is; an empty body is an empty one. Raises ``Malformed``."""
    if not body:
        return {}
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body is not JSON: {error}", kind=Kind.SYNTAX) from None
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.", kind=Kind.SYNTAX)
    return value


class JsonParsers:
    """Compiles, once per shape, the readers of one service's inputs.

    ``scalars`` replaces readers of scalar types by those of another notation.
    """

    def __init__(self, model: ServiceModel, scalars: Mapping[str, Parse] | None = None) -> None:
        self._model = model
        self._scalars = {**_SCALARS, **(scalars or {})}
        self._structures: dict[str, Parse] = {}

    def input(self, shape: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """The reader of a whole input from the ``document``."""
        return self._structure(shape)

    def _parser(self, ref: Ref) -> Parse:
        shape = self._model.shapes[ref.shape]
        if shape.type == "structure":
            return _any if shape.document else self._structure(ref.shape)
        if shape.type == "list":
            return self._list(ref)
        if shape.type == "map":
            return self._map(ref)
        if shape.type in INTEGERS:
            return _integer(shape.type)
        return self._scalars.get(shape.type, _string)

    def _structure(self, shape: str) -> Parse:
        known = self._structures.get(shape)
        if known:
            return known
        members: dict[str, tuple[str, Parse]] = {}

        def parse(value: Any) -> dict[str, Any]:
            if value.__class__ is not dict:
                raise _wrong(value, "an Object")
            result: dict[str, Any] = {}
            for wire_name, below in value.items():
                if below is None:
                    continue
                member = members.get(wire_name)
                if member is None:
                    continue  # AWS ignores what it does not know
                name, read = member
                try:
                    result[name] = read(below)
                except Malformed as error:
                    raise error.within(name) from None
            return result

        self._structures[shape] = parse  # before its members, which may contain the shape itself
        for name, ref in self._model.shapes[shape].members.items():
            members[self._model.name_of(ref) or name] = (name, self._parser(ref))
        return parse

    def _list(self, ref: Ref) -> Parse:
        member = self._model.shapes[ref.shape].member
        assert member is not None  # noqa: S101  every list of the models has one
        read = self._parser(member)

        def parse(value: Any) -> list[Any]:
            if value.__class__ is not list:
                raise _wrong(value, "a List")
            result = []
            for position, below in enumerate(value, 1):
                try:
                    result.append(read(below))
                except Malformed as error:
                    raise error.within(str(position)) from None
            return result

        return parse

    def _map(self, ref: Ref) -> Parse:
        member = self._model.shapes[ref.shape].value
        assert member is not None  # noqa: S101  every map of the models has one
        read = self._parser(member)

        def parse(value: Any) -> dict[str, Any]:
            if value.__class__ is not dict:
                raise _wrong(value, "a Map")
            result = {}
            for key, below in value.items():
                if below is None:
                    continue
                try:
                    result[key] = read(below)
                except Malformed as error:
                    raise error.within(key) from None
            return result

        return parse


def _wrong(value: Any, wanted: str) -> Malformed:
    return Malformed(
        f"{_JSON_NAMES[value.__class__]} can not be converted to {wanted}", value=value
    )


def _any(value: Any) -> Any:
    return value


def _string(value: Any) -> str:
    if value.__class__ is not str:
        raise _wrong(value, "a String")
    return value


def _boolean(value: Any) -> bool:
    if value.__class__ is not bool:
        raise _wrong(value, "a Boolean")
    return value


def _integer(kind: str) -> Parse:
    beyond = INTEGERS[kind]
    wanted = "a Long" if kind == "long" else "an Integer"

    def parse(value: Any) -> int:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is not int:
            raise _wrong(value, wanted)
        if not -beyond <= value < beyond:
            raise Malformed(f"the number is out of range for {wanted}", value=value)
        return value

    return parse


def _float(value: Any) -> float:
    if value.__class__ is float:
        return value
    if value.__class__ is int:
        try:
            return float(value)
        except OverflowError:
            raise Malformed("the number is out of range for a Double", value=value) from None
    if value.__class__ is str and value in _SPECIAL_FLOATS:
        return float(value)
    raise _wrong(value, "a Double")


def _timestamp(value: Any) -> Any:
    if value.__class__ is bool or not isinstance(value, (int, float, str)):
        raise _wrong(value, "a Timestamp")
    try:
        return timestamps.parse(value)
    except (ValueError, OverflowError):
        raise Malformed("the value is not a timestamp", value=value) from None


def _blob(value: Any) -> bytes:
    if value.__class__ is not str:
        raise _wrong(value, "a Blob")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("the value is not base64", value=value) from None


_SCALARS: dict[str, Parse] = {
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "timestamp": _timestamp,
    "blob": _blob,
}
