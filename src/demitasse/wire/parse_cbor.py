"""Where the documents of Smithy RPC v2 in CBOR differ from JSON: blobs, timestamps, floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from demitasse.wire import cbor
from demitasse.wire.problems import Kind, Malformed


def document(body: bytes) -> dict[str, Any]:
    """The map that every body is; an empty body is an empty one. Raises ``Malformed``."""
    value = cbor.decode(body) if body else {}
    if not isinstance(value, dict):
        raise Malformed("The body must be a CBOR map.", kind=Kind.SYNTAX)
    return value


def _blob(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise Malformed("the value is not a byte string", value=value)
    return value


def _timestamp(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise Malformed("the value is not a timestamp", value=value)
    return value


def _float(value: Any) -> float:
    if value.__class__ not in (int, float):
        raise Malformed("the value is not a number", value=value)
    return float(value)


SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "blob": _blob,
    "timestamp": _timestamp,
    "float": _float,
    "double": _float,
}
"""Readers in place of those of JSON."""


def _written_timestamp(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"a datetime was expected, not {value!r}")
    return value


def _written_blob(value: Any) -> bytes:
    return bytes(value)


def _written_float(value: Any) -> float:
    if value.__class__ not in (int, float):
        raise TypeError(f"a number was expected, not {value!r}")
    return float(value)


WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "blob": _written_blob,
    "timestamp": _written_timestamp,
    "float": _written_float,
    "double": _written_float,
}
"""Writers in place of those of JSON."""
