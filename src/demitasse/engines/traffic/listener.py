"""A listener as a HAProxy frontend, with the tables that route its requests.

Conditions are held against the request as the client sent it: what they could look at is changed
(``headers``) in the group's backend only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demitasse.engines.traffic import names
from demitasse.engines.traffic.acl import acls
from demitasse.engines.traffic.conditions import Condition
from demitasse.engines.traffic.headers import connection_rules, frontend_rules
from demitasse.engines.traffic.spec import Action, Forward, Listener, LoadBalancer

SLICE = 1_000_000
"""How finely a forward action's weights are told apart."""

NO_BACKEND = "none"
"""Where a forward action leads whose weights are all zero."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rule, or at the end the default action, by its number in order of evaluation."""

    number: int
    conditions: tuple[Condition, ...]
    action: Action

    def when(self, *also: str) -> str:
        """The ``if`` under which it acts, and something more holds; empty for no condition."""
        acl_names = [f"r{self.number}c{place}" for place in range(len(self.conditions))]
        return f" if {' '.join([*acl_names, *also])}" if acl_names or also else ""

    def acl_lines(self) -> Iterator[str]:
        for place, condition in enumerate(self.conditions):
            yield from acls(f"r{self.number}c{place}", condition)


def steps(listener: Listener) -> list[Step]:
    """The listener's rules and its default action, in order."""
    found = [
        Step(number, rule.conditions, rule.action) for number, rule in enumerate(listener.rules)
    ]
    return [*found, Step(len(found), (), listener.default)]


def frontend(spec: LoadBalancer, listener: Listener) -> list[str]:
    """The frontend's section."""
    port = listener.port
    lines = [
        f"frontend {names.listener_name(port)}",
        f"bind {spec.address}:{port}",
    ]
    lines += connection_rules(spec)
    if spec.client_keep_alive is not None:
        lines += _lifetime(spec.client_keep_alive)
    ordered = steps(listener)
    for step in ordered:
        lines += step.acl_lines()
    if any(_sticky(step) for step in ordered):
        lines += _group_cookie(port, ordered)
    lines += frontend_rules(spec, port)
    for step in ordered:
        lines += _switch(port, step)
    return lines


def action_backend(port: int, step: Step) -> str:
    """The name of the backend that answers in place of a target."""
    return f"action-{port}-{step.number}"


def forward_file(port: int) -> str:
    """The table of ``forward_table``."""
    return f"forward-{port}.map"


def sticky_file(port: int) -> str:
    """The table of ``sticky_table``."""
    return f"sticky-{port}.map"


def forward_table(listener: Listener) -> tuple[str, ...]:
    """Each forward action's slice, shared out by weight: ``0:299999 group-blue``."""
    lines = []
    for step in steps(listener):
        if not isinstance(step.action, Forward):
            continue
        total = sum(each.weight for each in step.action.groups)
        begin = reached = 0
        for each in step.action.groups:
            reached += each.weight
            end = SLICE * reached // total if total else 0
            if end > begin:
                base = step.number * SLICE
                lines.append(f"{base + begin}:{base + end - 1} {names.backend_name(each.group)}")
            begin = end
    return tuple(lines)


def sticky_table(listener: Listener) -> tuple[str, ...] | None:
    """From a group's cookie to its backend (per action), and back; ``None`` without stickiness."""
    lines: list[str] = []
    sticky = [step for step in steps(listener) if _sticky(step)]
    if not sticky:
        return None
    for step in sticky:
        action = step.action
        assert isinstance(action, Forward)  # noqa: S101 - what _sticky says, for the type checker
        for each in action.groups:
            backend, cookie = names.backend_name(each.group), names.group_cookie(each.group)
            if each.weight:
                lines.append(f"{step.number}:{cookie} {backend}")
            lines.append(f"{backend} {cookie}")
    return tuple(dict.fromkeys(lines))


def _sticky(step: Step) -> bool:
    return isinstance(step.action, Forward) and step.action.stickiness is not None


def _lifetime(seconds: float) -> list[str]:
    """An answer after this time is the connection's last one."""
    over = f"{{ date,sub(sess.since) ge {max(1, round(seconds))} }}"
    return [
        "tcp-request connection set-var(sess.since) date",
        f"http-after-response set-header Connection close if {over}",
    ]


def _group_cookie(port: int, ordered: list[Step]) -> list[str]:
    """Remember which action acts, and tell the client which group it chose."""
    table = f"{names.HOME}/{sticky_file(port)}"
    lines = ["http-request set-var(txn.group) req.cook(AWSALBTG)"]
    for step in ordered:
        first = step.when("!{ var(txn.action) -m found }")
        lines.append(f"http-request set-var(txn.action) int({step.number}){first}")
    for step in ordered:
        if isinstance(step.action, Forward) and step.action.stickiness is not None:
            lifetime = max(1, round(step.action.stickiness))
            lines.append(
                "http-after-response add-header Set-Cookie"
                f" 'AWSALBTG=%[be_name,map_str({table})];"
                f" Expires=%[date({lifetime}),http_date]; Path=/'"
                f" if {{ var(txn.action) -m int {step.number} }}"
                f" {{ be_name,map_str({table}) -m found }}"
            )
    return lines


def _switch(port: int, step: Step) -> list[str]:
    if not isinstance(step.action, Forward):
        return [f"use_backend {action_backend(port, step)}{step.when()}"]
    lines = []
    if step.action.stickiness is not None:
        table = f"{names.HOME}/{sticky_file(port)}"
        chosen = f"str({step.number}:),concat(,txn.group),map_str({table})"
        known = step.when(f"{{ {chosen} -m found }}")
        lines.append(f"use_backend %[{chosen}]{known}")
    offset = f",add({step.number * SLICE})" if step.number else ""
    table = f"{names.HOME}/{forward_file(port)}"
    lines.append(f"use_backend %[rand({SLICE}){offset},map_int({table},{NO_BACKEND})]{step.when()}")
    return lines
