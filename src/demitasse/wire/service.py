"""One AWS service on the wire: its operations, compiled when first called."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from demitasse.errors import ServiceError, StartupError
from demitasse.ids import Ids
from demitasse.wire import named_errors
from demitasse.wire.faults import ErrorShapes, Fault
from demitasse.wire.problems import Malformed, Problem
from demitasse.wire.protocols import PROTOCOLS, Answer, Read, WireProtocol, Write
from demitasse.wire.refusals import words_of
from demitasse.wire.request import Request
from demitasse.wire.shapes import ServiceModel
from demitasse.wire.validate import Check, Validators


@dataclass(frozen=True, slots=True)
class _Compiled:
    read: Read
    check: Check | None
    tokens: tuple[str, ...]  # members that are filled with a new id when the caller gives none
    write: Write


class Service:
    """A service by botocore's name, with the operations that are carried out."""

    def __init__(
        self, name: str, model: ServiceModel, operations: Collection[str], ids: Ids
    ) -> None:
        self.name = name
        self.model = model
        self.operations = frozenset(operations)
        self._ids = ids
        spoken = [model.metadata.protocol, *model.metadata.protocols]
        self._protocols = {each: PROTOCOLS[each](model) for each in spoken if each in PROTOCOLS}
        if not self._protocols:
            raise StartupError(f"{name} speaks only {', '.join(spoken)}, which Demitasse does not")
        self.protocol = self._protocols.get("json") or next(iter(self._protocols.values()))
        self._words = words_of(name, self.protocol.name)
        self._errors = ErrorShapes(model, self._words.unsupported)
        self._validators = Validators(model)
        self._compiled: dict[tuple[str, str], _Compiled] = {}

    def speaking(self, protocol: str) -> WireProtocol:
        """The protocol named as this service speaks it, else the one it prefers."""
        return self._protocols.get(protocol, self.protocol)

    def is_unsigned(self, operation: str) -> bool:
        """Whether the model lets an operation be called without a signature."""
        model = self.model.operations.get(operation)
        return model is not None and model.authtype == "none"

    def read(self, operation: str, protocol: WireProtocol, request: Request) -> dict[str, Any]:
        """The validated input of a request. Raises ``ServiceError`` in the service's own words."""
        compiled = self._compile(operation, protocol)
        try:
            value = compiled.read(request)
        except Malformed as error:
            raise self.refusal(operation, [error.problem]) from None
        if compiled.check:
            problems: list[Problem] = []
            compiled.check(value, "", problems)
            if problems:
                raise self.refusal(operation, problems)
        for member in compiled.tokens:
            if member not in value:
                value[member] = self._ids.uuid()
        return value

    def write(
        self, operation: str, protocol: WireProtocol, output: dict[str, Any], request_id: str
    ) -> Answer:
        """The answer that carries an output. Raises ``OutputMismatch``."""
        return self._compile(operation, protocol).write(output, request_id)

    def refusal(self, operation: str, problems: list[Problem]) -> ServiceError:
        """What the service says of a bad input."""
        code, message = self._words.refuse(problems)
        if self.name in named_errors.SERVICES:
            own = named_errors.named(self.model, operation, problems)
            if own is not None:
                code, message = own[0], own[1] or message
        return ServiceError(code, message)

    def fault(self, error: ServiceError) -> Fault:
        """The fault of an error that was raised for this service."""
        return self._errors.fault(error)

    def _compile(self, operation: str, protocol: WireProtocol) -> _Compiled:
        key = (operation, protocol.name)
        compiled = self._compiled.get(key)
        if compiled is None:
            model = self.model.operations[operation]
            shape = model.input.shape if model.input else None
            members = self.model.shapes[shape].members if shape else {}
            compiled = self._compiled[key] = _Compiled(
                protocol.reader(model),
                self._validators.input(shape) if shape else None,
                tuple(name for name, ref in members.items() if ref.idempotency_token),
                protocol.writer(model),
            )
        return compiled
