"""CBOR (RFC 8949) as far as the Smithy RPC v2 protocol uses it.

Timestamps are tag 1 and become ``datetime``; other tags are read through. Big numbers are not
among the types of the models.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

from demitasse.wire import timestamps
from demitasse.wire.problems import Kind, Malformed

_DEEPEST = 64
_BREAK = object()
_INDEFINITE = 31
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def decode(body: bytes) -> Any:
    """The one value of a body. Raises ``Malformed``."""
    reader = _Reader(body)
    try:
        value = reader.value(0)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, ValueError) as error:
        raise _malformed(str(error)) from None
    if value is _BREAK or reader.at != len(body):
        raise _malformed("unexpected data")
    return value


def _malformed(reason: str) -> Malformed:
    return Malformed(f"The body is not CBOR: {reason}", kind=Kind.SYNTAX)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
        head = self._body[self.at]
        self.at += 1
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        if info == _INDEFINITE:
            return self._indefinite(major, depth)
        size = self._number(info)
        if major == 0:
            return size
        if major == 1:
            return -1 - size
        if major in (2, 3):
            raw = self._take(size)
            return raw.decode() if major == 3 else raw
        if major == 6:
            return _tagged(size, self.value(depth + 1))
        if major == 4:
            return [self._element(depth) for _ in range(size)]
        return {self._key(depth): self._element(depth) for _ in range(size)}

    def _element(self, depth: int) -> Any:
        value = self.value(depth + 1)
        if value is _BREAK:
            raise ValueError("unexpected break")
        return value

    def _key(self, depth: int) -> str:
        key = self.value(depth + 1)
        if not isinstance(key, str):
            raise ValueError("a key is not a text")  # noqa: TRY004  all that is wrong is one kind
        return key

    def _indefinite(self, major: int, depth: int) -> Any:
        if major not in (2, 3, 4, 5):
            raise ValueError("unexpected indefinite length")
        if major == 5:
            found: dict[str, Any] = {}
            while not self._ends():
                key = self._key(depth)
                found[key] = self._element(depth)
            return found
        parts: list[Any] = []
        while not self._ends():
            parts.append(self._element(depth))
        if major == 4:
            return parts
        return b"".join(parts) if major == 2 else "".join(parts)

    def _ends(self) -> bool:
        ends = self._body[self.at] == 0xFF
        self.at += ends
        return ends

    def _simple(self, info: int) -> Any:
        if info in _FLOATS:
            form, size = _FLOATS[info]
            return struct.unpack(form, self._take(size))[0]
        if info == _INDEFINITE:
            return _BREAK
        if info not in _SIMPLE:
            raise ValueError("unknown simple value")
        return _SIMPLE[info]

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise ValueError("unknown length")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _take(self, size: int) -> bytes:
        raw = self._body[self.at : self.at + size]
        if len(raw) != size:
            raise ValueError("ends too early")
        self.at += size
        return raw


def _tagged(tag: int, value: Any) -> Any:
    if tag == 1:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError("a timestamp is not a number")
        return timestamps.parse(value)
    return value


def encode(value: Any) -> bytes:
    """A value of the models' types as CBOR; an aware ``datetime`` is tag 1."""
    out = bytearray()
    _encode(value, out)
    return bytes(out)


def _encode(value: Any, out: bytearray) -> None:
    if value is None:
        out.append(0xF6)
    elif value.__class__ is bool:
        out.append(0xF5 if value else 0xF4)
    elif value.__class__ is int:
        _head(0, value, out) if value >= 0 else _head(1, -1 - value, out)
    elif value.__class__ is float:
        out.append(0xFB)
        out += struct.pack(">d", value)
    elif isinstance(value, str):
        raw = value.encode("utf-8", "replace")
        _head(3, len(raw), out)
        out += raw
    elif isinstance(value, bytes):
        _head(2, len(value), out)
        out += value
    elif isinstance(value, datetime):
        _head(6, 1, out)
        _encode(timestamps.epoch(value), out)
    elif isinstance(value, dict):
        _head(5, len(value), out)
        for key, below in value.items():
            _encode(key, out)
            _encode(below, out)
    else:
        _head(4, len(value), out)
        for below in value:
            _encode(below, out)


def _head(major: int, number: int, out: bytearray) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            out.append(major << 5 | info)
            out += number.to_bytes(size, "big")
            return
    raise ValueError(f"the number {number} is too large")
