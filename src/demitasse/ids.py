"""Identifiers, handed in. The one module that makes random names and secrets."""

from __future__ import annotations

import itertools
import secrets
import string
import uuid
from typing import Protocol

_BASE32 = string.ascii_uppercase + "234567"


class Ids(Protocol):
    """Makes identifiers in AWS's own forms."""

    def uuid(self) -> str:
        """A UUID with dashes, as ECS deployments and request ids have."""

    def hex(self, digits: int) -> str:
        """``digits`` lower-case hexadecimal digits (17 for EC2 ids, 32 for ECS tasks)."""

    def unique_id(self, prefix: str) -> str:
        """An IAM unique id: ``prefix`` (``AROA``, ``ASIA``) and 16 capitals or digits 2–7."""

    def secret(self, length: int) -> str:
        """``length`` unguessable letters and digits."""


class RandomIds:
    """Identifiers nobody can guess."""

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def hex(self, digits: int) -> str:
        return secrets.token_hex((digits + 1) // 2)[:digits]

    def unique_id(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(_BASE32) for _ in range(16))

    def secret(self, length: int) -> str:
        alphabet = string.ascii_letters + string.digits
        return "".join(secrets.choice(alphabet) for _ in range(length))


class CountingIds:
    """Identifiers for tests: the same sequence every time."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def uuid(self) -> str:
        return str(uuid.UUID(int=next(self._count)))

    def hex(self, digits: int) -> str:
        return format(next(self._count), f"0{digits}x")

    def unique_id(self, prefix: str) -> str:
        number = next(self._count)
        return prefix + "".join(
            _BASE32[number >> (5 * place) & 31] for place in reversed(range(16))
        )

    def secret(self, length: int) -> str:
        return format(next(self._count), f"0{length}d")
