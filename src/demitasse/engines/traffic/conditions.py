"""The six conditions of a listener rule, as values.

Within a condition one value must match; of a rule all conditions must. ``*`` stands for any number
of characters (also none), ``?`` for exactly one. Case counts in paths and methods and does not in
hosts, header values and query strings, as the Elastic Load Balancing user guide says.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network


@dataclass(frozen=True, slots=True)
class PathPattern:
    """Wildcard patterns for the path, without the query; case counts."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostHeader:
    """Wildcard patterns for the Host header without its port; case does not count."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HttpHeader:
    """Wildcard patterns for any field of this name; case does not count."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestMethod:
    """Method names, exactly."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryString:
    """``(key, value)`` patterns, key ``None`` for any; case does not count."""

    values: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True)
class SourceIp:
    """IPv4 networks of the connection's peer (never of X-Forwarded-For)."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        for value in self.values:
            IPv4Network(value, strict=False)


Condition = PathPattern | HostHeader | HttpHeader | RequestMethod | QueryString | SourceIp
