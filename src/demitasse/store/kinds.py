"""What can be kept: kinds of records, and one record as it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from demitasse.api import Scope

D = TypeVar("D", bound=msgspec.Struct)
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - D and O: desired and observed


class Ref(NamedTuple):
    """Names one record of a kind, in every scope; what controllers queue."""

    scope: Scope
    key: str


@dataclass(frozen=True, slots=True)
class Item(Generic[D, O]):
    """One record as it was read. ``revision`` grows with every change of either half."""

    scope: Scope
    key: str
    desired: D
    observed: O
    revision: int

    @property
    def ref(self) -> Ref:
        return Ref(self.scope, self.key)


Index = Callable[[Item[Any, Any]], "str | Iterable[str] | None"]


@dataclass(frozen=True, eq=False)
class Kind(Generic[D, O]):
    """A kind of record, such as ``ecs.service``.

    ``desired`` is the type of what a caller asked for (written by operations), ``observed`` of
    what was seen (written by the kind's controller); a record starts as ``observed()``.
    ``indexes`` name further ways to find records: each maps an item to its value, its values, or
    ``None`` for "not under this index".
    """

    name: str
    desired: type[D]
    observed: type[O]
    indexes: Mapping[str, Index] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Decoders are compiled once; both halves are JSON so that a person can read the file.
        object.__setattr__(self, "_desired", msgspec.json.Decoder(self.desired))
        object.__setattr__(self, "_observed", msgspec.json.Decoder(self.observed))

    def item(
        self, scope: Scope, key: str, desired: bytes, observed: bytes, revision: int
    ) -> Item[D, O]:
        """Decode one row."""
        return Item(
            scope,
            key,
            self._desired.decode(desired),  # type: ignore[attr-defined]
            self._observed.decode(observed),  # type: ignore[attr-defined]
            revision,
        )

    def values(self, item: Item[D, O]) -> set[tuple[str, str]]:
        """The ``(index, value)`` pairs under which ``item`` is found."""
        found: set[tuple[str, str]] = set()
        for name, index in self.indexes.items():
            value = index(item)
            if value is None:
                continue
            found.update((name, one) for one in ([value] if isinstance(value, str) else value))
        return found


class Nothing(msgspec.Struct, frozen=True):
    """The observed half of kinds of which nothing is observed."""
