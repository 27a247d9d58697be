"""What is said of a pattern that cannot be read."""

from __future__ import annotations

from demitasse.errors import ServiceError


def invalid() -> ServiceError:
    """AWS's error for a pattern that cannot be read."""
    return ServiceError("InvalidParameterException", "Invalid filter pattern")
