"""AWS's errors for what is wrong with a structure."""

from __future__ import annotations

from demitasse.errors import ServiceError


def structure(message: str) -> ServiceError:
    """The pipeline as a whole."""
    return ServiceError("InvalidStructureException", message)


def stage(message: str) -> ServiceError:
    """One of its stages."""
    return ServiceError("InvalidStageDeclarationException", message)


def action(message: str) -> ServiceError:
    """One of its actions."""
    return ServiceError("InvalidActionDeclarationException", message)


def check_unique(names: list[str], message: str) -> None:
    """``InvalidStructureException`` with the names that occur twice put into ``message``."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise structure(message.format(", ".join(twice)))
