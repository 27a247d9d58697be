"""What can go wrong with blobs.

EngineError
├── DigestMismatch   the bytes received are not those that were promised
└── NoSpace          the disk is full; nothing was kept of what did not fit
"""

from __future__ import annotations

from demitasse.errors import EngineError


class DigestMismatch(EngineError):
    """The bytes received have another digest than the one given."""


class NoSpace(EngineError):
    """There is no room on the disk."""
