"""Writes outputs of the query and ec2 protocols."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from demitasse.wire import timestamps
from demitasse.wire.scalars import INTEGERS
from demitasse.wire.serialise_json import OutputMismatch, sequence
from demitasse.wire.shapes import Ref, ServiceModel

Write = Callable[[Any, list[str]], None]
"""Appends the XML of a value's inside."""
_Element = tuple[str, str, Write]
"""Opening tag, closing tag, inside; the tags are empty for what has no element of its own."""

_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}


def escape(text: str) -> str:
    """``text`` as XML; characters that XML cannot carry become U+FFFD."""
    if _SPECIAL.search(text):
        return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)
    return text


class XmlWriters:
    """Compiles, once per shape, the writers of one service's outputs."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._structures: dict[str, Write] = {}

    def output(self, shape: str) -> Write:
        """The writer of the inside of a whole output."""
        return self._structure(shape)

    def _writer(self, ref: Ref) -> Write:
        shape = self._model.shapes[ref.shape]
        if shape.type == "structure":
            return self._structure(ref.shape)
        if shape.type == "timestamp":
            return _timestamp(self._model.timestamp_format(ref))
        if shape.type in INTEGERS:
            return _integer
        return _SCALARS.get(shape.type, _string)

    def _element(self, name: str, ref: Ref) -> _Element:
        """How a member of a structure is written."""
        shape = self._model.shapes[ref.shape]
        tag = self._model.name_of(ref) or name
        flat = self._model.is_flattened(ref)
        if shape.type == "list":
            assert shape.member is not None  # noqa: S101  every list of the models has one
            inner = self._model.name_of(shape.member)
            write = self._items(shape.member, (inner or tag) if flat else (inner or "member"))
        elif shape.type == "map":
            write = self._entries(ref, tag if flat else "entry")
        else:
            return f"<{tag}>", f"</{tag}>", self._writer(ref)
        return ("", "", write) if flat else (f"<{tag}>", f"</{tag}>", write)

    def _structure(self, shape: str) -> Write:
        known = self._structures.get(shape)
        if known:
            return known
        members: dict[str, _Element] = {}

        def write(value: Any, out: list[str]) -> None:
            for name, below in value.items():
                if below is None:
                    continue
                member = members.get(name)
                if member is None:
                    raise OutputMismatch(f"{shape} has no member {name!r}")
                start, end, inside = member
                if below.__class__ is str and inside is _string:
                    out.append(f"{start}{escape(below)}{end}")
                    continue
                out.append(start)
                try:
                    inside(below, out)
                except (AttributeError, TypeError, ValueError) as error:
                    raise OutputMismatch(f"{shape}.{name}: {error}") from error
                out.append(end)

        self._structures[shape] = write  # before its members, which may contain the shape itself
        for name, ref in self._model.shapes[shape].members.items():
            members[name] = self._element(name, ref)
        return write

    def _items(self, member: Ref, tag: str) -> Write:
        start, end, inside = self._element(tag, member)
        start, end = f"<{tag}>", f"</{tag}>"

        def write(value: Any, out: list[str]) -> None:
            for below in sequence(value):
                out.append(start)
                inside(below, out)
                out.append(end)

        return write

    def _entries(self, ref: Ref, tag: str) -> Write:
        shape = self._model.shapes[ref.shape]
        assert shape.key is not None  # noqa: S101  every map of the models has both
        assert shape.value is not None  # noqa: S101
        key_name = self._model.name_of(shape.key) or "key"
        start, end, inside = self._element("value", shape.value)

        def write(value: Any, out: list[str]) -> None:
            for key, below in value.items():
                out.append(f"<{tag}><{key_name}>{escape(key)}</{key_name}>{start}")
                inside(below, out)
                out.append(f"{end}</{tag}>")

        return write


def _string(value: Any, out: list[str]) -> None:
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {value!r}")
    out.append(escape(value))


def _boolean(value: Any, out: list[str]) -> None:
    if value.__class__ is not bool:
        raise TypeError(f"a boolean was expected, not {value!r}")
    out.append("true" if value else "false")


def _integer(value: Any, out: list[str]) -> None:
    if value.__class__ is not int:
        raise TypeError(f"an integer was expected, not {value!r}")
    out.append(str(value))


def _float(value: Any, out: list[str]) -> None:
    if value.__class__ is not float and value.__class__ is not int:
        raise TypeError(f"a number was expected, not {value!r}")
    if value - value != 0:
        out.append("NaN" if value != value else "Infinity" if value > 0 else "-Infinity")  # noqa: PLR0124
    else:
        out.append(repr(value))


def _timestamp(form: str | None) -> Write:
    make: Callable[[datetime], Any] = {
        "unixTimestamp": timestamps.epoch,
        "rfc822": timestamps.rfc822,
    }.get(form or "", timestamps.iso8601)

    def write(value: Any, out: list[str]) -> None:
        if not isinstance(value, datetime):
            raise TypeError(f"a datetime was expected, not {value!r}")
        out.append(str(make(value)))

    return write


def _blob(value: Any, out: list[str]) -> None:
    out.append(base64.b64encode(value).decode())


_SCALARS: dict[str, Write] = {
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "blob": _blob,
}
