"""Variables in configurations: ``#{namespace.key}``.

Follows "Variables" of CodePipeline's user guide: ``codepipeline`` and ``variables`` are namespaces
of their own, all others belong to the action that declares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

REFERENCE = re.compile(r"#\{([^{}]*)\}")
NAME = re.compile(r"([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_.]+)")
OWN = frozenset({"codepipeline", "variables"})


class Unresolved(Exception):
    """A reference that names no value; the message says which."""


def references(text: str) -> Iterator[str]:
    """The references in a text, without ``#{`` and ``}``."""
    return iter(REFERENCE.findall(text))


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """``text`` with the values of its references. ``Unresolved``."""

    def value(found: re.Match[str]) -> str:
        named = NAME.fullmatch(found[1])
        if named is None or named[2] not in namespaces.get(named[1], {}):
            raise Unresolved(
                f"The variable reference {found[0]} names no variable that a previous action or"
                " the pipeline has put out."
            )
        return namespaces[named[1]][named[2]]

    return REFERENCE.sub(value, text)
