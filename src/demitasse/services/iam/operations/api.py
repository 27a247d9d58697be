"""Where the operations of this service are registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demitasse.api import Input, Output
from demitasse.services.base import Api, Context
from demitasse.services.iam.beginnings import seed

api = Api("iam")
api.seed(seed)


def register(operations: Mapping[str, tuple[Callable[[Context, Input], Output], str]]) -> None:
    """Register operations by name that are made for several resources; each with what it does."""
    for name, (operation, does) in operations.items():
        operation.__doc__ = does
        api.operation(name)(operation)
