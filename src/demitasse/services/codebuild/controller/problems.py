"""What ends a phase, in the words of its context."""

from __future__ import annotations

from demitasse.errors import DemitasseError


class PhaseFailed(DemitasseError):
    """A phase cannot succeed: ``code`` and message are the context that clients see."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
