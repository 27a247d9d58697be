"""Who may sign: the seam between verification and wherever credentials are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from demitasse.api import Caller


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key and whose it is.

    Temporary credentials have a ``session_token``, which must then come with every request, and
    ``expires``, after which they are refused. Both are ``None`` for keys that last.
    """

    secret: str
    caller: Caller
    session_token: str | None = None
    expires: datetime | None = None


class CredentialSource(Protocol):
    """Finds credentials; asked for every request, so it must be quick."""

    def find(self, access_key_id: str) -> Credential | None:
        """The credential with that access key id, expired or not; ``None`` when there is none."""
