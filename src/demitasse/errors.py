"""The tree of errors that Demitasse raises on purpose.

    DemitasseError
    ├── ServiceError          an answer of the AWS API: code and message as AWS gives them
    │   └── NotSupported      a real AWS option or operation that is not carried out here
    ├── EngineError           a part of the real world did not do what was asked
    │   ├── EngineUnavailable   it cannot be reached at all; trying again later may help
    │   └── NotFoundInEngine    the thing named is not there (any more)
    ├── StoreError            state cannot be read or kept (disk full, file damaged, newer schema)
    └── StartupError          the platform cannot start; the message says what to do

Errors become AWS answers in one place only, in ``demitasse.wire``.
"""

from __future__ import annotations

from typing import Any


class DemitasseError(Exception):
    """The root; its ``str()`` is a sentence for a person."""


class ServiceError(DemitasseError):
    """An error answer of the AWS API.

    ``code`` is AWS's error code as clients see it (``ClusterNotFoundException``,
    ``LoadBalancerNotFound``). ``status`` is the HTTP status; when ``None`` it is taken from the
    service's model, else 400. ``members`` are further members of the error's shape.
    """

    def __init__(
        self, code: str, message: str, *, status: int | None = None, **members: Any
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class NotSupported(ServiceError):
    """Refuses by name something that AWS does and Demitasse does not (yet) do for real.

    ``wire`` replaces the empty code by the one with which the service called refuses input.
    """

    def __init__(self, what: str, *, code: str = "") -> None:
        super().__init__(code, f"{what} is not supported by Demitasse.")
        self.what = what


class EngineError(DemitasseError):
    """An engine refused or failed; the message is the engine's own, made readable."""


class EngineUnavailable(EngineError):
    """The engine cannot be reached now."""


class NotFoundInEngine(EngineError):
    """What was named does not exist in the engine."""


class StoreError(DemitasseError):
    """The state file cannot be read or written."""


class StartupError(DemitasseError):
    """The platform cannot start; the message tells a person what to do."""
