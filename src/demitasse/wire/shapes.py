"""The parts of a botocore service model that speaking a protocol needs; documentation is dropped.

Field names are those of botocore's ``service-2.json``, in Python's spelling.
"""

from __future__ import annotations

import msgspec


class Ref(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A use of a shape: by a structure's member, a list's element, a map's key or value."""

    shape: str
    location_name: str | None = None
    query_name: str | None = None
    flattened: bool = False
    timestamp_format: str | None = None
    idempotency_token: bool = False


class ErrorTrait(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How an exception shape appears on the wire."""

    code: str | None = None
    http_status_code: int | None = None


class Shape(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A type of the model with its constraints."""

    type: str
    members: dict[str, Ref] = {}
    required: list[str] = []
    member: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None
    enum: list[str] | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    location_name: str | None = None
    query_name: str | None = None
    flattened: bool = False
    timestamp_format: str | None = None
    union: bool = False
    document: bool = False
    exception: bool = False
    fault: bool = False
    error: ErrorTrait | None = None
    sensitive: bool = False


class InputRef(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An operation's input, output or error."""

    shape: str
    result_wrapper: str | None = None
    location_name: str | None = None


class OperationModel(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One operation of a service."""

    name: str
    input: InputRef | None = None
    output: InputRef | None = None
    errors: list[InputRef] = []
    authtype: str | None = None


class Metadata(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What identifies a service on the wire."""

    api_version: str
    endpoint_prefix: str
    protocol: str
    protocols: list[str] = []
    signing_name: str | None = None
    target_prefix: str | None = None
    json_version: str | None = None
    xml_namespace: str | None = None
    aws_query_compatible: dict[str, str] | None = None


class ServiceModel(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A service. ``operations`` and ``shapes`` may be reduced to those that are carried out;
    ``operation_names`` then still lists all that AWS has.
    """

    metadata: Metadata
    operations: dict[str, OperationModel]
    shapes: dict[str, Shape]
    operation_names: list[str] = []

    @property
    def signing_name(self) -> str:
        """The service's name in a signature's credential scope."""
        return self.metadata.signing_name or self.metadata.endpoint_prefix

    def name_of(self, ref: Ref) -> str | None:
        """The ``locationName`` of a use of a shape, or of the shape itself."""
        return ref.location_name or self.shapes[ref.shape].location_name

    def is_flattened(self, ref: Ref) -> bool:
        """Whether a list or map stands without a wrapping element."""
        return ref.flattened or self.shapes[ref.shape].flattened

    def timestamp_format(self, ref: Ref) -> str | None:
        """The ``timestampFormat`` that overrides the protocol's own, if any."""
        return ref.timestamp_format or self.shapes[ref.shape].timestamp_format

    def reduced_to(self, operations: frozenset[str]) -> ServiceModel:
        """The same service with only ``operations`` and the shapes that they and all errors need."""
        kept = {name: model for name, model in self.operations.items() if name in operations}
        wanted = [name for name, shape in self.shapes.items() if shape.exception]
        for operation in kept.values():
            wanted += [ref.shape for ref in (operation.input, operation.output) if ref]
        shapes: dict[str, Shape] = {}
        while wanted:
            name = wanted.pop()
            if name in shapes:
                continue
            shape = shapes[name] = self.shapes[name]
            wanted += [ref.shape for ref in shape.members.values()]
            wanted += [ref.shape for ref in (shape.member, shape.key, shape.value) if ref]
        return ServiceModel(self.metadata, kept, shapes, sorted(self.operations))
