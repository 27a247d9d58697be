"""What to change so that a running HAProxy is the one that is wanted. Pure.

Each change is one step of HAProxy's runtime interface (see ``commands``). Order matters: new
servers come before the tables that send traffic to them, servers go after them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from demitasse.engines.traffic.group import Server
from demitasse.engines.traffic.render import Rendered, Table

MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20
"""Bits of HAProxy's ``srv_admin_state`` with which a server takes no request at all."""

CHECKED = 0x02
"""The bit of ``srv_check_state`` that says that health checks are enabled."""

STOPPED, STARTING, RUNNING, STOPPING = range(4)
"""HAProxy's ``srv_op_state``."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server as ``show servers state`` tells it."""

    admin: int = 0
    operational: int = RUNNING
    check_state: int = 0
    check_health: int = 0
    check_status: int = 0
    check_result: int = 0

    @property
    def closed(self) -> bool:
        return bool(self.admin & MAINTENANCE)


@dataclass(frozen=True, slots=True)
class Running:
    """A HAProxy process as it is: servers by backend and name, entries of tables by file."""

    digest: str
    servers: Mapping[str, Mapping[str, ServerState]] = field(default_factory=dict)
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Add:
    """A new server, which takes nothing yet. ``options`` follow its place."""

    backend: str
    name: str
    place: str
    options: str


@dataclass(frozen=True, slots=True)
class Admit:
    """Let health checks decide: no request until the first check has passed."""

    backend: str
    name: str


@dataclass(frozen=True, slots=True)
class Open:
    """Let an unchecked server take requests."""

    backend: str
    name: str


@dataclass(frozen=True, slots=True)
class Close:
    """No new request; those in flight go on."""

    backend: str
    name: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Cut what still runs on a closed server and remove it."""

    backend: str
    name: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace all entries of a table, at once."""

    name: str
    table: Table


Change = Add | Admit | Open | Close | Remove | Replace


@dataclass(frozen=True, slots=True)
class Reload:
    """The structure changed: a new process must take over."""


def plan_changes(running: Running, wanted: Rendered) -> Reload | tuple[Change, ...]:
    """The changes that lead from ``running`` to ``wanted``; none when it is so already."""
    if running.digest != wanted.digest:
        return Reload()
    arriving: list[Change] = []
    leaving: list[Change] = []
    for backend, servers in wanted.servers.items():
        seen = running.servers.get(backend, {})
        for server in servers:
            if server.draining:
                leaving += _drain(backend, server, seen)
            else:
                arriving += _serve(backend, server, seen)
    removing = [
        change
        for backend, seen in running.servers.items()
        for change in _remove(backend, seen, wanted.servers.get(backend, ()))
    ]
    replacing = [
        Replace(name, table)
        for name, table in wanted.tables.items()
        if running.tables.get(name) != frozenset(table.entries)
    ]
    return (*arriving, *replacing, *leaving, *removing)


def _serve(backend: str, server: Server, seen: Mapping[str, ServerState]) -> Iterator[Change]:
    yield from _added(backend, server, seen)
    state = seen.get(server.name)
    if state is None or state.admin or not state.check_state & CHECKED:
        yield Admit(backend, server.name)
    twin = seen.get(server.twin)
    if twin is None or twin.admin:
        yield Open(backend, server.twin)


def _drain(backend: str, server: Server, seen: Mapping[str, ServerState]) -> Iterator[Change]:
    yield from _added(backend, server, seen)
    for name in (server.name, server.twin):
        state = seen.get(name)
        if state is not None and not state.closed:
            yield Close(backend, name)


def _added(backend: str, server: Server, seen: Mapping[str, ServerState]) -> Iterator[Change]:
    if server.name not in seen:
        yield Add(backend, server.name, server.place, server.options)
    if server.twin not in seen:
        yield Add(backend, server.twin, server.place, "backup")


def _remove(
    backend: str, seen: Mapping[str, ServerState], wanted: tuple[Server, ...]
) -> Iterator[Change]:
    kept = {name for server in wanted for name in (server.name, server.twin)}
    going = [name for name in seen if name not in kept]
    for name in going:
        if not seen[name].closed:
            yield Close(backend, name)
    for name in going:
        yield Remove(backend, name)
