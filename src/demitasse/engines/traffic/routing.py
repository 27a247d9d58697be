"""How AWS routes a request, in plain Python: for the fake, and to check HAProxy's choice against.

Follows the "Condition types for listener rules" page of the Elastic Load Balancing user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network
from urllib.parse import urlsplit

from demitasse.engines.traffic.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    RequestMethod,
    SourceIp,
)
from demitasse.engines.traffic.spec import Action, Listener


@dataclass(frozen=True, slots=True)
class Request:
    """A request as far as rules look at it; ``target`` is path and query."""

    target: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    client: str = "127.0.0.1"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def host(self) -> str:
        """The Host header without its port."""
        given = next((value for name, value in self.headers if name.lower() == "host"), "")
        return urlsplit(f"//{given}").hostname or ""

    def query(self) -> Iterator[tuple[str, str | None]]:
        """Every parameter; its value is ``None`` when it has no ``=``."""
        _, mark, query = self.target.partition("?")
        for pair in query.split("&") if mark else ():
            key, equals, value = pair.partition("=")
            yield key, value if equals else None


def _parameter(pattern: tuple[str | None, str], name: str, text: str | None) -> bool:
    key, value = pattern
    if key is None:
        return _like(value, name if text is None else text)
    return _like(key, name) and _like(value, text or "")


@lru_cache(maxsize=4096)
def wildcard(pattern: str, *, case: bool) -> re.Pattern[str]:
    """AWS's pattern as a regular expression: ``*`` any characters, ``?`` exactly one."""
    parts = {"*": ".*", "?": "."}
    source = "".join(parts.get(char, re.escape(char)) for char in pattern)
    return re.compile(source, re.DOTALL | (0 if case else re.IGNORECASE))


def _like(pattern: str, text: str, *, case: bool = False) -> bool:
    return wildcard(pattern, case=case).fullmatch(text) is not None


def matches(condition: Condition, request: Request) -> bool:
    """Whether one of the condition's values fits the request."""
    match condition:
        case PathPattern(values):
            return any(_like(value, request.path, case=True) for value in values)
        case HostHeader(values):
            return any(_like(value, request.host) for value in values)
        case HttpHeader(name, values):
            given = [text for field, text in request.headers if field.lower() == name.lower()]
            return any(_like(value, text) for value in values for text in given)
        case RequestMethod(values):
            return request.method in values
        case QueryString(values):
            return any(
                _parameter(pattern, name, text)
                for pattern in values
                for name, text in request.query()
            )
        case SourceIp(values):
            client = IPv4Address(request.client)
            return any(client in IPv4Network(value, strict=False) for value in values)


def action_for(listener: Listener, request: Request) -> Action:
    """The action of the first rule whose conditions all hold, else the default action."""
    for rule in listener.rules:
        if all(matches(condition, request) for condition in rule.conditions):
            return rule.action
    return listener.default
