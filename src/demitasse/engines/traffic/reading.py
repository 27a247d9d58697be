"""What HAProxy says of itself, read: its servers, its tables, its counters."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from demitasse.engines.traffic import names
from demitasse.engines.traffic.group import Server
from demitasse.engines.traffic.observation import (
    DESCRIPTIONS,
    Counters,
    GroupSeen,
    ListenerSeen,
    Observation,
    Reason,
    State,
    TargetSeen,
    codes_mismatch,
)
from demitasse.engines.traffic.plan import RUNNING, STARTING, STOPPED, STOPPING, ServerState

Row = Mapping[str, str]

_TIMEOUTS = frozenset({"L4TOUT", "L6TOUT", "L7TOUT"})
_STATE_HEADER = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight"
    " srv_iweight srv_time_since_last_change srv_check_status srv_check_result"
    " srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn"
    " srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port"
)
_INITIAL_CHECK = 1
_ENABLED = 6


def description(info: str) -> str:
    """The digest in the answer to ``show info``; empty when there is none."""
    for line in info.splitlines():
        name, _, value = line.partition(":")
        if name == "description":
            return value.strip()
    return ""


def servers(states: str) -> dict[str, dict[str, ServerState]]:
    """The answer to ``show servers state``: by backend and name."""
    found: dict[str, dict[str, ServerState]] = {}
    columns = _STATE_HEADER.removeprefix("# ").split()
    for line in states.splitlines()[1:]:
        if not line or line.startswith("#"):
            continue
        row = dict(zip(columns, line.split(), strict=False))
        found.setdefault(row["be_name"], {})[row["srv_name"]] = ServerState(
            admin=int(row["srv_admin_state"]),
            operational=int(row["srv_op_state"]),
            check_state=int(row["srv_check_state"]),
            check_health=int(row["srv_check_health"]),
            check_status=int(row["srv_check_status"]),
            check_result=int(row["srv_check_result"]),
        )
    return found


def states_file(
    wanted: Mapping[str, tuple[Server, ...]], seen: Mapping[str, Mapping[str, ServerState]]
) -> str:
    """What a new process shall believe of its servers: known ones stay as they are, new ones
    get no request before their first check has passed.
    """
    lines = ["1", _STATE_HEADER]
    for number, (backend, group) in enumerate(wanted.items(), start=1):
        for place, server in enumerate(group, start=1):
            if server.draining:
                continue
            state = seen.get(backend, {}).get(server.name)
            address, _, port = server.place.partition(":")
            lines.append(
                f"{number} {backend} {place} {server.name} {address} {_believed(server, state)}"
                f" 0 0 0 - {port} - 0 0 - - 0"
            )
    return "\n".join(lines) + "\n"


def _believed(server: Server, state: ServerState | None) -> str:
    full = server.healthy_after + server.unhealthy_after - 1
    if state is None or state.admin:
        return f"{STOPPING} 0 1 1 0 {_INITIAL_CHECK} 0 {full} {_ENABLED}"
    up = state.operational != STOPPED
    health = full if up else min(state.check_health, server.healthy_after - 1)
    operational = RUNNING if state.operational == STARTING else state.operational
    return f"{operational} 0 1 1 0 {state.check_status} {state.check_result} {health} {_ENABLED}"


def entries(shown: str) -> frozenset[str]:
    """The answer to ``show map``: each line without its address."""
    return frozenset(line.partition(" ")[2] for line in shown.splitlines() if line.strip())


def observation(load_balancer: str, stat: str, before: Observation | None = None) -> Observation:
    """The answer to ``show stat``. While a check goes on HAProxy does not tell the code of the one
    before it: then it is the one that was seen ``before``.
    """
    rows = list(csv.DictReader(stat.removeprefix("# ").splitlines()))
    mismatches = {
        (names.backend_name(group.id), f"{seen.address}:{seen.port}"): seen.description
        for group in (before.groups if before is not None else ())
        for seen in group.targets
        if seen.reason is Reason.RESPONSE_CODE_MISMATCH
    }
    return Observation(
        id=load_balancer,
        listeners=tuple(
            ListenerSeen(
                port=port,
                active_connections=_number(row, "scur"),
                new_connections=_number(row, "conn_tot"),
                counters=_counters(row, "req_tot"),
            )
            for row in rows
            if row["svname"] == "FRONTEND"
            and (port := names.listener_port(row["pxname"])) is not None
        ),
        groups=tuple(
            GroupSeen(group, _targets(rows, row["pxname"], mismatches), _counters(row, "req_tot"))
            for row in rows
            if row["svname"] == "BACKEND" and (group := names.group_id(row["pxname"])) is not None
        ),
    )


def _targets(
    rows: list[dict[str, str]], backend: str, mismatches: Mapping[tuple[str, str], str | None]
) -> tuple[TargetSeen, ...]:
    mine = {row["svname"]: row for row in rows if row["pxname"] == backend}
    found = []
    for name, row in mine.items():
        if name in ("FRONTEND", "BACKEND") or names.is_open(name):
            continue
        twin = mine.get(names.open_name(name), {})
        state, reason, words = _health(row, mismatches.get((backend, name)))
        address, _, port = name.partition(":")
        found.append(
            TargetSeen(
                address=address,
                port=int(port),
                state=state,
                reason=reason,
                description=words,
                sessions=_number(row, "scur") + _number(twin, "scur"),
                counters=_added(_counters(row, "stot"), _counters(twin, "stot")),
            )
        )
    return tuple(found)


def _health(row: Row, mismatch: str | None) -> tuple[State, Reason | None, str | None]:
    status, check = row["status"], row["check_status"].removeprefix("* ")
    if status.startswith(("MAINT", "DRAIN")):
        return _because(State.DRAINING, Reason.DEREGISTRATION_IN_PROGRESS)
    if status.startswith("NOLB") or check in ("", "INI"):
        return _because(State.INITIAL, Reason.INITIAL_HEALTH_CHECKING)
    if status.startswith("UP"):
        return State.HEALTHY, None, None
    if check == "L7STS":
        code = _number(row, "check_code")
        words = codes_mismatch(code) if code else mismatch
        if words is not None:
            return State.UNHEALTHY, Reason.RESPONSE_CODE_MISMATCH, words
    if check in _TIMEOUTS:
        return _because(State.UNHEALTHY, Reason.TIMEOUT)
    return _because(State.UNHEALTHY, Reason.FAILED_HEALTH_CHECKS)


def _because(state: State, reason: Reason) -> tuple[State, Reason, str]:
    return state, reason, DESCRIPTIONS[reason]


def _counters(row: Row, requests: str) -> Counters:
    return Counters(
        requests=_number(row, requests),
        answers={kind: _number(row, f"hrsp_{kind}xx") for kind in range(1, 6)},
        connection_errors=_number(row, "econ"),
        response_time=_number(row, "rtime") / 1000,
        bytes_in=_number(row, "bin"),
        bytes_out=_number(row, "bout"),
    )


def _added(one: Counters, other: Counters) -> Counters:
    return Counters(
        requests=one.requests + other.requests,
        answers={kind: count + other.answers.get(kind, 0) for kind, count in one.answers.items()},
        connection_errors=one.connection_errors + other.connection_errors,
        response_time=max(one.response_time, other.response_time),
        bytes_in=one.bytes_in + other.bytes_in,
        bytes_out=one.bytes_out + other.bytes_out,
    )


def _number(row: Row, name: str) -> int:
    return int(row.get(name) or 0)
