"""What every part of the registry works with while it answers one request."""

from __future__ import annotations

from dataclasses import dataclass

from demitasse.api import Scope
from demitasse.clock import Clock
from demitasse.engines.blobs.protocol import DIGEST, BlobEngine
from demitasse.ids import Ids
from demitasse.services.ecr.distribution.errors import digest_invalid
from demitasse.services.ecr.distribution.http import Request
from demitasse.services.ecr.distribution.locks import Locks
from demitasse.store import Store


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a client who has logged in; ``scope`` is what the login may see."""

    request: Request
    scope: Scope
    store: Store
    blobs: BlobEngine
    clock: Clock
    ids: Ids
    locks: Locks

    @property
    def space(self) -> str:
        """Where the blob engine keeps what this account and region hold."""
        return space_of(self.scope)


def space_of(scope: Scope) -> str:
    """The blob engine's space for an account and region."""
    return f"{scope.account}/{scope.region}"


def checked_digest(digest: str) -> str:
    """``digest`` if it is a SHA-256 digest, else ``RegistryError``."""
    if not DIGEST.fullmatch(digest):
        raise digest_invalid(f"provided digest '{digest[:200]}' is not a SHA-256 digest")
    return digest
