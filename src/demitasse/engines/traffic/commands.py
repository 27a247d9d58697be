"""Changes as lines for HAProxy's runtime interface, and what its answers must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demitasse.engines.traffic import names
from demitasse.engines.traffic.plan import Add, Admit, Change, Close, Open, Remove, Replace

REMOVAL = "5s"
"""How long cut connections may take to go."""

_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Command:
    """A line, with the beginning of the answer that means that it was done (empty: no answer).

    A line may hold a payload, which ends with an empty line.
    """

    line: str
    answer: str = ""


def commands(change: Change) -> Iterator[Command]:
    """The lines that carry out a change; ``Replace`` has lines of its own (``replacement``)."""
    match change:
        case Add(backend, name, place, options):
            yield Command(f"add server {backend}/{name} {place} {options}", "New server registered")
        case Admit(backend, name):
            server = f"{backend}/{name}"
            yield Command(f"set server {server} state drain")
            yield Command(f"set server {server} health stopping")
            yield Command(f"enable health {server}")
            yield Command(f"set server {server} state ready")
        case Open(backend, name):
            yield Command(f"set server {backend}/{name} state ready")
        case Close(backend, name):
            yield Command(f"set server {backend}/{name} state maint")
        case Remove(backend, name):
            server = f"{backend}/{name}"
            yield Command(f"shutdown sessions server {server}")
            yield Command(f"wait {REMOVAL} srv-removable {server}", "Done")
            yield Command(f"del server {server}", "Server deleted")
        case Replace():
            raise ValueError("a table is replaced under a version number: see replacement()")


def prepare(change: Replace) -> Command:
    """Asks for the version number under which a table is replaced."""
    return Command(f"prepare map {_path(change)}", "New version created: ")


def replacement(change: Replace, version: str) -> Iterator[Command]:
    """The lines that fill a table under a version number and make it the one that counts."""
    path, entries = _path(change), change.table.entries
    for start in range(0, len(entries), _CHUNK):
        lines = "\n".join(entries[start : start + _CHUNK])
        yield Command(f"add map @{version} {path} <<\n{lines}\n")
    yield Command(f"commit map @{version} {path}")


def _path(change: Replace) -> str:
    return f"{names.HOME}/{change.name}"
