"""AWS's own shapes as values: kept as they were asked for, given back as they were kept."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from demitasse.errors import NotSupported, ServiceError

Tags = dict[str, str]


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """A structure of ECS's model: fields are the model's members, in Python's spelling.

    A list member that ECS always gives back defaults to ``()``; one that it leaves out when it was
    not given defaults to ``None``.
    """


class CapacityProviderUse(Shape, frozen=True):
    """One item of a capacity provider strategy."""

    capacity_provider: str
    weight: int = 0
    base: int = 0


class Network(Shape, frozen=True):
    """The subnets, security groups and public address of tasks (``awsvpcConfiguration``)."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    assign_public_ip: str = "DISABLED"


class LoadBalancer(Shape, frozen=True):
    """Which container and port is registered in which target group."""

    target_group_arn: str
    container_name: str
    container_port: int


S = TypeVar("S", bound=msgspec.Struct)


def read(shape: type[S], given: Mapping[str, Any], where: str) -> S:
    """Keep a structure of an input.

    A member that ``shape`` does not know is refused by its name (``NotSupported``), unless it
    says nothing (``False``, an empty list or text): ``where`` is the path to the structure. One
    that ``shape`` cannot do without is asked for by its name (``ClientException``).
    """
    return msgspec.convert(_known(shape, given, where), shape)


def show(value: Any) -> Any:
    """A kept value as part of an output: nothing that is ``None``, moments as ``datetime``."""
    return _without_none(msgspec.to_builtins(value, builtin_types=(datetime,)))


def tags_from(given: Any) -> Tags:
    """``[{"key": …, "value": …}]`` as a dictionary."""
    return {tag["key"]: tag.get("value", "") for tag in given or ()}


def show_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The inverse of ``tags_from``."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def _known(shape: type[msgspec.Struct], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    inner = _inner(shape)
    known: dict[str, Any] = {}
    for member, value in given.items():
        path = f"{where}.{member}" if where else member
        if member not in inner:
            if value in (None, False, "", [], {}):
                continue
            raise NotSupported(path)
        struct = inner[member]
        if struct is None:
            known[member] = value
        elif isinstance(value, Mapping):
            known[member] = _known(struct, value, path)
        else:
            known[member] = [
                _known(struct, each, f"{path}[{number}]") for number, each in enumerate(value)
            ]
    for field in msgspec.structs.fields(shape):
        if field.required and known.get(field.encode_name) is None:
            name = f"{where}.{field.encode_name}" if where else field.encode_name
            raise ServiceError("ClientException", f"{name} should not be null.")
    return known


_INNER: dict[type[msgspec.Struct], dict[str, type[msgspec.Struct] | None]] = {}


def _inner(shape: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct] | None]:
    """Member name → the structure it holds, or holds a list of; ``None`` for anything else."""
    if shape not in _INNER:
        hints = typing.get_type_hints(shape)
        _INNER[shape] = {
            field.encode_name: _struct_in(hints[field.name])
            for field in msgspec.structs.fields(shape)
        }
    return _INNER[shape]


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    for argument in typing.get_args(hint):
        found = _struct_in(argument)
        if found is not None:
            return found
    return None


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_none(each) for each in value]
    return value
