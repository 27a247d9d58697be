"""Reads inputs of the query and ec2 protocols: flat form parameters with dotted names.

Follows the AWS Query and EC2 Query protocols of Smithy, and what clients really send: ``Name=`` is
an empty list; in rds and ec2 an empty top-level parameter counts as not given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from demitasse.wire import scalars
from demitasse.wire.problems import Kind, Malformed
from demitasse.wire.shapes import Ref, ServiceModel

Node = str | dict[str, Any]
"""A parameter's value, or parameters by the next part of their name."""
Parse = Callable[[Node], Any]

_MOST_PARTS = 32
_UNSET_WHEN_EMPTY = frozenset({"rds", "ec2"})
"""Services (by signing name) that take an empty top-level parameter for one that is not given."""


def pairs(form: bytes) -> list[tuple[str, str]]:
    """The parameters of a form body or query string. Raises ``Malformed``."""
    found: list[tuple[str, str]] = []
    for item in form.split(b"&"):
        if item:
            name, _, value = item.partition(b"=")
            found.append((_text(name), _text(value)))
    return found


def _text(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed("parameters must be UTF-8", kind=Kind.SYNTAX) from None


def tree(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parameters by the parts of their dotted names. Raises ``Malformed``."""
    root: dict[str, Any] = {}
    for name, value in parameters:
        if "." not in name:
            root.setdefault(name, value)
            continue
        parts = name.split(".")
        if len(parts) > _MOST_PARTS:
            raise Malformed("parameter names must not be nested so deep", kind=Kind.SYNTAX)
        node = root
        for part in parts[:-1]:
            below = node.get(part)
            if not isinstance(below, dict):
                below = node[part] = {}
            node = below
        node.setdefault(parts[-1], value)
    return root


class QueryParsers:
    """Compiles, once per shape, the readers of one service's inputs."""

    def __init__(self, model: ServiceModel, *, ec2: bool) -> None:
        self._model = model
        self._ec2 = ec2
        self._structures: dict[str, Parse] = {}
        self._empty_is_unset = model.signing_name in _UNSET_WHEN_EMPTY

    def input(self, shape: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """The reader of a whole input from its parameters' ``tree``."""
        members = self._members(shape)

        def parse(parameters: dict[str, Any]) -> dict[str, Any]:
            result: dict[str, Any] = {}
            for name, wire_name, read, unset_when_empty in members:
                node = parameters.get(wire_name)
                if node is None or (unset_when_empty and node == ""):
                    continue
                try:
                    result[name] = read(node)
                except Malformed as error:
                    raise error.within(name) from None
            return result

        return parse

    def _members(self, shape: str) -> list[tuple[str, str, Parse, bool]]:
        return [
            (name, self._wire_name(name, ref), self._parser(ref), self._unset_when_empty(ref))
            for name, ref in self._model.shapes[shape].members.items()
        ]

    def _unset_when_empty(self, ref: Ref) -> bool:
        kind = self._model.shapes[ref.shape].type
        if kind == "string":
            return self._empty_is_unset
        return kind not in ("list", "map", "structure")

    def _wire_name(self, name: str, ref: Ref) -> str:
        shape = self._model.shapes[ref.shape]
        located = self._model.name_of(ref)
        if self._ec2:
            query_name = ref.query_name or shape.query_name
            return query_name or (located[0].upper() + located[1:] if located else name)
        if shape.type == "list" and shape.member and self._model.is_flattened(ref):
            return self._model.name_of(shape.member) or located or name
        return located or name

    def _parser(self, ref: Ref) -> Parse:
        shape = self._model.shapes[ref.shape]
        if shape.type == "structure":
            return self._structure(ref.shape)
        if shape.type == "list":
            return self._list(ref)
        if shape.type == "map":
            return self._map(ref)
        return _scalar(shape.type)

    def _structure(self, shape: str) -> Parse:
        known = self._structures.get(shape)
        if known:
            return known
        members: list[tuple[str, str, Parse, bool]] = []

        def parse(node: Node) -> dict[str, Any]:
            if isinstance(node, str):
                if node:
                    raise Malformed("must be a structure", value=node)
                return {}
            result: dict[str, Any] = {}
            for name, wire_name, read, _ in members:
                below = node.get(wire_name)
                if below is not None:
                    try:
                        result[name] = read(below)
                    except Malformed as error:
                        raise error.within(name) from None
            return result

        self._structures[shape] = parse  # before its members, which may contain the shape itself
        members += self._members(shape)
        return parse

    def _list(self, ref: Ref) -> Parse:
        member = self._model.shapes[ref.shape].member
        assert member is not None  # noqa: S101  every list of the models has one
        read = self._parser(member)
        flat = self._ec2 or self._model.is_flattened(ref)
        wrapper = self._model.name_of(member) or "member"

        def parse(node: Node) -> list[Any]:
            if isinstance(node, str):
                if node:
                    raise Malformed("must be a list", value=node)
                return []
            if not flat:
                inner = node.get(wrapper)
                node = node.get("member", node) if inner is None else inner
                if isinstance(node, str):
                    return parse(node)
            result = []
            for position, below in enumerate(_in_order(node), 1):
                try:
                    result.append(read(below))
                except Malformed as error:
                    raise error.within(str(position)) from None
            return result

        return parse

    def _map(self, ref: Ref) -> Parse:
        shape = self._model.shapes[ref.shape]
        assert shape.key is not None  # noqa: S101  every map of the models has both
        assert shape.value is not None  # noqa: S101
        read_key, read_value = self._parser(shape.key), self._parser(shape.value)
        key_name = self._model.name_of(shape.key) or "key"
        value_name = self._model.name_of(shape.value) or "value"
        flat = self._model.is_flattened(ref)

        def parse(node: Node) -> dict[Any, Any]:
            if not flat and not isinstance(node, str):
                node = node.get("entry", "")
            if isinstance(node, str):
                if node:
                    raise Malformed("must be a map", value=node)
                return {}
            result = {}
            for entry in _in_order(node):
                if isinstance(entry, str) or key_name not in entry:
                    raise Malformed(f"every entry needs a {key_name}")
                key = read_key(entry[key_name])
                try:
                    result[key] = read_value(entry.get(value_name, ""))
                except Malformed as error:
                    raise error.within(str(key)) from None
            return result

        return parse


def _in_order(node: dict[str, Any]) -> list[Node]:
    try:
        # int() is bounded by the digits that a position can have at all
        return [node[key] for key in sorted(node, key=_position)]
    except ValueError:
        raise Malformed("list positions must be numbers") from None


def _position(key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        raise ValueError(key)
    return int(key)


def _scalar(kind: str) -> Parse:
    read = scalars.reader(kind)

    def parse(node: Node) -> Any:
        if isinstance(node, str):
            return read(node)
        raise Malformed("must be a single value")

    return parse
