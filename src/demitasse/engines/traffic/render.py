"""A load balancer as HAProxy's files.

Two kinds of things come out. The *structure* — listeners, rules, how a group's servers are made —
changes by a reload only; its digest is HAProxy's ``description``, so that it can be asked for.
*Servers* and *tables* (maps and lists) change while HAProxy runs.

How a request finds its way: the first rule that holds looks up its forward action's slice of the
listener's table at a random place, which gives a backend; other actions have backends of their
own that answer. Every target has two servers there: the real one, which is health-checked, and a
backup twin, never checked, which HAProxy turns to when no real one is usable: AWS's fail-open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from demitasse.engines.traffic import names, pages
from demitasse.engines.traffic.answers import answer_backend
from demitasse.engines.traffic.group import (
    Server,
    group_backend,
    group_servers,
    milliseconds,
    server_lines,
)
from demitasse.engines.traffic.headers import backend_rules
from demitasse.engines.traffic.listener import (
    NO_BACKEND,
    action_backend,
    forward_file,
    forward_table,
    frontend,
    steps,
    sticky_file,
    sticky_table,
)
from demitasse.engines.traffic.spec import Forward, Listener, LoadBalancer

MAX_CONNECT = 0.5
"""Seconds to connect to a target. It is on this machine: a longer silence means that it is gone."""

ATTEMPTS = 4
"""How often a connection is tried again, each time at another target if there is one."""


@dataclass(frozen=True, slots=True)
class Table:
    """A map that is loaded from a file: ``entries`` are its lines."""

    entries: tuple[str, ...]

    def text(self) -> str:
        return "".join(f"{entry}\n" for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Rendered:
    """Everything HAProxy gets: ``servers`` by backend, ``tables`` and ``files`` by file name."""

    digest: str
    config: str
    servers: Mapping[str, tuple[Server, ...]]
    tables: Mapping[str, Table]
    files: Mapping[str, str]


def render(spec: LoadBalancer) -> Rendered:
    """The files for a load balancer; the same for the same ``spec``, to the letter."""
    sections = [_defaults(spec)]
    files = {"errors.map": _ERRORS}
    tables: dict[str, Table] = {}
    for listener in spec.listeners:
        sections.append(frontend(spec, listener))
        tables |= _tables(listener)
        for step in steps(listener):
            if not isinstance(step.action, Forward):
                name = action_backend(listener.port, step)
                section, bodies = answer_backend(name, step.action)
                sections.append(section)
                files |= bodies
    sections.append(_nowhere())
    rules = backend_rules(spec)
    groups = [(group_backend(group, rules), group_servers(group)) for group in spec.target_groups]
    structure = _text([*sections, *(section for section, _ in groups)])
    told = "\0".join([structure, *(f"{name}\0{files[name]}" for name in sorted(files))])
    digest = hashlib.sha256(told.encode()).hexdigest()[:32]
    complete = [section + server_lines(servers) for section, servers in groups]
    return Rendered(
        digest=digest,
        config=_text([_global(digest), *sections, *complete]),
        servers={
            names.backend_name(group.id): servers
            for group, (_, servers) in zip(spec.target_groups, groups, strict=True)
        },
        tables=tables,
        files=files,
    )


def _text(sections: list[list[str]]) -> str:
    """A section's first line stands at the margin, the others are indented."""
    return "\n".join("\n    ".join(section) + "\n" for section in sections)


def _global(digest: str) -> list[str]:
    return [
        "global",
        f"description {digest}",
        "fd-hard-limit 65536",
        "noreuseport",
        "hard-stop-after 1h",
        "max-spread-checks 50",
        f"stats socket {names.HOME}/{names.ADMIN_SOCKET} mode 666 level admin",
        f"server-state-file {names.HOME}/{names.STATES}",
    ]


def _defaults(spec: LoadBalancer) -> list[str]:
    idle = milliseconds(spec.idle_timeout)
    lines = [
        "defaults",
        "mode http",
        f"timeout connect {milliseconds(MAX_CONNECT)}",
        f"timeout http-request {idle}",
        f"timeout http-keep-alive {idle}",
        f"timeout client {idle}",
        f"timeout server {idle}",
        f"timeout tunnel {idle}",
        f"source {spec.address}",  # what targets see, and their security groups admit
        f"retries {ATTEMPTS}",
        "option redispatch 1",
        "option idle-close-on-response",
        "load-server-state-from-file global",
    ]
    lines += [f"http-error {pages.answer(status)}" for status in pages.OWN_ERRORS]
    why = f"%[txn.sess_term_state,map_str({names.HOME}/errors.map,{pages.TITLES[503]})]"
    return [*lines, f"http-error {pages.made_answer(503, why)}"]


_ERRORS = f"SC {pages.TITLES[502]}\nsC {pages.TITLES[504]}\n"
"""How a connection to a target failed: refused or reset, and never answered."""


def _tables(listener: Listener) -> dict[str, Table]:
    port = listener.port
    tables: dict[str, Table] = {}
    if any(isinstance(step.action, Forward) for step in steps(listener)):
        tables[forward_file(port)] = Table(forward_table(listener))
    sticky = sticky_table(listener)
    if sticky is not None:
        tables[sticky_file(port)] = Table(sticky)
    return tables


def _nowhere() -> list[str]:
    return [f"backend {NO_BACKEND}", f"http-request return {pages.answer(503)}"]
