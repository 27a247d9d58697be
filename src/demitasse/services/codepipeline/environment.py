"""EnvironmentVariables of a CodeBuild action: JSON, a list of names and values."""

from __future__ import annotations

import msgspec

PLAIN = "PLAINTEXT"


class GivenVariable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item; ``type`` is CodeBuild's EnvironmentVariableType."""

    name: str
    value: str
    type: str = PLAIN


class Unreadable(Exception):
    """The text is no such list; the message says why."""


def read(text: str) -> tuple[GivenVariable, ...]:
    """The variables of a text. ``Unreadable``."""
    try:
        return msgspec.json.decode(text, type=tuple[GivenVariable, ...])
    except msgspec.DecodeError as error:
        raise Unreadable(
            f"EnvironmentVariables is not a JSON list of name and value: {error}"
        ) from None
