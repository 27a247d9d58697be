"""Everything that can go wrong, as an AWS error: the one place where errors are translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demitasse.errors import EngineError, NotSupported, ServiceError, StoreError
from demitasse.wire.shapes import ServiceModel
from demitasse.wire.sigv4 import Refused, Why

_QUERY_AUTH = {
    Why.MISSING: ("MissingAuthenticationToken", 403),
    Why.INCOMPLETE: ("IncompleteSignature", 400),
    Why.UNKNOWN_KEY: ("InvalidClientTokenId", 403),
    Why.MISMATCH: ("SignatureDoesNotMatch", 403),
    Why.SKEWED: ("SignatureDoesNotMatch", 403),
    Why.EXPIRED_TOKEN: ("ExpiredToken", 403),
    Why.EXPIRED_REQUEST: ("RequestExpired", 400),
}
_EC2_AUTH = _QUERY_AUTH | {
    Why.UNKNOWN_KEY: ("AuthFailure", 401),
    Why.SKEWED: ("RequestExpired", 400),
    Why.EXPIRED_TOKEN: ("RequestExpired", 400),
}
_JSON_AUTH = {
    Why.MISSING: ("MissingAuthenticationTokenException", 403),
    Why.INCOMPLETE: ("IncompleteSignatureException", 400),
    Why.UNKNOWN_KEY: ("UnrecognizedClientException", 400),
    Why.MISMATCH: ("InvalidSignatureException", 400),
    Why.SKEWED: ("InvalidSignatureException", 400),
    Why.EXPIRED_TOKEN: ("ExpiredTokenException", 400),
    Why.EXPIRED_REQUEST: ("InvalidSignatureException", 400),
}
_XML_PROTOCOLS = ("query", "ec2", "rest-xml")


@dataclass(frozen=True, slots=True)
class Fault:
    """An AWS error, before a protocol writes it. ``shape`` is the model's shape of it, if any."""

    code: str
    message: str
    status: int = 400
    shape: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def receiver(self) -> bool:
        """Whether it is the server's doing."""
        return self.status >= 500


def unauthenticated(refused: Refused, protocol: str) -> Fault:
    """The fault of a request that is not signed as it must be."""
    if protocol == "ec2":
        code, status = _EC2_AUTH[refused.why]
    else:
        code, status = (_QUERY_AUTH if protocol in _XML_PROTOCOLS else _JSON_AUTH)[refused.why]
    message = refused.message
    if code == "AuthFailure":
        message = "AWS was not able to validate the provided access credentials"
    return Fault(code, message, status)


def unknown_operation(message: str, protocol: str) -> Fault:
    """The fault of an operation or service that is not carried out. A 4xx: clients retry a 5xx."""
    code = "InvalidAction" if protocol in _XML_PROTOCOLS else "UnknownOperationException"
    return Fault(code, message)


def too_large(message: str, protocol: str) -> Fault:
    """The fault of a body beyond the limit."""
    code = "RequestEntityTooLarge" + ("" if protocol in _XML_PROTOCOLS else "Exception")
    return Fault(code, message, 413)


def internal() -> Fault:
    """The fault of a bug of ours; what happened is in the log under the request id."""
    message = "The request failed because of an error in Demitasse; its log says more."
    return Fault("InternalFailure", message, 500)


def unavailable(error: EngineError | StoreError, protocol: str) -> Fault:
    """The fault of a part of the real world that does not do its work.

    The status is 400, not 503: AWS's clients repeat every 5xx, some for minutes, and would hide
    from the person what has to be mended (no Docker, no disk space).
    """
    code = "ServiceUnavailable" + ("" if protocol in _XML_PROTOCOLS else "Exception")
    return Fault(code, str(error))


class ErrorShapes:
    """The errors of a service's model by code."""

    def __init__(self, model: ServiceModel | None, unsupported: str) -> None:
        self._unsupported = unsupported
        self._by_code: dict[str, tuple[str, int]] = {}
        for name, shape in model.shapes.items() if model else ():
            if shape.exception:
                trait = shape.error
                status = trait.http_status_code if trait and trait.http_status_code else 400
                if shape.fault and status < 500:
                    status = 500
                self._by_code.setdefault(name, (name, status))
                if trait and trait.code:
                    self._by_code[trait.code] = (name, status)

    def fault(self, error: ServiceError) -> Fault:
        """The fault of an error that a service raised."""
        code = error.code
        if not code and isinstance(error, NotSupported):
            code = self._unsupported
        shape, status = self._by_code.get(code, (None, 400))
        if error.status is not None:
            status = error.status
        return Fault(code, error.message, status, shape, error.members)
