"""Variables in configurations: ``#{namespace.key}``.

Follows "Variables" of CodePipeline's user guide: ``codepipeline`` and ``variables`` are namespaces
of their own, all others belong to the action that declares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

REFERENCE = re.compile(r"#\{([^{}]*)\}")
NAME = re.compile(r"([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_.]+)")
EXECUTION, PIPELINE = "codepipeline", "variables"
"""The namespaces of what every execution has, and of the pipeline's own variables."""
OWN = frozenset({EXECUTION, PIPELINE})
_JSON = frozenset({"EnvironmentVariables"})
"""Members whose text is JSON."""


class Unresolved(Exception):
    """A reference that names no value; the message says which."""


def references(text: str) -> Iterator[str]:
    """The references in a text, without ``#{`` and ``}``."""
    return iter(REFERENCE.findall(text))


def resolve(member: str, text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """``text``, a member's, with the values of its references. ``Unresolved``.

    A value is put into JSON as the inside of a string: a commit message may be of several lines.
    """

    def filled(found: re.Match[str]) -> str:
        named = NAME.fullmatch(found[1])
        if named is None or named[2] not in namespaces.get(named[1], {}):
            raise Unresolved(
                f"The variable reference {found[0]} names no variable that a previous action or"
                " the pipeline has put out."
            )
        value = namespaces[named[1]][named[2]]
        return msgspec.json.encode(value).decode()[1:-1] if member in _JSON else value

    return REFERENCE.sub(filled, text)
