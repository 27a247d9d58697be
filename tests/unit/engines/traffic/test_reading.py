"""What HAProxy 3.0 says, read."""

from __future__ import annotations

import pytest

from demitasse.engines.traffic import reading
from demitasse.engines.traffic.group import Server
from demitasse.engines.traffic.observation import Reason, State
from demitasse.engines.traffic.plan import STOPPED, STOPPING, ServerState

STATES = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl \
srv_check_port srv_check_addr srv_agent_addr srv_agent_port
4 group-a 1 127.0.0.1:9001 127.0.0.1 0 0 1 1 1 8 2 1 6 0 0 0 - 9001 - 0 0 - - 0
4 group-a 2 open-127.0.0.1:9001 127.0.0.1 2 4 1 1 1 1 0 2 0 0 0 0 - 9001 - 0 0 - - 0
"""

COLUMNS = (
    "pxname,svname,qcur,scur,stot,bin,bout,econ,status,check_status,check_code,"
    "hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,req_tot,conn_tot,rtime"
)


def stat(*rows: str) -> str:
    return "# " + "\n".join((COLUMNS, *rows)) + "\n"


def target(status: str, check: str, code: str = "") -> str:
    return f"group-g,10.0.0.1:80,0,1,7,10,20,1,{status},{check},{code},0,5,0,1,1,,,250"


GROUP = "group-g,BACKEND,0,2,9,10,20,1,UP,,,0,6,0,1,2,9,,250"
TWIN = "group-g,open-10.0.0.1:80,0,1,2,1,1,0,no check,,,0,1,0,0,1,,,0"


def test_servers_are_read_by_name() -> None:
    assert reading.servers(STATES) == {
        "group-a": {
            "127.0.0.1:9001": ServerState(
                operational=STOPPED, check_state=6, check_health=1, check_status=8, check_result=2
            ),
            "open-127.0.0.1:9001": ServerState(admin=4, check_health=2, check_status=1),
        }
    }


def test_the_digest_is_the_description() -> None:
    assert reading.description("Name: HAProxy\ndescription: abc\n") == "abc"
    assert reading.description("Name: HAProxy\n") == ""


def test_entries_lose_their_addresses() -> None:
    assert reading.entries("0x7f01 0:9 group-a\n0x7f02 10.0.0.0/8\n\n") == {
        "0:9 group-a",
        "10.0.0.0/8",
    }


@pytest.mark.parametrize(
    ("status", "check", "code", "state", "reason", "words"),
    [
        ("UP", "L7OK", "200", State.HEALTHY, None, None),
        ("UP 1/2", "L7STS", "500", State.HEALTHY, None, None),
        (
            "NOLB 1/2",
            "L7STS",
            "500",
            State.INITIAL,
            Reason.INITIAL_HEALTH_CHECKING,
            "Initial health checks in progress",
        ),
        (
            "UP",
            "INI",
            "",
            State.INITIAL,
            Reason.INITIAL_HEALTH_CHECKING,
            "Initial health checks in progress",
        ),
        (
            "DOWN",
            "L7STS",
            "502",
            State.UNHEALTHY,
            Reason.RESPONSE_CODE_MISMATCH,
            "Health checks failed with these codes: [502]",
        ),
        ("DOWN", "* L7TOUT", "", State.UNHEALTHY, Reason.TIMEOUT, "Request timed out"),
        ("DOWN", "L4TOUT", "", State.UNHEALTHY, Reason.TIMEOUT, "Request timed out"),
        (
            "DOWN",
            "L4CON",
            "",
            State.UNHEALTHY,
            Reason.FAILED_HEALTH_CHECKS,
            "Health checks failed",
        ),
        (
            "DOWN 1/3",
            "L7OK",
            "200",
            State.UNHEALTHY,
            Reason.FAILED_HEALTH_CHECKS,
            "Health checks failed",
        ),
        (
            "MAINT",
            "L7OK",
            "200",
            State.DRAINING,
            Reason.DEREGISTRATION_IN_PROGRESS,
            "Target deregistration is in progress",
        ),
    ],
)
def test_health_in_aws_words(status, check, code, state, reason, words) -> None:  # noqa: PLR0917
    [group] = reading.observation("lb", stat(target(status, check, code), TWIN, GROUP)).groups
    [seen] = group.targets

    assert (seen.state, seen.reason, seen.description) == (state, reason, words)


def test_a_target_counts_what_its_twin_did() -> None:
    seen = reading.observation("lb", stat(target("UP", "L7OK"), TWIN, GROUP))
    one = seen.group("g").target("10.0.0.1", 80)

    assert one.sessions == 2
    assert one.counters.requests == 9
    assert one.counters.answers == {1: 0, 2: 6, 3: 0, 4: 1, 5: 2}
    assert one.counters.response_time == 0.25
    with pytest.raises(KeyError):
        seen.group("g").target("10.0.0.1", 81)


def test_listeners_are_seen_and_nothing_else() -> None:
    front = "listener-80,FRONTEND,,3,8,100,200,,OPEN,,,0,6,0,1,1,8,4,"
    other = "action-80-0,BACKEND,0,0,0,0,0,0,UP,,,0,0,0,0,0,0,,0"
    seen = reading.observation("lb", stat(front, other))

    [listener] = seen.listeners
    assert (listener.port, listener.active_connections, listener.new_connections) == (80, 3, 4)
    assert listener.counters.requests == 8
    assert seen.groups == ()


def believed(seen: ServerState | None, **more: object) -> list[str]:
    """The line of one server: its state, its check's health, whether it is enabled."""
    server = Server("10.0.0.1:80", "10.0.0.1:80", "check", draining=bool(more.get("draining")),
                    healthy_after=3, unhealthy_after=2)  # fmt: skip
    mine = {} if seen is None else {"b": {server.name: seen}}
    lines = reading.states_file({"b": (server,)}, mine).splitlines()[2:]
    return [" ".join((*line.split()[5:7], line.split()[12])) for line in lines]


def test_a_new_process_believes_what_the_old_one_saw() -> None:
    assert believed(ServerState(operational=2, check_health=4)) == ["2 0 4"]
    assert believed(ServerState(operational=STOPPED, check_health=1)) == ["0 0 1"]
    assert believed(ServerState(operational=STOPPED, check_health=9)) == ["0 0 2"]
    assert believed(ServerState(operational=STOPPING)) == ["3 0 4"]


def test_a_new_process_tries_new_targets_first() -> None:
    assert believed(None) == ["3 0 4"]
    assert believed(ServerState(admin=1)) == ["3 0 4"]


def test_a_draining_target_is_left_to_the_configuration() -> None:
    assert believed(ServerState(), draining=True) == []


def test_a_code_is_kept_while_the_next_check_goes_on() -> None:
    checking = stat(target("DOWN", "* L7STS", "0"), TWIN, GROUP)
    before = reading.observation("lb", stat(target("DOWN", "L7STS", "502"), TWIN, GROUP))

    [kept] = reading.observation("lb", checking, before).group("g").targets
    [unknown] = reading.observation("lb", checking).group("g").targets

    assert kept == before.group("g").targets[0]
    assert (unknown.state, unknown.reason) == (State.UNHEALTHY, Reason.FAILED_HEALTH_CHECKS)
