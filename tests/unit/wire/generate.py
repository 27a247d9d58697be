"""Random values of botocore's shapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

LETTERS = "abcXYZ019 -_.:/=+&<>\"'%?#;,é漢\U0001f600\t\n"
_START = datetime(1971, 1, 1, tzinfo=UTC)
_INTEGERS = ("integer", "long")


class Generator:
    """Values of shapes; ``empty`` says whether lists and maps may be empty."""

    def __init__(self, random: Random, *, empty: bool) -> None:
        self._random = random
        self._empty = empty

    def value(self, shape: Any, depth: int = 0) -> Any:
        make = getattr(self, f"_{shape.type_name}", None)
        return make(shape, depth) if make else self._text(shape)

    def _structure(self, shape: Any, depth: int) -> dict[str, Any]:
        if shape.is_document_type:
            return {"any": [1, "two", None, {"three": 3.5}], "x": True}
        members = dict(shape.members)
        if not members:
            return {}
        names = [name for name in members if not _vanishes(members[name])]
        names = names or list(members)
        simple = [name for name in names if _is_simple(members[name])]
        if depth > 4:
            names = simple or names[:1]
        if shape.is_tagged_union or (depth > 4 and not simple):
            chosen = [self._random.choice(names)]
        else:
            share = self._random.choice((0.2, 0.5, 1.0)) if depth < 3 else 0.3
            chosen = [name for name in names if self._random.random() < share]
            chosen = chosen or [self._random.choice(names)]
        self._random.shuffle(chosen)
        return {name: self.value(members[name], depth + 1) for name in chosen}

    def _list(self, shape: Any, depth: int) -> list[Any]:
        if _vanishes(shape.member):
            return []
        return [self.value(shape.member, depth + 1) for _ in range(self._size(depth))]

    def _map(self, shape: Any, depth: int) -> dict[Any, Any]:
        return {
            self.value(shape.key, depth + 1): self.value(shape.value, depth + 1)
            for _ in range(self._size(depth))
        }

    def _size(self, depth: int) -> int:
        low = 0 if self._empty else 1
        return self._random.randint(low, 3) if depth < 4 else 1

    def _text(self, shape: Any) -> str:
        if getattr(shape, "enum", None):
            return str(self._random.choice(shape.enum))
        size = self._random.choice((1, 3, 12))
        return "".join(self._random.choice(LETTERS) for _ in range(size))

    def _integer(self, _shape: Any, _depth: int) -> int:
        return self._random.choice((0, 1, -1, 2**31 - 1, -(2**31), self._random.randint(0, 9999)))

    def _long(self, _shape: Any, _depth: int) -> int:
        return self._random.choice((0, 2**63 - 1, -(2**63), self._random.randint(0, 10**12)))

    def _float(self, _shape: Any, _depth: int) -> float:
        return self._random.choice((0.0, 1.5, -2.25, 1e300, 1e-7, self._random.random()))

    _double = _float

    def _boolean(self, _shape: Any, _depth: int) -> bool:
        return self._random.random() < 0.5

    def _blob(self, _shape: Any, _depth: int) -> bytes:
        return self._random.randbytes(self._random.choice((0 if self._empty else 2, 1, 20)))

    def _timestamp(self, _shape: Any, _depth: int) -> datetime:
        whole = self._random.randint(0, 4 * 10**9)
        return _START + timedelta(seconds=whole, milliseconds=self._random.choice((0, 0, 7, 250)))


def _is_simple(shape: Any) -> bool:
    return shape.type_name not in ("structure", "list", "map")


def _vanishes(shape: Any) -> bool:
    """Whether no value of a shape leaves a trace in a form: a structure without members."""
    if shape.type_name == "list":
        return _vanishes(shape.member)
    return shape.type_name == "structure" and not shape.members and not shape.is_document_type
